"""Engines of SQLAlchemy for sessions: their drivers, their timeouts, and the files of SQLite."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from cocopot_session.stores.urls import reason

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

#: Seconds that a connection, a locked SQLite database, or a free place in the pool is waited for.
TIMEOUT: Final = 5
_LIBPQ: Final = {
    "connect_timeout": TIMEOUT,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": TIMEOUT * 1000,  # milliseconds
}
#: Arguments of drivers, unless the URL has others.
_TIMEOUTS: Final[dict[str, dict[str, Any]]] = {
    "psycopg": _LIBPQ,
    "psycopg2": _LIBPQ,
    "pysqlite": {"timeout": TIMEOUT},
    "mysqldb": {"connect_timeout": TIMEOUT},
    "pymysql": {"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT},
}
_REMEDY: Final = (
    "Give a URL such as 'redis://localhost:6379/0', 'sqlite:///sessions.db', "
    "'postgresql+psycopg://user:password@localhost/shop' or 'file:///var/lib/shop/sessions'"
)


def open_engine(url: str, folder: str) -> Engine:
    """Return the engine of a URL, which commits each statement, without connecting.

    Args:
        url: A URL of SQLAlchemy.
        folder: What the relative path of a SQLite database is relative to.

    Raises:
        ModuleNotFoundError: If the driver is not installed; the text names it.
        ValueError: If it is not valid; the text is the remedy.
    """
    scheme, colon, rest = url.partition(":")
    if scheme in ("postgres", "postgresql"):
        scheme = f"postgresql+{_postgresql_driver()}"
    try:
        parsed = make_url(f"{scheme}{colon}{rest}")
        _check_driver(parsed)
        return _create_engine(parsed, folder)
    except ModuleNotFoundError as error:
        package = '"psycopg[binary]"' if error.name == "psycopg" else error.name
        text = f"The driver of {scheme} is not installed: pip install {package}"
        raise ModuleNotFoundError(text, name=error.name) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ValueError(f"{_REMEDY} ({reason(url, error)}).") from None  # the error may have the password


def is_in_memory(engine: Engine) -> bool:
    """Return whether a database is in the memory of the process, and goes with its only connection."""
    return engine.url.get_backend_name() == "sqlite" and engine.url.database in (None, "", ":memory:")


def _postgresql_driver() -> str:
    """Return the driver that is installed, the newer one if both are; each release of SQLAlchemy has one."""
    is_old = find_spec("psycopg") is None and find_spec("psycopg2") is not None
    return "psycopg2" if is_old else "psycopg"


def _check_driver(url: URL) -> None:
    dialect = url.get_dialect()
    if dialect.is_async:
        raise ValueError(f"{dialect.driver} is an asynchronous driver")


def _create_engine(url: URL, folder: str) -> Engine:
    arguments = _TIMEOUTS.get(url.get_driver_name(), {})
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    options: dict[str, Any] = {
        "connect_args": arguments,
        "isolation_level": "AUTOCOMMIT",
        "pool_timeout": TIMEOUT,
    }
    if url.get_backend_name() != "sqlite":
        return create_engine(url, **options)
    if url.database in (None, "", ":memory:"):  # one connection, which threads use in turn
        arguments["check_same_thread"] = False
        return create_engine(url, **options, poolclass=QueuePool, pool_size=1, max_overflow=0)
    path = None
    if not str(url.database).startswith("file:"):
        path = Path(folder, str(url.database))
        url = url.set(database=str(path))
    engine = create_engine(url, **options)
    if path is not None:
        event.listen(engine, "do_connect", lambda *_: _create_file(path))
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _create_file(path: Path) -> None:
    """Create a database that only its owner can read; its other files get the same permissions."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_up_sqlite(connection: Any, _: object) -> None:
    """Let readers and a writer work at the same time; a power failure may lose the last changes."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
