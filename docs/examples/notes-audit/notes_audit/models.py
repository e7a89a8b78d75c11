"""The table of the audit trail."""

from __future__ import annotations

from noteboard.models import now
from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The base class of the plugin's models."""


class Entry(Base):
    """A change of a note that has been committed.

    Args:
        id: Its number.
        at: The time, in UTC (RFC 3339).
        user: Who has changed the note; `None` outside of requests.
        action: `added`, `changed`, or `deleted`.
        note_id: The number of the note. It is not a foreign key: the entry outlives the note.
        title: The title of the note after the change.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str] = mapped_column(Text, default=now)
    user: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    note_id: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
