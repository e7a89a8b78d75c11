"""Sessions in a table of a SQL database, through SQLAlchemy: each operation is one statement."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import MetaData, inspect
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from cocopot_session.stores.base import NOT_A_SESSION, Stored, StoreUnavailable
from cocopot_session.stores.sql_engines import is_in_memory, open_engine
from cocopot_session.stores.sql_statements import LONGEST_USER, TABLE, Statements, session_table
from cocopot_session.stores.urls import masked, without_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from sqlalchemy import Connection, Engine, Executable
    from sqlalchemy.pool import Pool

    T = TypeVar("T")

_stores: weakref.WeakSet[SQLStore] = weakref.WeakSet()


class SQLStore:
    """Stores sessions in a table, which is created at the first use if it is not there.

    Args:
        engine: An engine of SQLAlchemy, which the store may dispose of.
        table: The name of the table.
        name: What names it in messages.
        is_autocommit: Whether the engine has been created with the isolation level `"AUTOCOMMIT"`. Otherwise
            each operation sets and resets it, which can take as long as the statement.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        table: str = TABLE,
        name: str = "a SQL database",
        is_autocommit: bool = False,
    ) -> None:
        self.name = name
        self._engine = engine
        # One statement is one transaction: neither BEGIN nor COMMIT is sent.
        self._autocommit = engine if is_autocommit else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._table = session_table(MetaData(), table)
        self._statements = Statements(self._table)
        self._is_created = False
        self._creation = threading.RLock()
        self._inherited: list[Pool] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(dict[str, bytes]).decode
        _stores.add(self)

    def load(self, key: str) -> Stored | None:
        """Return a session; `None` if there is none, or if it has expired.

        Raises:
            ValueError: If what is there is not a session.
        """
        rows = self._select(self._statements.load, in_key=key, in_now=time.time())
        if not rows:
            return None
        try:  # another program may have written it
            version, created, expires, user, data = rows[0]
            return Stored(version, self._decode(data), float(created), float(expires), user)
        except (msgspec.DecodeError, TypeError, ValueError) as error:
            raise ValueError(NOT_A_SESSION) from error

    def create(self, key: str, stored: Stored) -> None:
        """Store a new session.

        Raises:
            KeyError: If there is a session with this key.
        """
        row = {"in_key": key, **self._row(stored)}

        def create(connection: Connection) -> int:
            try:
                return connection.execute(self._statements.create, row).rowcount
            except IntegrityError:
                again = {**row, "in_now": time.time()}
                return connection.execute(self._statements.create_again, again).rowcount

        if not self._run(create):
            raise KeyError(key)

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        """Replace a session in one atomic step, if its version is still the given one."""
        found = {"in_key": key, "in_version": version, "in_now": time.time()}
        return self._execute(self._statements.replace, **found, **self._row(stored)) == 1

    def _row(self, stored: Stored) -> dict[str, object]:
        user = stored.user
        if user is not None and (len(user) > LONGEST_USER or "\0" in user):
            raise ValueError(
                f"The user of a session, {user!r:.40}, has {len(user)} characters; {self.name} stores "
                f"{LONGEST_USER}, without null characters. Use an identifier."
            )
        return {
            "new_version": stored.version,
            "new_created": stored.created,
            "new_expires": stored.expires,
            "new_user_id": stored.user,
            "new_data": self._encode(stored.values),
        }

    def touch(self, key: str, expires: float) -> None:
        """Change when a session expires; the version remains."""
        self._execute(self._statements.touch, in_key=key, in_now=time.time(), new_expires=expires)

    def delete(self, key: str) -> None:
        """Delete a session, if there is one with this key."""
        self._execute(self._statements.delete, in_key=key)

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of the sessions of a user that have not expired."""
        rows = self._select(self._statements.keys_of, in_user=user, in_now=time.time())
        return [key for key, found in rows if found == user]  # a database may ignore case

    def clean(self) -> int:
        """Delete what has expired, and return how many sessions that were."""
        return self._execute(self._statements.clean, in_now=time.time())

    def close(self) -> None:
        """Close the connections; the next operation opens new ones."""
        self._engine.dispose()
        self._is_created = self._is_created and not is_in_memory(self._engine)

    def risks(self) -> list[tuple[str, str]]:
        """Return what may lose sessions, each as a problem and its cure."""
        if not is_in_memory(self._engine):
            return []
        return [
            (
                "The sessions are in the memory of the process: other processes do not have them.",
                "Set SESSION_STORE to a file, such as 'sqlite:///sessions.db', or to a server.",
            )
        ]

    def leave_to_parent(self) -> None:
        """Open new connections in the child of a fork; those of the parent are never closed here."""
        self._creation = threading.RLock()
        self._inherited.append(self._engine.pool)
        self._engine.dispose(close=False)

    def _select(self, statement: Executable, **parameters: object) -> list[Any]:
        return self._run(lambda connection: [*connection.execute(statement, parameters)])

    def _execute(self, statement: Executable, **parameters: object) -> int:
        """Execute a statement, and return how many rows it has changed."""
        return self._run(lambda connection: connection.execute(statement, parameters).rowcount)

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
            self._table.create(connection, checkfirst=True)
        except SQLAlchemyError:  # another process may have created it at the same time
            if not inspect(connection).has_table(self._table.name):
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
            cause = " ".join(str(getattr(error, "orig", None) or error).split())
            raise StoreUnavailable(f"The sessions in {self.name} cannot be used: {cause}") from error


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
    engine = open_engine(address, folder)
    store = SQLStore(engine, table=table or TABLE, name=masked(url), is_autocommit=True)
    weakref.finalize(store, engine.dispose)  # of an application that is not closed
    return store


def _leave_to_parent() -> None:
    for store in list(_stores):
        store.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
