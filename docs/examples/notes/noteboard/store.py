"""Storage of the notes: an SQLite file, with one connection per request that needs it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cocopot import current_app, g

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cocopot import Cocopot, Response

SCHEMA = """
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE IF NOT EXISTS user (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    token TEXT UNIQUE
);
"""
#: The largest id of SQLite.
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    Args:
        id: Its number, which is never reused.
        title: One line.
        body: Any text.
        created: Time of its creation, in UTC (RFC 3339).
        updated: Time of its last change, in UTC (RFC 3339).
    """

    id: int
    title: str
    body: str
    created: str
    updated: str


# -------------------------------------------------------------------------
# The connection
# -------------------------------------------------------------------------


def init_app(app: Cocopot) -> None:
    """Commit and close the connection of each request that has opened one."""
    app.after_request(commit)
    app.teardown_request(close_connection)


@contextmanager
def opened(app: Cocopot) -> Iterator[sqlite3.Connection]:
    """Open a connection, outside of a request, and commit at the end of the block."""
    path = Path(str(app.config["NOTES_DATABASE"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
        yield connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables, unless they exist."""
    # Readers do not block a writer, nor a writer the readers.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(SCHEMA)


def current_connection() -> sqlite3.Connection:
    """Return the connection of this request, which is opened at its first use.

    A request that uses no data opens none. The first change begins a transaction.
    """
    if "connection" not in g:
        g.connection = sqlite3.connect(str(current_app.config["NOTES_DATABASE"]), timeout=10)
    connection: sqlite3.Connection = g.connection
    return connection


def commit(response: Response) -> Response:
    """Commit the changes of a successful request.

    This is an after-request function, so that an error of the commit becomes a 500: at teardown the response
    has already been sent.
    """
    if "connection" in g and response.status_code < 400:
        g.connection.commit()
    return response


def close_connection(_exc: BaseException | None) -> None:
    """Roll back uncommitted changes, and close the connection."""
    connection: sqlite3.Connection | None = g.pop("connection", None)
    if connection is not None:
        connection.rollback()
        connection.close()


# -------------------------------------------------------------------------
# Notes
# -------------------------------------------------------------------------

MATCHES = "instr(lower(title || char(10) || body), lower(:text)) > 0"


def find(text: str, limit: int, offset: int = 0) -> list[Note]:
    """Return the notes that contain a text, newest first.

    Args:
        text: The text to search for; every note contains the empty text.
        limit: The maximum number of notes.
        offset: The number of notes to skip.
    """
    query = f"SELECT * FROM note WHERE {MATCHES} ORDER BY id DESC LIMIT :limit OFFSET :offset"  # noqa: S608 - a constant
    values = {"text": text, "limit": limit, "offset": offset}
    return [Note(*row) for row in current_connection().execute(query, values)]


def count(text: str) -> int:
    """Return the number of notes that contain a text."""
    query = f"SELECT count(*) FROM note WHERE {MATCHES}"  # noqa: S608 - a constant
    return int(current_connection().execute(query, {"text": text}).fetchone()[0])


def get(note_id: int) -> Note | None:
    """Return a note, or `None` if the id does not exist."""
    return _one("SELECT * FROM note WHERE id = :id", {"id": note_id})


def add(title: str, body: str) -> Note:
    """Create a note, and return it."""
    values = {"title": title, "body": body}
    note = _one("INSERT INTO note (title, body) VALUES (:title, :body) RETURNING *", values)
    return cast("Note", note)


def change(note_id: int, title: str | None, body: str | None) -> Note | None:
    """Change a note in one statement; `None` keeps a field unchanged.

    Returns:
        The changed note, or `None` if the id does not exist.
    """
    query = """
        UPDATE note
        SET title = coalesce(:title, title),
            body = coalesce(:body, body),
            updated = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
        WHERE id = :id
        RETURNING *
    """
    return _one(query, {"id": note_id, "title": title, "body": body})


def remove(note_id: int) -> bool:
    """Delete a note, and return whether it existed."""
    cursor = current_connection().execute("DELETE FROM note WHERE id = :id", {"id": note_id})
    return bool(cursor.rowcount)


def _one(query: str, values: Mapping[str, Any]) -> Note | None:
    # All rows are fetched: SQLite ends the statement, and releases its lock, after the last one.
    rows = current_connection().execute(query, values).fetchall()
    return Note(*rows[0]) if rows else None
