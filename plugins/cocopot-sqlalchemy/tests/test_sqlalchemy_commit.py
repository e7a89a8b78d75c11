"""The commit policy: explicit, or before the response is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import db, db_session, stream_with_db
from databases.models import Bird, checked_out, make_app
from sqlalchemy import select

from cocopot import Cocopot, Response, abort, hookimpl, stream_with_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def names(app: Cocopot) -> list[str]:
    with app.app_context():
        return list(db_session.scalars(select(Bird.name).order_by(Bird.name)))


def add_routes(app: Cocopot) -> Cocopot:
    @app.get("/<name>")
    def index(name: str) -> Any:
        db_session.add(Bird(name=name))
        if name == "abort":
            abort(404)
        if name == "raise":
            raise ZeroDivisionError
        if name == "handled":
            raise KeyError
        return name, {"status400": 400, "status302": 302}.get(name, 200)

    @app.errorhandler(KeyError)
    def handle(error: KeyError) -> str:
        return "handled"

    app.logger.disabled = True
    return app


def test_explicit(tmp_path: Path) -> None:
    """By default nothing is committed that the view has not committed."""
    app = add_routes(make_app(tmp_path))
    assert app.test_client().get("/wren").text == "wren"
    assert names(app) == []


def test_response(tmp_path: Path) -> None:
    """With "response" a response below 400 commits; an exception rolls back, also one that is handled."""
    app = add_routes(make_app(tmp_path, SQLALCHEMY_COMMIT="response"))
    for name in ("wren", "status302", "status400", "abort", "raise", "handled"):
        app.test_client().get(f"/{name}")
    assert names(app) == ["status302", "wren"]
    assert checked_out(app) == 0


@pytest.mark.parametrize("policy", ["explicit", "response"])
def test_the_route_option(tmp_path: Path, policy: str) -> None:
    """A route may have another policy than the application."""
    app = make_app(tmp_path, SQLALCHEMY_COMMIT=policy)

    @app.get("/commits", commit=True)
    def commits() -> str:
        db_session.add(Bird(name="committed"))
        return ""

    @app.get("/explicit", commit=False)
    def explicit() -> str:
        db_session.add(Bird(name="explicit"))
        return ""

    for path in ("/commits", "/explicit"):
        app.test_client().get(path)
    assert names(app) == ["committed"]


def test_after_request_hooks(tmp_path: Path) -> None:
    """It commits the work of after-request hooks, and none of a response that one of them makes an error."""

    class Late:
        @hookimpl
        def cocopot_after_request(self, response: Response) -> None:
            db_session.add(Bird(name="late"))
            if response.get_data(as_text=True) == "refused":
                response.status_code = 403
            if response.get_data(as_text=True) == "broken":
                raise ValueError

    app = add_routes(make_app(tmp_path, Late, SQLALCHEMY_COMMIT="response"))
    for name in ("refused", "broken"):
        app.test_client().get(f"/{name}")
    assert names(app) == []
    app.test_client().get("/wren")
    assert names(app) == ["late", "wren"]


def test_a_commit_that_fails(tmp_path: Path) -> None:
    """The client gets a 500, and none of a response that was not true."""
    app = add_routes(make_app(tmp_path, SQLALCHEMY_COMMIT="response"))
    assert [app.test_client().get("/wren").status_code for _ in range(2)] == [200, 500]
    assert checked_out(app) == 0
    assert app.test_client().get("/tit").status_code == 200


@pytest.mark.parametrize("keep", [stream_with_context, stream_with_db])
def test_a_stream(tmp_path: Path, keep: Any) -> None:
    """It commits before the first byte, and returns the connection unless the view keeps it."""
    app = make_app(tmp_path, SQLALCHEMY_COMMIT="response")
    during = []

    @app.get("/")
    def index() -> Iterator[str]:
        bird = Bird(name="wren")
        db_session.add(bird)
        db_session.flush()

        def generate() -> Iterator[str]:
            during.append((checked_out(app), db().session.is_modified(bird), bird in db_session))
            yield "sent"

        result: Iterator[str] = keep(generate())
        return result

    assert app.test_client().get("/").text == "sent"
    assert during == [(0, False, keep is stream_with_db)]
    assert names(app) == ["wren"]


def test_a_session_that_was_not_used(tmp_path: Path) -> None:
    """A session without a query calls no hook of a commit; one that waits for it gets its commit."""
    calls: list[str] = []

    class Recorder:
        @hookimpl
        def sqlalchemy_after_commit(self) -> None:
            calls.append("hook")

    app = make_app(tmp_path, Recorder, SQLALCHEMY_COMMIT="response")

    @app.get("/<what>")
    def index(what: str) -> str:
        db().session.autoflush = True
        if what == "waits":
            db().on_commit(lambda: calls.append("function"))
        return what

    app.test_client().get("/unused")
    assert calls == []
    app.test_client().get("/waits")
    assert calls == ["function", "hook"]


def test_a_request_without_the_database(tmp_path: Path) -> None:
    """With "response" too, a request that does not use the database opens no session."""
    app = make_app(tmp_path, SQLALCHEMY_COMMIT="response")
    app.get("/")(lambda: "index")
    with app.test_client() as client:
        client.get("/")
        from cocopot import g

        assert list(g) == []


def test_an_application_that_is_started_again(tmp_path: Path) -> None:
    """The policy is that of the last start."""
    app = add_routes(make_app(tmp_path, SQLALCHEMY_COMMIT="response"))
    app.test_client().get("/wren")
    app.close()
    app.config["SQLALCHEMY_COMMIT"] = "explicit"
    app.test_client().get("/tit")
    assert names(app) == ["wren"]
