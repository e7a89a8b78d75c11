"""Models of the tests: plain SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_sqlalchemy import SQLAlchemy, db
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from cocopot import Cocopot

if TYPE_CHECKING:
    from pathlib import Path


class Base(DeclarativeBase):
    """The base class of the models."""


class Shelf(Base):
    """A shelf with birds."""

    __tablename__ = "shop_shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    birds: Mapped[list[Bird]] = relationship(back_populates="shelf", order_by="Bird.id")


class Bird(Base):
    """A bird."""

    __tablename__ = "shop_birds"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shop_shelves.id"))
    shelf: Mapped[Shelf | None] = relationship(back_populates="birds")


def make_app(folder: Path, *plugins: object, **config: object) -> Cocopot:
    """Return an application with an empty database: SQLite in a file of the folder."""
    app = Cocopot("shop", autoload=False, plugins=[SQLAlchemy, *plugins], instance_path=str(folder))
    app.config.update(config)
    app.logger.disabled = False  # another test may have disabled the logger of this name
    Base.metadata.create_all(db(app).engine)
    return app


def checked_out(app: Cocopot) -> int:
    """Return how many connections of the default engine are in use."""
    count: int = db(app).engine.pool.checkedout()  # type: ignore[attr-defined]  # of a QueuePool
    return count
