"""The stores of sessions on the side of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cocopot_session.stores.base import Store, Stored, StoreUnavailable

if TYPE_CHECKING:
    from cocopot import Cocopot

__all__ = ["Store", "StoreUnavailable", "Stored", "open_store"]

_REDIS: Final = frozenset({"redis", "rediss", "valkey", "valkeys", "unix"})


def open_store(url: str, app: Cocopot) -> Store:
    """Return the store of a URL, without connecting.

    | URL | store |
    |---|---|
    | `redis://`, `rediss://` (TLS), `unix://` (a socket), `valkey://`, `valkeys://` | Redis or Valkey |
    | `sqlite:///sessions.db`, `postgresql+psycopg://`, and what else SQLAlchemy has | a table of a database |
    | `file:///var/lib/shop/sessions` | a folder of files |

    Args:
        url: What `SESSION_STORE` is.
        app: The application; relative paths are relative to its instance folder.

    Raises:
        ModuleNotFoundError: If the library of the store is not installed; the text names the extra.
        ValueError: If the URL is not that of a store; the text is the remedy.
    """
    scheme, colon, _ = url.partition(":")
    if not colon:
        raise ValueError("Give a URL, such as 'redis://localhost:6379/0' or 'sqlite:///sessions.db'.")
    if scheme in _REDIS:
        return _open_redis(url)
    if scheme == "file":
        return _open_files(url, app.instance_path)
    return _open_sql(url, app.instance_path)


def _open_redis(url: str) -> Store:
    try:
        from cocopot_session.stores.redis import open_redis
    except ModuleNotFoundError as error:
        raise _missing("redis", error) from error
    return open_redis(url)


def _open_sql(url: str, folder: str) -> Store:
    try:
        from cocopot_session.stores.sql import open_sql
    except ModuleNotFoundError as error:
        raise _missing("sql", error) from error
    return open_sql(url, folder)


def _open_files(url: str, folder: str) -> Store:
    try:
        from cocopot_session.stores.files import open_files
    except ModuleNotFoundError as error:  # fcntl
        raise ValueError("Files are locked as POSIX systems do it. Use 'sqlite:///sessions.db'.") from error
    return open_files(url, folder)


def _missing(extra: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    return ModuleNotFoundError(
        f'{error.name} is not installed: pip install "cocopot-session[{extra}]"', name=error.name
    )
