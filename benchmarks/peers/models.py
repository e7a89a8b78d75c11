"""The model of the page, for plain SQLAlchemy."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables of the benchmark."""


class Note(Base):
    """A row of the page."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    weight: Mapped[float]
