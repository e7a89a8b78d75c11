"""The model of the page, for plain SQLAlchemy."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: At least the number of threads of a server, so that none waits for a connection.
POOL_SIZE = 40


class Base(DeclarativeBase):
    """The tables of the benchmark."""


class Note(Base):
    """A row of the page."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    weight: Mapped[float]
