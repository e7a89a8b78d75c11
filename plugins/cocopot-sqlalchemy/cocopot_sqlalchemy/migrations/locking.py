"""One connection that changes the schema at a time, whichever process it belongs to."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.sqlite import BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

#: The key of PostgreSQL's advisory lock, which is one of the database.
KEY: Final = 0x636F_636F_706F_7401 % 2**63
#: How long a process waits for another one that changes the schema, in milliseconds.
BUSY_TIMEOUT: Final = 600_000
_BUSY: Final = "Another process has been changing the tables for ten minutes: try again."
# How long to wait until PostgreSQL is asked again, in seconds.
_INTERVAL: Final = 0.1
#: The longest name of a lock of MySQL, in characters.
_LONGEST_NAME: Final = 64


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """Return a connection that alone may change the schema; others wait at this place.

    PostgreSQL has an advisory lock for it, and MySQL and MariaDB have locks with a name. For SQLite the block
    is one transaction that begins with the lock of the database: all changes are made, or none. Foreign keys
    are off in it, since SQLite changes a table by creating it anew, and are checked at its end. Other
    databases have no lock here.

    Args:
        engine: The engine.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with _sqlite(connection) as connection:  # noqa: PLW2901 - the same, with an option
                yield connection
        elif engine.dialect.name == "postgresql":
            with _advisory_lock(connection):
                yield connection
        elif engine.dialect.name in {"mysql", "mariadb"}:
            with _named_lock(connection, engine.url.database):
                yield connection
        else:
            yield connection


@contextmanager
def _advisory_lock(connection: Connection) -> Iterator[None]:
    end = monotonic() + BUSY_TIMEOUT / 1000
    # A session that waits for the lock inside a statement would keep another one from creating an index
    # concurrently, which waits for all statements to end.
    while not connection.scalar(select(func.pg_try_advisory_lock(KEY))):
        connection.commit()
        if monotonic() > end:
            raise MigrationError(_BUSY)
        sleep(_INTERVAL)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(select(func.pg_advisory_unlock(KEY)))
        connection.commit()


@contextmanager
def _named_lock(connection: Connection, database: str | None) -> Iterator[None]:
    """Hold a lock of MySQL, whose name is one of the server; it is of the session, not of a transaction."""
    name = f"cocopot_migrations.{database}"[:_LONGEST_NAME]
    if not connection.scalar(select(func.get_lock(name, BUSY_TIMEOUT // 1000))):
        raise MigrationError(_BUSY)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(select(func.release_lock(name)))
        connection.commit()


@contextmanager
def _sqlite(connection: Connection) -> Iterator[Connection]:
    with connection.begin():
        before = {pragma: _pragma(connection, pragma) for pragma in ("foreign_keys", "busy_timeout")}
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")  # which has no effect in a transaction
    driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    try:
        immediate = connection.execution_options(**{BEGIN: "IMMEDIATE"})
        with immediate.begin():
            broken = _broken_references(immediate)
            yield immediate
            if new := _broken_references(immediate) - broken:
                tables = ", ".join(sorted({f"{table!r} (to {target!r})" for table, _, target, _ in new}))
                raise MigrationError(
                    f"Rows refer to others that do not exist any more, in {tables}. Nothing was changed: "
                    "delete or change these rows first, or in the migration."
                )
    finally:
        connection.execution_options(**{BEGIN: "DEFERRED"})
        for pragma, value in before.items():
            driver.execute(f"PRAGMA {pragma} = {value}")


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _broken_references(connection: Connection) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
