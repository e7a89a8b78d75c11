"""Transactions that are run again after a deadlock or a serialization failure."""

from __future__ import annotations

import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from cocopot_sqlalchemy.sessions import ContextSession, Scope

T = TypeVar("T")

#: The states of SQL (ISO 9075) of a serialization failure and, in PostgreSQL, a deadlock.
_STATES: Final = frozenset({"40001", "40P01"})
#: The numbers of MySQL and MariaDB of a deadlock and of a lock that was waited for too long.
_NUMBERS: Final = frozenset({1213, 1205})
#: The first wait, in seconds; it doubles each time, up to the second.
_FIRST_WAIT, _LONGEST_WAIT = 0.01, 1.0


def is_retryable(error: BaseException) -> bool:
    """Return whether a transaction that has failed may succeed if it is run again from its beginning.

    That is a deadlock or a serialization failure, and with SQLite a database that is locked. A connection
    that is lost is not: whether its transaction was committed is not known.

    Args:
        error: What was raised.
    """
    original: Any = error.orig if isinstance(error, DBAPIError) else None
    if original is None:
        return False
    if isinstance(original, sqlite3.OperationalError):
        # The low byte of an extended code is the primary one.
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    number = original.args[0] if original.args else None
    return state in _STATES or number in _NUMBERS


def run_in_transaction(
    scope: Scope | None,
    factory: Callable[[], ContextSession],
    function: Callable[[Session], T],
    attempts: int,
    execution_options: dict[str, Any],
) -> T:
    """Run a function in a session of its own, and commit; see `Database.run_in_transaction`.

    Args:
        scope: The scope whose session is replaced while the function runs, or `None` outside of a context.
        factory: Makes a session.
        function: Takes the session.
        attempts: How often it is run at most.
        execution_options: The execution options of the connection.
    """
    if attempts < 1:
        raise ValueError(f"run_in_transaction: attempts is {attempts}: give 1 or more.")
    for attempt in range(1, attempts + 1):
        try:
            return _run_once(scope, factory, function, execution_options)
        except Exception as error:
            if attempt == attempts or not is_retryable(error):
                raise
        time.sleep(random.uniform(0.5, 1) * min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT))  # noqa: S311 - no secret
    raise AssertionError("not reached")


def _run_once(
    scope: Scope | None,
    factory: Callable[[], ContextSession],
    function: Callable[[Session], T],
    execution_options: dict[str, Any],
) -> T:
    outer = None if scope is None else scope.session
    with factory() as session:
        if scope is not None:
            scope.session = session
        try:
            if execution_options:
                session.connection(execution_options=execution_options)
            result = function(session)
            session.commit()
        finally:
            if scope is not None:
                scope.session = outer
        session.expunge_all()
        return result
