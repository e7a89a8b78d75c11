"""Following the changes of notes, from their flush to the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from noteboard.accounts import current_user
from noteboard.models import Note
from sqlalchemy import event

from cocopot import has_request_context
from notes_audit.models import Entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from cocopot import Cocopot


def follow(app: Cocopot) -> None:
    """Write an entry for each note that is added, changed or deleted, after the commit."""

    def remember(session: Session, _context: object) -> None:
        changes = {"added": session.new, "changed": session.dirty, "deleted": session.deleted}
        for action, objects in changes.items():
            for note in objects:
                if isinstance(note, Note):
                    _write_after_commit(app, session, action, note)

    event.listen(db(app).sessionmaker, "after_flush", remember)


def _write_after_commit(app: Cocopot, session: Session, action: str, note: Note) -> None:
    # It is read now: a note that was deleted cannot be read after the commit.
    entry = Entry(user=_user_name(), action=action, note_id=note.id, title=note.title)

    def write() -> None:
        session.add(entry)
        session.commit()

    db(app).on_commit(write, session=session)


def _user_name() -> str | None:
    user = current_user() if has_request_context() else None
    return None if user is None else user.name
