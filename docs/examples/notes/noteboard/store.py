"""Storage of the notes, in the database of cocopot-sqlalchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from sqlalchemy import func, select

from cocopot import has_request_context, request
from noteboard.models import Note, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

#: The largest id of SQLite.
MAX_ID = 2**63 - 1
#: The methods of requests that only read.
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def current_session() -> Session:
    """Return the session of this request.

    In a request that may write, its transaction waits for the lock of the file when it begins: SQLite lets
    none write that has read before, if another one has written meanwhile.
    """
    session = db().session
    if has_request_context() and request.method not in READING and not session.in_transaction():
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    return session


def find(text: str, limit: int, offset: int = 0) -> Sequence[Note]:
    """Return the notes that contain a text, newest first.

    Args:
        text: The text to search for; every note contains the empty text.
        limit: The maximum number of notes.
        offset: The number of notes to skip.
    """
    query = select(Note).where(_contains(text)).order_by(Note.id.desc()).limit(limit).offset(offset)
    return current_session().scalars(query).all()


def count(text: str) -> int:
    """Return the number of notes that contain a text."""
    query = select(func.count()).select_from(Note).where(_contains(text))
    return current_session().scalar(query) or 0


def _contains(text: str) -> ColumnElement[bool]:
    # `instr` is a function of SQLite; unlike LIKE, it has no special characters and no longest text.
    return func.instr(func.lower(Note.title + "\n" + Note.body), func.lower(text)) > 0


def get(note_id: int) -> Note | None:
    """Return a note, or `None` if the id does not exist."""
    return current_session().get(Note, note_id)


def add(title: str, body: str) -> Note:
    """Create a note, and return it."""
    note = Note(title=title, body=body)
    session = current_session()
    session.add(note)
    session.flush()
    return note


def change(note_id: int, title: str | None, body: str | None) -> Note | None:
    """Change a note; `None` keeps a field unchanged.

    Returns:
        The changed note, or `None` if the id does not exist.
    """
    note = get(note_id)
    if note is not None:
        note.title = note.title if title is None else title
        note.body = note.body if body is None else body
        note.updated = now()
    return note


def remove(note_id: int) -> bool:
    """Delete a note, and return whether it existed."""
    note = get(note_id)
    if note is not None:
        current_session().delete(note)
    return note is not None
