"""Transactions that are run again, in one thread: an error that another transaction would cause is raised."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import db, db_session, is_retryable
from databases.models import Bird, checked_out, make_app
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from cocopot import Cocopot


class DriverError(Exception):
    """An error of a driver, as those of PostgreSQL and MySQL are."""

    sqlstate: str | None = None
    pgcode: str | None = None


def failure(*args: object, **attributes: object) -> DBAPIError:
    original = DriverError(*args)
    vars(original).update(attributes)
    return OperationalError("UPDATE", {}, original)


def locked() -> DBAPIError:
    original = sqlite3.OperationalError("database is locked")
    original.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
    return OperationalError("UPDATE", {}, original)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Cocopot]:
    app = make_app(tmp_path)
    yield app
    db(app).close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (locked(), True),
        (failure(sqlstate="40001"), True),
        (failure(pgcode="40P01"), True),
        (failure(1213, "Deadlock found"), True),
        (failure(sqlstate="23505"), False),
        (failure("server closed the connection"), False),
        (OperationalError("SELECT", {}, sqlite3.OperationalError("no such table")), False),
        (ValueError("40001"), False),
    ],
)
def test_is_retryable(error: Exception, expected: bool) -> None:
    """Deadlocks, serialization failures and locked files are; a constraint or a lost connection is not."""
    assert is_retryable(error) is expected


def test_it_is_run_again(app: Cocopot) -> None:
    """Nothing of an attempt that failed is left; the function of the last one is called."""
    calls: list[Any] = []

    def add(session: Session) -> str:
        assert session is db().session
        session.add(Bird(name=f"wren {len(calls)}"))
        session.flush()
        number = len(calls)
        db().on_commit(lambda: calls.append(f"committed {number}"))
        calls.append("call")
        if len(calls) < 3:
            raise locked()
        return "added"

    with app.app_context():
        outer = db_session.scalar(select(func.count(Bird.id)))
        assert db().run_in_transaction(add) == "added"
        assert calls == ["call", "call", "call", "committed 2"]
        db_session.rollback()
        assert (outer, db_session.scalars(select(Bird.name)).all()) == (0, ["wren 2"])
    assert checked_out(app) == 0


def test_it_gives_up(app: Cocopot) -> None:
    """After the last attempt, and after any other error, the exception is raised."""
    calls: list[str] = []

    def fail(session: Session) -> None:
        calls.append("fail")
        raise locked()

    def break_a_constraint(session: Session) -> None:
        calls.append("constraint")
        session.add_all([Bird(name="wren"), Bird(name="wren")])

    with app.app_context():
        with pytest.raises(OperationalError):
            db().run_in_transaction(fail, attempts=2)
        with pytest.raises(IntegrityError):
            db().run_in_transaction(break_a_constraint)
    assert calls == ["fail", "fail", "constraint"]


def test_outside_of_a_context(app: Cocopot) -> None:
    """A thread without a context can use it; what it returns may be an object."""

    def add(session: Session) -> Bird:
        bird = Bird(name="wren")
        session.add(bird)
        session.flush()
        session.refresh(bird)
        return bird

    assert db(app).run_in_transaction(lambda session: add(session).name) == "wren"
    assert checked_out(app) == 0


def test_options(app: Cocopot) -> None:
    """Execution options are those of its connection; a wrong one, or no attempt, is an error."""
    with app.app_context():
        assert db().run_in_transaction(lambda session: 1, sqlite_begin="IMMEDIATE") == 1
        with pytest.raises(ValueError, match="DEFERRED, EXCLUSIVE, IMMEDIATE"):
            db().run_in_transaction(lambda session: 1, sqlite_begin="LATER")
        with pytest.raises(ValueError, match="give 1 or more"):
            db().run_in_transaction(lambda session: 1, attempts=0)


def test_a_database_in_memory(tmp_path: Path) -> None:
    """Its only connection cannot have two transactions: the error names the remedy."""
    app = make_app(tmp_path, SQLALCHEMY_DATABASE_URI="sqlite://")
    with app.app_context():
        db_session.execute(text("SELECT 1"))
        with pytest.raises(RuntimeError, match="Commit it or roll it back"):
            db().run_in_transaction(lambda session: 1)
        db_session.commit()
        assert db().run_in_transaction(lambda session: 1) == 1
