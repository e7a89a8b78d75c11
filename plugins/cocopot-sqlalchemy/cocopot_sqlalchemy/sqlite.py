"""SQLite: settings of each connection, and transactions that begin where SQLAlchemy begins them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

#: How long a connection waits for the lock of another one, in milliseconds, unless `timeout` is passed.
BUSY_TIMEOUT: Final = 5000
#: The execution option with the kind of a transaction: `DEFERRED`, the default, `IMMEDIATE`, or `EXCLUSIVE`.
BEGIN: Final = "sqlite_begin"
#: The execution option of a statement that is not recorded: it is none of a plugin or the application.
UNRECORDED: Final = "cocopot_unrecorded"
_KINDS: Final = frozenset({"DEFERRED", "IMMEDIATE", "EXCLUSIVE"})


def is_in_memory(url: URL) -> bool:
    """Return whether the database of a URL is in memory."""
    database = url.database or ""
    return database in {"", ":memory:"} or ":memory:" in database or "memory" in url.query.get("mode", "")


def listen_to(engine: Engine) -> None:
    """Set up the connections of an engine: WAL, foreign keys, a busy timeout, and explicit transactions.

    Python's driver begins a transaction only before a statement that writes, so that reads are not isolated,
    and savepoints outside of one are lost. See "Serializable isolation / Savepoints / Transactional DDL" of
    SQLAlchemy's documentation of SQLite.
    """
    event.listen(engine, "do_connect", _create_folder)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def _create_folder(_dialect: object, _record: object, arguments: Any, _options: object) -> None:
    """Create the folder of a file that is connected to, so that an application without tables has none."""
    path = str(arguments[0]) if arguments else ""
    if path and ":" not in path[2:]:  # neither in memory nor a URI of SQLite; Windows has C:
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout")
        if not cursor.fetchone()[0]:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys = ON")
        _set_wal(cursor)
    finally:
        cursor.close()


def _set_wal(cursor: Any) -> None:
    """Set the mode of the file, once; SQLite does not wait for the lock of another connection here."""
    end = monotonic() + BUSY_TIMEOUT / 1000
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        try:
            cursor.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if monotonic() > end:
                raise
            sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    kind = str(connection.get_execution_options().get(BEGIN, "DEFERRED")).upper()
    if kind not in _KINDS:
        raise ValueError(
            f"The execution option {BEGIN} is {kind!r}: give one of {', '.join(sorted(_KINDS))}."
        )
    if kind == "DEFERRED":  # it takes no lock, and so it does not fail
        connection.connection.cursor().execute("BEGIN")
    else:
        connection.exec_driver_sql(f"BEGIN {kind}", execution_options={UNRECORDED: True})
