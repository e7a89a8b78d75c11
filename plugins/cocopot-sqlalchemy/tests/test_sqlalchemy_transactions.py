"""Transactions: the functions of `on_commit`, and the hooks of a commit and a rollback."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import db, db_session
from databases.audit import Audit, AuditBase, Entry
from databases.models import Bird, make_app
from sqlalchemy import func, literal, select
from sqlalchemy.exc import IntegrityError

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session


class Recorder:
    """A plugin that records its calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    @hookimpl
    def sqlalchemy_before_commit(self, app: Cocopot, session: Session) -> None:
        self.calls.append(("before", len(session.new)))

    @hookimpl
    def sqlalchemy_after_commit(self, session: Session) -> None:
        self.calls.append(("after", session.in_transaction()))

    @hookimpl
    def sqlalchemy_after_rollback(self, session: Session) -> None:
        self.calls.append("rollback")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def app(tmp_path: Path, recorder: Recorder) -> Iterator[Cocopot]:
    app = make_app(tmp_path, recorder)
    with app.app_context():
        yield app
    db(app).close()


def test_on_commit(app: Cocopot) -> None:
    """A function runs once, after the commit of the transaction that it was registered in."""
    calls: list[Any] = []
    db_session.add(Bird(name="wren"))
    db().on_commit(lambda: calls.append(db_session.in_transaction()))
    assert calls == []
    db_session.commit()
    db_session.commit()
    assert calls == [False]


def test_on_commit_before_the_transaction_begins(app: Cocopot) -> None:
    """In a session that has not begun, it waits for the next commit."""
    calls: list[str] = []
    db().on_commit(lambda: calls.append("called"))
    with db_session.begin():
        db_session.add(Bird(name="wren"))
    assert calls == ["called"]


@pytest.mark.parametrize("how", ["rollback", "close", "exception", "integrity", "end"])
def test_on_commit_of_what_is_not_committed(app: Cocopot, how: str) -> None:
    """A transaction that ends in another way drops the function, which a later commit does not run."""
    calls: list[str] = []
    with app.app_context():
        db_session.add(Bird(name="wren"))
        db_session.flush()
        db().on_commit(lambda: calls.append("called"))
        if how == "exception":
            with suppress(ValueError), db_session.begin_nested():
                db().on_commit(lambda: calls.append("inner"))
                raise ValueError
            db_session.rollback()
        elif how == "integrity":
            db_session.add(Bird(name="wren"))
            with pytest.raises(IntegrityError):
                db_session.commit()
            db_session.rollback()
        elif how != "end":
            getattr(db_session, how)()
        if how != "end":
            db_session.commit()
    with app.app_context():
        db_session.commit()
    assert calls == []


def test_savepoints(app: Cocopot) -> None:
    """A function waits for all that is around its savepoint, and is dropped with it."""
    calls: list[str] = []

    def later(name: str) -> None:
        db().on_commit(lambda: calls.append(name))

    later("outer")
    with db_session.begin_nested():
        later("released")
        with db_session.begin_nested() as inner:
            later("rolled back")
            inner.rollback()
        with db_session.begin_nested():
            later("innermost")
    nested = db_session.begin_nested()
    later("rolled back too")
    with db_session.begin_nested():
        later("inside of it")
    nested.rollback()
    assert calls == []
    db_session.commit()
    assert calls == ["outer", "released", "innermost"]


def test_a_savepoint_in_a_transaction_that_is_rolled_back(app: Cocopot) -> None:
    """A savepoint that was released does not call its functions if the rest is rolled back."""
    calls: list[str] = []
    with db_session.begin_nested():
        db().on_commit(lambda: calls.append("called"))
    db_session.rollback()
    db_session.commit()
    assert calls == []


@pytest.mark.parametrize("in_block", [False, True])
def test_functions_may_use_the_session(app: Cocopot, in_block: bool) -> None:
    """They read expired objects, and commit transactions of their own; the rest is rolled back."""
    calls: list[str] = []
    bird = Bird(name="wren")

    def work() -> None:
        calls.append(bird.name)  # expired by the commit
        db().on_commit(lambda: calls.append("inner"))
        db_session.add(Bird(name="tit"))
        db_session.commit()
        db_session.add(Bird(name="lost"))
        db_session.flush()

    if in_block:
        with db_session.begin():
            db_session.add(bird)
            db().on_commit(work)
    else:
        db_session.add(bird)
        db().on_commit(work)
        db_session.commit()
    assert calls == ["wren", "inner"]
    assert not db_session.in_transaction()
    with db_session.begin():
        assert db_session.scalars(select(Bird.name).order_by(Bird.id)).all() == ["wren", "tit"]


def test_a_function_that_raises(app: Cocopot, caplog: pytest.LogCaptureFixture) -> None:
    """The others run, the data is committed; it is logged, and raised where exceptions propagate."""
    calls: list[str] = []

    def fail() -> None:
        raise ValueError("no mail server")

    for testing in (False, True):
        app.testing = testing
        db_session.add(Bird(name=f"wren {testing}"))
        db().on_commit(fail)
        db().on_commit(lambda: calls.append("called"))
        if testing:
            with pytest.raises(ExceptionGroup) as caught:
                db_session.commit()
            assert [str(error) for error in caught.value.exceptions] == ["no mail server"]
        else:
            db_session.commit()
    assert calls == ["called", "called"]
    assert caplog.text.count("ValueError: no mail server") == 2
    assert "fail of on_commit failed" in caplog.text
    assert db_session.scalar(select(func.count(Bird.id))) == 2


def test_an_async_function_and_a_mistake(app: Cocopot) -> None:
    """A function may be `async def`; what cannot be called is refused at once."""
    calls: list[str] = []

    async def send() -> None:
        calls.append("sent")

    db().on_commit(send)
    db_session.commit()
    assert calls == ["sent"]
    with pytest.raises(TypeError, match="cannot be called"):
        db().on_commit("mail")  # type: ignore[arg-type]


def test_hooks_of_a_commit(app: Cocopot, recorder: Recorder) -> None:
    """Before and after a commit, and not for savepoints."""
    db_session.add(Bird(name="wren"))
    with db_session.begin_nested():
        db_session.add(Bird(name="tit"))
    db_session.add(Bird(name="robin"))
    db_session.commit()
    assert recorder.calls == [("before", 1), ("after", False)]


def test_hooks_of_a_rollback(app: Cocopot, recorder: Recorder) -> None:
    """Also if a session that has a connection is closed, and not for one that has none."""
    db_session.scalar(select(literal(1)))
    db_session.rollback()
    db_session.rollback()
    db_session.scalar(select(literal(1)))
    db_session.close()
    db_session.close()
    assert recorder.calls == ["rollback", "rollback"]


def test_before_commit_refuses(app: Cocopot) -> None:
    """An exception of the hook reaches what commits, with the plugin's name, and nothing is committed."""

    class Strict:
        plugin_name = "strict"

        @hookimpl
        def sqlalchemy_before_commit(self, session: Session) -> None:
            if any(bird.name == "cuckoo" for bird in session.new):
                raise ValueError("no cuckoos")

    app.plugins.register(Strict())
    db_session.add(Bird(name="cuckoo"))
    with pytest.raises(ValueError, match="no cuckoos") as caught:
        db_session.commit()
    assert "strict" in "".join(caught.value.__notes__)
    db_session.rollback()
    assert db_session.scalar(select(func.count(Bird.id))) == 0


def test_before_commit_adds(app: Cocopot) -> None:
    """An object that the hook adds is part of the transaction."""

    class Mother:
        @hookimpl
        def sqlalchemy_before_commit(self, session: Session) -> None:
            session.add(Bird(name="egg"))

    app.plugins.register(Mother())
    db_session.add(Bird(name="wren"))
    db_session.commit()
    assert set(db_session.scalars(select(Bird.name))) == {"wren", "egg"}


@pytest.mark.parametrize("hook", ["sqlalchemy_after_commit", "sqlalchemy_after_rollback"])
def test_a_hook_that_raises(app: Cocopot, caplog: pytest.LogCaptureFixture, hook: str) -> None:
    """The other implementations run; it is logged with its plugin, and raised where exceptions propagate."""
    calls: list[str] = []

    def fail(session: Session) -> None:
        calls.append("fail")
        raise ValueError("no index")

    plugin = type("Index", (), {"plugin_name": "index", hook: staticmethod(hookimpl(fail))})
    app.plugins.register(plugin())
    end = db_session.commit if hook == "sqlalchemy_after_commit" else db_session.rollback
    db_session.scalar(select(literal(1)))
    end()
    assert f"implementations of {hook} failed" in caplog.text
    assert "index" in caplog.text
    app.testing = True
    db_session.scalar(select(literal(1)))
    with pytest.raises(ExceptionGroup):
        end()
    assert calls == ["fail", "fail"]
    app.testing = False


def test_sessions_of_no_context(app: Cocopot, recorder: Recorder) -> None:
    """A session of `db(app).sessionmaker` calls the hooks, and may be passed to `on_commit`."""
    calls: list[str] = []
    with db(app).sessionmaker() as session:
        session.add(Bird(name="wren"))
        db(app).on_commit(lambda: calls.append("called"), session=session)
        session.commit()
    assert calls == ["called"]
    assert recorder.calls == [("before", 1), ("after", False)]


@pytest.mark.parametrize("in_block", [False, True])
def test_an_audit_trail(tmp_path: Path, in_block: bool) -> None:
    """A plugin writes what was committed, and nothing of what was not."""
    app = make_app(tmp_path, Audit)
    AuditBase.metadata.create_all(db(app).engine)

    @app.post("/<name>")
    def add(name: str) -> str:
        if in_block:
            with db_session.begin():
                db_session.add(Bird(name=name))
        else:
            db_session.add(Bird(name=name))
            db_session.commit()
        return "added"

    app.logger.disabled = True
    client = app.test_client()
    assert [client.post(path).status_code for path in ("/wren", "/tit", "/wren")] == [200, 200, 500]
    with app.app_context():
        entries = db_session.scalars(select(Entry).order_by(Entry.id)).all()
        assert [(entry.action, entry.table, entry.path) for entry in entries] == [
            ("add", "shop_birds", "/wren"),
            ("add", "shop_birds", "/tit"),
        ]
        db_session.delete(db_session.scalars(select(Bird).where(Bird.name == "tit")).one())
        db_session.commit()
        assert db_session.scalars(select(Entry.action)).all()[-1] == "delete"
