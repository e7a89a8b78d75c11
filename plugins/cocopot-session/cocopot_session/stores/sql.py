"""Sessions in a table of a SQL database, through SQLAlchemy: each operation is one statement."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import (
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from cocopot_session.stores.base import Stored, StoreUnavailable
from cocopot_session.stores.urls import masked, without_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import Pool

    T = TypeVar("T")

#: The name of the table, unless the URL has another `table`.
TABLE: Final = "cocopot_sessions"
#: Seconds that a connection, a locked SQLite database, or a free place in the pool is waited for.
TIMEOUT: Final = 5
_LONGEST_USER: Final = 255
#: What MySQL has to be asked for; other databases have no limit.
_LARGEST: Final = 2**24 - 1
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

_stores: weakref.WeakSet[SQLStore] = weakref.WeakSet()


def session_table(metadata: MetaData, name: str = TABLE) -> Table:
    """Return the table of sessions, for the metadata of an application that creates its tables itself.

    Args:
        metadata: The metadata to define it in.
        name: The name of the table.
    """
    return Table(
        name,
        metadata,
        Column("key", String(128), primary_key=True),
        Column("version", String(64), nullable=False),
        Column("created", Double, nullable=False),
        Column("expires", Double, nullable=False),
        Column("user_id", String(_LONGEST_USER)),
        Column("data", LargeBinary(_LARGEST), nullable=False),
        Index(f"ix_{name}_expires", "expires"),
        Index(f"ix_{name}_user_id", "user_id"),
    )


class SQLStore:
    """Stores sessions in a table, which is created at the first use if it is not there.

    Args:
        engine: An engine of SQLAlchemy, which the store may dispose of.
        table: The name of the table.
        name: What names it in messages.
    """

    def __init__(self, engine: Engine, *, table: str = TABLE, name: str = "a SQL database") -> None:
        self.name = name
        self.table = session_table(MetaData(), table)
        self._engine = engine
        # One statement is one transaction; there is no BEGIN and COMMIT to send.
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._is_created = False
        self._creation = threading.RLock()
        self._inherited: list[Pool] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(dict[str, bytes]).decode
        _stores.add(self)

    def load(self, key: str) -> Stored | None:
        """Return a session; `None` if there is none, or if it has expired."""
        columns = self.table.c
        query = select(
            columns.version, columns.created, columns.expires, columns.user_id, columns.data
        ).where(columns.key == key, columns.expires > time.time())
        row = self._run(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        try:
            values = self._decode(row.data)
        except msgspec.DecodeError:  # another program has written it
            return None
        return Stored(row.version, values, row.created, row.expires, row.user_id)

    def create(self, key: str, stored: Stored) -> None:
        """Store a new session.

        Raises:
            KeyError: If there is a session with this key.
        """
        row = self._row(stored)

        def create(connection: Connection) -> bool:
            try:
                connection.execute(insert(self.table).values(key=key, **row))
            except IntegrityError:
                columns = self.table.c
                # It has expired, or the reply to the first attempt was lost.
                is_free = (columns.expires <= time.time()) | (columns.version == stored.version)
                change = update(self.table).where(columns.key == key, is_free).values(**row)
                return connection.execute(change).rowcount == 1
            return True

        if not self._run(create):
            raise KeyError(key)

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        """Replace a session in one atomic step, if its version is still the given one."""
        columns = self.table.c
        change = (
            update(self.table)
            .where(
                columns.key == key,
                # The new one, too: the reply to the first attempt may have been lost.
                (columns.version == version) | (columns.version == stored.version),
                columns.expires > time.time(),
            )
            .values(**self._row(stored))
        )
        return self._run(lambda connection: connection.execute(change).rowcount == 1)

    def _row(self, stored: Stored) -> dict[str, object]:
        if stored.user is not None and len(stored.user) > _LONGEST_USER:
            raise ValueError(
                f"The user of a session has {len(stored.user)} characters; {self.name} stores "
                f"{_LONGEST_USER}. Use an identifier."
            )
        return {
            "version": stored.version,
            "created": stored.created,
            "expires": stored.expires,
            "user_id": stored.user,
            "data": self._encode(stored.values),
        }

    def touch(self, key: str, expires: float) -> None:
        """Change when a session expires; the version remains."""
        columns = self.table.c
        found = columns.key == key, columns.expires > time.time()
        self._execute(update(self.table).where(*found).values(expires=expires))

    def delete(self, key: str) -> None:
        """Delete a session, if there is one with this key."""
        self._execute(delete(self.table).where(self.table.c.key == key))

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of the sessions of a user that have not expired."""
        columns = self.table.c
        query = select(columns.key, columns.user_id).where(
            columns.user_id == user, columns.expires > time.time()
        )
        rows = self._run(lambda connection: connection.execute(query).all())
        return [row.key for row in rows if row.user_id == user]  # a database may ignore case

    def clean(self) -> int:
        """Delete what has expired, and return how many sessions that were."""
        return self._execute(delete(self.table).where(self.table.c.expires <= time.time()))

    def close(self) -> None:
        """Close the connections; the next operation opens new ones."""
        self._engine.dispose()
        self._is_created = self._is_created and not _is_in_memory(self._engine.url)

    def risks(self) -> list[tuple[str, str]]:
        """Return what may lose sessions, each as a problem and its cure."""
        if not _is_in_memory(self._engine.url):
            return []
        return [
            (
                "The sessions are in the memory of the process: other processes do not have them.",
                "Set SESSION_STORE to a file, such as 'sqlite:///sessions.db', or to a server.",
            )
        ]

    def create_table(self) -> None:
        """Create the table, if it is not there; what else uses the store does so as well.

        Raises:
            StoreUnavailable: The database cannot be reached, or does not allow it.
        """
        self._run(lambda _: None)

    def leave_to_parent(self) -> None:
        """Open new connections in the child of a fork; those of the parent are never closed here."""
        self._creation = threading.RLock()
        self._inherited.append(self._engine.pool)
        self._engine.dispose(close=False)

    def _execute(self, statement: Any) -> int:
        """Execute a statement, and return how many rows it has changed."""
        return self._run(lambda connection: connection.execute(statement).rowcount)

    def _run(self, use: Callable[[Connection], T]) -> T:
        """Return the result of a function of a connection.

        It is called again if a connection of the pool was lost, which empties the pool.
        """
        with self._reached():
            try:
                return self._connected(use)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return self._connected(use)

    def _connected(self, use: Callable[[Connection], T]) -> T:
        if not self._is_created:
            with self._creation, self._autocommit.connect() as connection:
                self._create(connection)
        with self._autocommit.connect() as connection:
            return use(connection)

    def _create(self, connection: Connection) -> None:
        try:
            self.table.create(connection, checkfirst=True)
        except SQLAlchemyError:  # another process may have created it at the same time
            if not inspect(connection).has_table(self.table.name):
                raise
        self._is_created = True

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raise `StoreUnavailable` for what the engine raises."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            self._is_created = False  # the table may have been dropped
            # The text of the error itself contains the statement and its parameters.
            cause = str(getattr(error, "orig", None) or error)
            raise StoreUnavailable(
                f"The sessions in {self.name} cannot be used: {' '.join(cause.split())}"
            ) from error


def open_sql(url: str, folder: str) -> SQLStore:
    """Return the store of a URL, without connecting.

    Args:
        url: A URL of SQLAlchemy; its option `table` is the name of the table.
        folder: What the relative path of a SQLite database is relative to.

    Raises:
        ModuleNotFoundError: If the driver is not installed; the text names it.
        ValueError: If it is not valid; the text is the remedy.
    """
    address, table = without_option(url, "table")
    scheme, colon, rest = address.partition(":")
    if scheme in ("postgres", "postgresql"):
        address = f"postgresql+{_postgresql_driver()}{colon}{rest}"
    try:
        parsed = make_url(address)
        _check_driver(parsed)
        engine = _create_engine(parsed, folder)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(_missing_driver(address, error), name=error.name) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ValueError(f"{_REMEDY} ({error}).") from error
    return SQLStore(engine, table=table or TABLE, name=masked(url))


def _postgresql_driver() -> str:
    """Return the driver that is installed, the newer one if both are; each release of SQLAlchemy has one."""
    is_old = find_spec("psycopg") is None and find_spec("psycopg2") is not None
    return "psycopg2" if is_old else "psycopg"


def _check_driver(url: URL) -> None:
    dialect = url.get_dialect()
    if dialect.is_async:
        raise ValueError(f"{dialect.driver} is an asynchronous driver")


def _missing_driver(url: str, error: ModuleNotFoundError) -> str:
    package = '"psycopg[binary]"' if error.name == "psycopg" else error.name
    return f"The driver of {url.partition(':')[0]} is not installed: pip install {package}"


def _create_engine(url: URL, folder: str) -> Engine:
    arguments = _TIMEOUTS.get(url.get_driver_name(), {})
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    if url.get_backend_name() != "sqlite":
        return create_engine(url, connect_args=arguments, pool_timeout=TIMEOUT)
    if _is_in_memory(url):  # one connection, which threads use in turn
        arguments["check_same_thread"] = False
        return create_engine(
            url,
            connect_args=arguments,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=TIMEOUT,
        )
    path = None
    if not str(url.database).startswith("file:"):
        path = Path(folder, str(url.database))
        url = url.set(database=str(path))
    engine = create_engine(url, connect_args=arguments, pool_timeout=TIMEOUT)
    if path is not None:
        event.listen(engine, "do_connect", lambda *_: _create_file(path))
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _is_in_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


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


def _leave_to_parent() -> None:
    for store in list(_stores):
        store.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
