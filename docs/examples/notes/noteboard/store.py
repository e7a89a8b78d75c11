"""Storage of the notes: an SQLite file, with one connection per request."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cocopot import current_app, g

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Cocopot, Response

SCHEMA = """
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)
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
    """Create the file at startup, and open a connection for each request."""
    app.on_startup(create_database)
    app.before_request(open_connection)
    app.after_request(commit)
    app.teardown_request(close_connection)


def create_database() -> None:
    """Create the file and its table, unless they exist."""
    path = Path(str(current_app.config["NOTES_DATABASE"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        # Readers do not block a writer, nor a writer the readers.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA)


def open_connection() -> None:
    """Open the connection of this request; the first change begins a transaction."""
    connection = sqlite3.connect(str(current_app.config["NOTES_DATABASE"]), timeout=10)
    connection.row_factory = lambda _, row: Note(*row)
    g.connection = connection


def commit(response: Response) -> Response:
    """Commit the changes of a successful request.

    This is an after-request function, so that an error of the commit becomes a 500: at teardown the response
    has already been sent.
    """
    if "connection" in g and response.status_code < 400:
        g.connection.commit()
    return response


def close_connection(_exc: BaseException | None) -> None:
    """Roll back uncommitted changes, and close the connection.

    Without a connection, a plugin responded before `open_connection` ran, for example to a preflight request.
    """
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
    return cast("list[Note]", g.connection.execute(query, values).fetchall())


def count(text: str) -> int:
    """Return the number of notes that contain a text."""
    cursor = g.connection.cursor()
    cursor.row_factory = None
    query = f"SELECT count(*) FROM note WHERE {MATCHES}"  # noqa: S608 - a constant
    return int(cursor.execute(query, {"text": text}).fetchone()[0])


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
    cursor = g.connection.execute("DELETE FROM note WHERE id = :id", {"id": note_id})
    return bool(cursor.rowcount)


def _one(query: str, values: Mapping[str, Any]) -> Note | None:
    # All rows are fetched: SQLite ends the statement, and releases its lock, after the last one.
    rows: list[Note] = g.connection.execute(query, values).fetchall()
    return rows[0] if rows else None
