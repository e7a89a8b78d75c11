"""A bank, for gunicorn: transfers between accounts, with every way to commit."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from cocopot_sqlalchemy import SQLAlchemy, db, db_session, stream_with_db
from sqlalchemy import func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cocopot import Cocopot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

ACCOUNTS = 100


class Base(DeclarativeBase):
    """The base class of the models."""


class Account(Base):
    """An account."""

    __tablename__ = "bank_accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Transfer(Base):
    """A transfer that has been made."""

    __tablename__ = "bank_transfers"

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[int]
    target: Mapped[int]
    amount: Mapped[int]


app = Cocopot("bank", autoload=False, plugins=[SQLAlchemy])
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BANK"]
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
    "pool_size": 8,
    "connect_args": {"options": "-c deadlock_timeout=50ms"},
}
Base.metadata.create_all(db(app).engine)  # before gunicorn forks: connections of the parent are forgotten
with app.app_context():
    if not db_session.scalar(select(func.count(Account.id))):
        db_session.add_all(Account(id=number, balance=100) for number in range(ACCOUNTS))
        db_session.commit()


def move(session: Session, number: str, amount: int) -> None:
    """Move money between two accounts, in any order: deadlocks happen."""
    source, target = random.sample(range(ACCOUNTS), 2)
    for account, change in ((source, -amount), (target, amount)):
        session.execute(update(Account).where(Account.id == account).values(balance=Account.balance + change))
    session.add(Transfer(id=number, source=source, target=target, amount=amount))


@app.post("/retried/<number>")
def retried(number: str) -> str:
    """Again after a deadlock."""
    db().run_in_transaction(lambda session: move(session, number, 3), attempts=10)
    return number


@app.post("/response/<number>", commit=True)
def response(number: str) -> str:
    """Before the response is sent."""
    move(db_session, number, 2)
    return number


@app.post("/explicit/<number>")
def explicit(number: str) -> str:
    """By hand; some fail half-way."""
    move(db_session, number, 1)
    if number.endswith("7"):
        raise ValueError("half-way")
    db_session.commit()
    return number


@app.get("/stream")
def stream() -> Iterator[str]:
    """Return a body that is longer than a client reads."""
    rows = db_session.scalars(select(Account.balance))
    return stream_with_db(f"{balance}".ljust(100_000) for balance in rows)


@app.get("/pool")
def pool() -> dict[str, int]:
    """Return how many connections of the worker are in use."""
    return {"checked_out": db().engine.pool.checkedout()}  # type: ignore[attr-defined]  # of a QueuePool


@app.get("/sum")
def total() -> dict[str, int]:
    """Return the sum of all balances, which never changes."""
    return {"sum": db_session.scalar(select(func.sum(Account.balance))) or 0}
