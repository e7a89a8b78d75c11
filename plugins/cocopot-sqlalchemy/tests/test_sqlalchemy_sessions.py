"""Sessions: one for each context, whose connection is returned in time."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import SQLAlchemy, db, db_session, stream_with_db
from databases.models import Bird, Shelf, checked_out, make_app
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, inspect, literal, select
from werkzeug.test import create_environ

from cocopot import (
    Cocopot,
    Request,
    abort,
    copy_current_request_context,
    hookimpl,
    request,
    stream_with_context,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session


ONE = select(literal(1))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Cocopot]:
    app = make_app(tmp_path)
    yield app
    db(app).close()


def session_of(request: Any) -> Session:
    session: Session = request.db
    return session


def count(app: Cocopot) -> int:
    with app.app_context():
        return db(app).session.scalar(select(func.count(Bird.id))) or 0


def test_three_ways_to_one_session(app: Cocopot) -> None:
    """`db(app).session`, `request.db` and the proxy are the session of the context."""
    seen: list[Any] = []

    @app.get("/")
    def index() -> str:
        seen.extend([db(app).session, request.db, db().session, db_session.bind])  # type: ignore[attr-defined]
        return "index"

    app.test_client().get("/")
    assert seen[0] is seen[1] is seen[2]
    assert seen[3] is db(app).engine
    with app.test_request_context():
        assert session_of(request) is not seen[0]


def test_it_is_opened_at_its_first_use(app: Cocopot) -> None:
    """A request without a query has no connection, and one that ends has none any more."""

    @app.get("/")
    def index() -> dict[str, int]:
        before = checked_out(app)
        session = session_of(request)
        opened = checked_out(app)
        session.scalar(select(literal(1)))
        return {"before": before, "opened": opened, "queried": checked_out(app)}

    assert app.test_client().get("/").json == {"before": 0, "opened": 0, "queried": 1}
    assert checked_out(app) == 0


def test_a_body_is_streamed_without_a_connection(app: Cocopot) -> None:
    """The connection is back before the first byte, also with the context of the request."""
    during = []

    @app.get("/")
    def index() -> Iterator[str]:
        db().session.scalar(select(literal(1)))

        def generate() -> Iterator[str]:
            during.append(checked_out(app))
            yield "tit"

        return stream_with_context(generate())

    assert app.test_client().get("/").text == "tit"
    assert during == [0]


def test_stream_with_db(app: Cocopot) -> None:
    """The view can keep the session for the stream; a lazy relationship works there."""

    @app.get("/")
    def index() -> Iterator[str]:
        shelf = Shelf(name="top", birds=[Bird(name="tit"), Bird(name="wren")])
        db().session.add(shelf)
        db().session.commit()

        @stream_with_db
        def generate() -> Iterator[str]:
            for bird in shelf.birds:
                yield f"{bird.name} {checked_out(app)} "

        return generate()

    assert app.test_client().get("/").text == "tit 1 wren 1 "
    assert checked_out(app) == 0


def test_a_stream_that_queries_by_itself(app: Cocopot) -> None:
    """With the request's context a generator may use the session; its end returns the connection."""

    @app.get("/")
    def index() -> Iterator[str]:
        return stream_with_context(str(db().session.scalar(select(literal(number)))) for number in (1, 2))

    assert app.test_client().get("/").text == "12"
    assert checked_out(app) == 0


def test_a_session_that_has_ended(app: Cocopot) -> None:
    """A plain generator that uses it raises an error with the cure, and checks no connection out."""

    @app.get("/birds")
    def index() -> Iterator[str]:
        session = db().session
        return (str(session.scalar(select(literal(number)))) for number in (1, 2))

    app.testing = True
    with pytest.raises(RuntimeError, match=r"ended with the request GET '/birds'.*stream_with_db"):
        app.test_client().get("/birds")
    assert checked_out(app) == 0


@pytest.mark.slow
def test_streams_that_are_aborted(tmp_path: Path) -> None:
    """After 10,000 streams that were abandoned, closed early or never begun no connection is checked out."""
    app = make_app(tmp_path, SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": False})
    opened = []

    @app.get("/<keeping>")
    def index(keeping: str) -> Iterator[str]:
        session = db().session
        session.scalar(ONE)
        keep = stream_with_db if keeping == "kept" else stream_with_context
        return keep(str(session.scalar(ONE)) for _ in range(3))

    environs = [create_environ("/kept"), create_environ("/plain")]
    for number in range(10_000):
        body: Any = app(dict(environs[number % 2]), lambda status, headers, error=None: print)
        if number % 4 < 2:
            assert next(iter(body)) == b"1"
            opened.append(checked_out(app))
        if number % 3:
            body.close()
        del body
    gc.collect()
    assert set(opened) == {1}
    assert checked_out(app) == 0
    db(app).close()


@pytest.mark.parametrize("path", ["raise", "abort", "handled", "hook", "render"])
def test_exceptions(app: Cocopot, path: str) -> None:
    """Whatever a request ends with, its work is rolled back and its connection returned."""

    @app.get("/<what>")
    def index(what: str) -> str:
        db().session.add(Bird(name="wren"))
        db().session.flush()
        if what == "raise":
            raise ValueError
        if what == "abort":
            abort(409)
        if what == "handled":
            raise KeyError
        return 5 if what == "render" else "index"  # type: ignore[return-value]

    @app.errorhandler(KeyError)
    def handle(error: KeyError) -> str:
        db().session.commit()  # nothing of the view
        return "handled"

    @app.after_request
    def check(response: Any) -> None:
        if request.path == "/hook":
            raise ValueError

    app.logger.disabled = True
    app.test_client().get(f"/{path}")
    assert (checked_out(app), count(app)) == (0, 0)


def test_hooks_at_any_time(app: Cocopot) -> None:
    """A hook of the teardown or after the response has a session too, which is closed."""
    seen = []

    class Late:
        @hookimpl
        def cocopot_after_request(self, request: Request) -> None:
            seen.append(session_of(request).scalar(select(literal(1))))

        @hookimpl
        def cocopot_teardown_request(self, request: Request) -> None:
            seen.append(session_of(request).scalar(select(literal(2))))

        @hookimpl
        def cocopot_response_closed(self) -> None:
            seen.append(db().session.scalar(select(literal(3))))

    app.plugins.register(Late())
    app.get("/")(lambda: "index")
    app.test_client().get("/").close()
    assert seen == [1, 2, 3]
    assert checked_out(app) == 0


def test_a_thread_has_a_session_of_its_own(app: Cocopot) -> None:
    """A copy of the request's context shares the request, and not the session."""

    @app.get("/")
    def index() -> str:
        own = session_of(request)
        own.scalar(select(literal(1)))

        @copy_current_request_context
        def work() -> bool:
            other = session_of(request)
            other.scalar(select(literal(1)))
            return other is own

        with ThreadPoolExecutor(1) as threads:
            assert not threads.submit(work).result()
        assert own.in_transaction()
        return "index"

    app.testing = True
    app.test_client().get("/")
    assert checked_out(app) == 0


def test_an_async_view(app: Cocopot) -> None:
    """A coroutine of the request has its session."""

    @app.get("/")
    async def index() -> str:
        return str(db().session.scalar(select(literal(7))))

    assert app.test_client().get("/").text == "7"
    assert checked_out(app) == 0


def test_application_contexts(app: Cocopot) -> None:
    """A command has a session as well; outside of a context, or in another application's, it raises."""
    with app.app_context():
        first = db(app).session
        first.scalar(select(literal(1)))
        with app.app_context():
            assert db(app).session is not first
    assert checked_out(app) == 0
    with pytest.raises(RuntimeError, match="outside of the application context"):
        _ = db(app).session
    with Cocopot("other", autoload=False).app_context(), pytest.raises(RuntimeError, match="'other'"):
        _ = db(app).session


def test_objects_are_detached_when_a_session_is_closed_by_hand(app: Cocopot) -> None:
    """`close` of a session resets it: the next use opens it again."""
    with app.app_context():
        db_session.add(Bird(name="wren"))
        db_session.commit()
        bird = db_session.scalars(select(Bird)).one()
        db_session.close()
        assert inspect(bird).detached
        assert db_session.scalar(select(func.count(Bird.id))) == 1


def test_a_context_that_a_test_client_keeps(app: Cocopot) -> None:
    """The connection is back with the end of the response; the objects can be used in the block."""
    kept: list[Bird] = []

    @app.get("/")
    def index() -> str:
        db_session.add(Bird(name="wren"))
        db_session.commit()
        kept.append(db_session.scalars(select(Bird)).one())
        return "index"

    with app.test_client() as client:
        client.get("/")
        assert checked_out(app) == 0
        assert kept[0].name == "wren"
    assert checked_out(app) == 0


def test_binds(app: Cocopot) -> None:
    """A table is in the database that the info of its metadata names."""
    log = Table("log", MetaData(info={"bind_key": "log"}), Column("id", Integer, primary_key=True))
    lost = Table("lost", MetaData(info={"bind_key": "lots"}), Column("id", Integer, primary_key=True))
    app.config["SQLALCHEMY_BINDS"] = {"log": "sqlite://"}
    db(app).close()
    log.metadata.create_all(db(app).engines["log"])
    with app.app_context():
        db_session.execute(insert(log).values(id=3))
        db_session.add(Bird(name="wren"))
        db_session.commit()
        assert db_session.scalar(select(log.c.id)) == 3
        assert db_session.scalar(select(Bird.name)) == "wren"
        with pytest.raises(LookupError, match=r"no database 'lots'.*default, log"):
            db_session.execute(select(lost))


def test_the_options_of_sessions(tmp_path: Path) -> None:
    """SQLALCHEMY_SESSION_OPTIONS are the arguments of each session."""
    app = make_app(tmp_path, SQLALCHEMY_SESSION_OPTIONS={"expire_on_commit": False})
    with app.app_context():
        assert db(app).session.expire_on_commit is False


def test_a_request_without_the_database_makes_no_call(app: Cocopot) -> None:
    """No function of the plugin runs for a request that does not use it: a page, an error, a 404."""
    app.get("/", endpoint="index")(lambda: "index")
    app.get("/error", endpoint="error")(lambda: str(1 / 0))
    app.register_error_handler(ZeroDivisionError, lambda error: ("error", 500))
    client, calls = app.test_client(), []

    def profile(frame: Any, event: str, argument: object) -> None:
        if event == "call" and str(frame.f_globals.get("__name__")).startswith(("sqlalchemy", "cocopot_sql")):
            calls.append(frame.f_code.co_qualname)

    for path in ("/", "/error", "/nowhere"):
        client.get(path)
        sys.setprofile(profile)
        try:
            client.get(path)
        finally:
            sys.setprofile(None)
    assert calls == []


def test_changes_that_are_not_committed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In debug mode, a warning reports that the changes of a request are lost."""
    app = make_app(tmp_path, DEBUG=True)

    @app.get("/<name>")
    def index(name: str) -> str:
        db_session.add(Bird(name=name))
        if name == "wren":
            db_session.commit()
        if name == "flushed":
            db_session.flush()
        return name

    for path in ("/wren", "/tit", "/flushed"):
        app.test_client().get(path)
    assert [record.getMessage()[:30] for record in caplog.records if "committed" in record.msg] == [
        "sqlalchemy: the request GET '/",
        "sqlalchemy: the request GET '/",
    ]


def test_a_plugin_that_is_registered_by_name() -> None:
    """An application has the plugin once."""
    assert Cocopot("shop", autoload=False, plugins=[SQLAlchemy]).plugins.has_plugin("sqlalchemy")
