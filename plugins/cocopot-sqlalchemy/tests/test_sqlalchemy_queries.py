"""The queries of requests, as a developer sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import Query, db, db_session
from databases.audit import Audit, AuditBase
from databases.models import Bird, Shelf, make_app
from sqlalchemy import literal, select, text
from sqlalchemy.exc import DBAPIError

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from pathlib import Path


def query_count(header: str) -> str:
    return header.partition('desc="')[2].partition('"')[0]


def add_view(app: Cocopot) -> Cocopot:
    @app.get("/")
    def index() -> str:
        db_session.scalar(select(Bird.id).where(Bird.name == "secret"))
        return "index"

    return app


def test_the_queries_of_a_request(tmp_path: Path) -> None:
    """In debug mode there are statement, masked parameters, duration, plugin and place of each."""
    app, seen = add_view(make_app(tmp_path, DEBUG=True)), []
    app.after_request(lambda response: seen.extend(db().queries.of_context()))
    response = app.test_client().get("/")
    assert query_count(response.headers["Server-Timing"]) == "1 query"
    (query,) = seen
    assert "FROM shop_birds" in query.statement
    assert query.parameters == {"name_1": "<str of 6>"}
    assert (query.plugin, query.engine, query.error) == (None, "default", None)
    assert query.duration > 0
    assert query.place.endswith("in add_view.<locals>.index")
    assert "test_sqlalchemy_queries.py:" in query.place


def test_without_debug_mode(tmp_path: Path) -> None:
    """Nothing is recorded, and no listener is on the engine; the configuration can demand it."""
    app = add_view(make_app(tmp_path))
    response = app.test_client().get("/")
    assert "Server-Timing" not in response.headers
    assert db(app).queries.totals() == {}
    app = add_view(make_app(tmp_path, SQLALCHEMY_RECORD_QUERIES=True))
    assert "Server-Timing" in app.test_client().get("/").headers


def test_plugins(tmp_path: Path) -> None:
    """Queries of a plugin are attributed to it, and counted by plugin."""

    class Greeting:
        plugin_name = "greeting"

        @hookimpl
        def cocopot_before_request(self) -> None:
            db_session.scalar(select(literal(1)))
            self.ask()

        def ask(self) -> None:
            db_session.scalar(select(literal(2)))

    app = add_view(make_app(tmp_path, Greeting, Audit, DEBUG=True))
    AuditBase.metadata.create_all(db(app).engine)

    @app.post("/")
    def add() -> str:
        db_session.add(Bird(name="wren"))
        db_session.commit()
        return ""

    app.test_client().post("/")
    totals = db(app).queries.totals()
    assert totals["greeting"].count == 2
    assert totals["audit"].count == 1
    assert totals["audit"].duration > 0


def test_equal_statements(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """More than ten equal statements of a request are reported once, with plugin and place."""
    app = make_app(tmp_path, DEBUG=True)
    with app.app_context():
        db_session.add_all(Shelf(name=str(number)) for number in range(11))
        db_session.commit()

    @app.get("/<int:number>")
    def index(number: int) -> str:
        shelves = db_session.scalars(select(Shelf).limit(number)).all()
        return str([len(shelf.birds) for shelf in shelves])

    for number in (10, 11):
        app.test_client().get(f"/{number}")
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "GET '/11' has sent a statement 11 times" in warnings[0]
    assert "test_sqlalchemy_queries.py" in warnings[0]
    assert "the application" in warnings[0]


def test_a_statement_that_fails(tmp_path: Path) -> None:
    """It is recorded with its error."""
    app = make_app(tmp_path, DEBUG=True)
    with app.app_context():
        with pytest.raises(DBAPIError):
            db_session.execute(text("SELECT * FROM nowhere WHERE id = :id"), {"id": b"123"})
        (query,) = db().queries.of_context()
    assert (query.error, query.parameters) == ("OperationalError", {"id": "<bytes of 3>"})


def test_observers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A callback is notified of each query, without debug mode too; one that raises is logged."""
    app = add_view(make_app(tmp_path))
    seen: list[Query] = []

    def fail(query: Query) -> None:
        raise ValueError("no metrics")

    removes = [db(app).queries.observe(callback) for callback in (fail, seen.append)]
    assert app.test_client().get("/").status_code == 200
    assert [query.place.rpartition(".")[2] for query in seen] == ["index"]
    assert "ValueError: no metrics" in caplog.text
    for remove in removes:
        remove()
    app.test_client().get("/")
    assert len(seen) == 1


def test_many_parameters(tmp_path: Path) -> None:
    """Of a statement for many rows the first ones are shown."""
    app = make_app(tmp_path, DEBUG=True)
    with app.app_context():
        rows: list[dict[str, Any]] = [{"id": number, "name": str(number)} for number in range(50)]
        db_session.execute(Bird.__table__.insert(), rows)  # type: ignore[attr-defined]  # a table
        parameters: Any = db().queries.of_context()[-1].parameters
    assert len(parameters) == 10
    assert parameters[0] == {"id": 0, "name": "<str of 1>"}
