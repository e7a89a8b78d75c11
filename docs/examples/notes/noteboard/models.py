"""The tables: notes, and the people who may write them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> str:
    """Return the time in UTC, with milliseconds (RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Base(DeclarativeBase):
    """The base class of the models: its metadata has the tables."""


class Note(Base):
    """One note.

    Args:
        id: Its number, which is never reused.
        title: One line.
        body: Any text.
        created: Time of its creation, in UTC (RFC 3339).
        updated: Time of its last change, in UTC (RFC 3339).
    """

    __tablename__ = "note"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    created: Mapped[str] = mapped_column(Text, default=now)
    updated: Mapped[str] = mapped_column(Text, default=now)


class User(Base):
    """A user.

    Args:
        name: The name.
        password: The hash of the password.
        token: The hash of the token for the API, or `None`.
    """

    __tablename__ = "user"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    password: Mapped[str] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(Text, unique=True)

    @property
    def stamp(self) -> str:
        """What a session has of the password: one that was opened before a change is not valid any more."""
        return sha256(self.password.encode()).hexdigest()[:32]
