"""The table of the tags, and its queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import db
from noteboard.models import Note
from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: The maximum number of characters of a tag.
LONGEST = 40


class Base(DeclarativeBase):
    """The base class of the plugin's models."""


class Tag(Base):
    """A tag of a note."""

    __tablename__ = "tags_tag"

    # With the note, its tags are deleted by the database, also while the plugin is not installed.
    note_id: Mapped[int] = mapped_column(ForeignKey(Note.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)


def tags_of(note_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the tags of each of some notes, by one query."""
    found: dict[int, list[str]] = {note_id: [] for note_id in note_ids}
    query = select(Tag).where(Tag.note_id.in_(note_ids)).order_by(Tag.name)
    for tag in db().session.scalars(query):
        found[tag.note_id].append(tag.name)
    return found


def set_tags(note_id: int, names: Iterable[str]) -> None:
    """Replace the tags of a note."""
    session = db().session
    session.execute(delete(Tag).where(Tag.note_id == note_id))
    session.add_all(Tag(note_id=note_id, name=name) for name in names)
