"""The cookies of Flask are read, for the migration from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import flask
import pytest
from markupsafe import Markup

from cocopot import get_flashed_messages, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Cocopot

    MakeApp = Callable[..., Cocopot]


VALUES = {
    "user": 5,
    "pair": (1, [2]),
    "raw": b"\x00\xff",
    "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "id": UUID(int=7),
    "html": Markup("<b>"),
    "single": {" t": 1},
    "long": "coconut " * 100,
    "name": "\u00e4\U0001f95a",
    "_permanent": True,
}


def flask_cookie(
    key: str, values: dict[str, Any] | None = None, *, fallbacks: list[str] | None = None
) -> str:
    """Return the value of the cookie that Flask itself sets."""
    app = flask.Flask("shop")
    app.config.update(SECRET_KEY=key, SECRET_KEY_FALLBACKS=fallbacks)

    @app.get("/")
    def index() -> str:
        flask.session.update(VALUES if values is None else values)
        flask.flash("Welcome!", "success")
        return ""

    client = app.test_client()
    client.get("/")
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def app(make_app: MakeApp) -> Cocopot:
    return with_views(make_app())


def with_views(app: Cocopot) -> Cocopot:
    """Add views that read and end the session."""
    app.add_url_rule("/", "read", lambda: repr(sorted((k, v) for k, v in session.items() if k != "_flashes")))
    app.add_url_rule("/messages", "messages", lambda: get_flashed_messages(with_categories=True))

    @app.get("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    return app


def test_it_is_read(app: Cocopot) -> None:
    """The session of Flask is there, with its types and flash messages, and becomes one of this plugin."""
    client = app.test_client()
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"]))
    assert client.get("/messages").json == [["success", "Welcome!"]]
    assert client.get("/").text == repr(sorted(VALUES.items()))
    assert client.get_cookie("session") is None
    assert client.get_cookie("__Host-session") is not None


def test_with_the_same_name(make_app: MakeApp) -> None:
    """A cookie with the configured name is replaced."""
    app = with_views(make_app(SESSION_COOKIE_NAME="session"))
    client = app.test_client()
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"]))
    assert client.get("/").text == repr(sorted(VALUES.items()))
    assert client.get("/").text == repr(sorted(VALUES.items()))


def test_it_does_not_come_back(app: Cocopot) -> None:
    """After the user has signed out, the cookie of Flask is gone, too."""
    client = app.test_client()
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"]))
    client.get("/clear")
    assert client.get("/").text == "[]"
    assert client.get_cookie("session") is None


def test_with_an_earlier_key(app: Cocopot) -> None:
    """SECRET_KEY_FALLBACKS apply."""
    app.config["SECRET_KEY_FALLBACKS"] = ["the key that Flask had"]
    client = app.test_client()
    client.set_cookie("session", flask_cookie("the key that Flask had"))
    assert client.get("/").text == repr(sorted(VALUES.items()))


@pytest.mark.parametrize(
    "change", [lambda text: text[:-5], lambda text: "A" + text[1:], lambda text: "." + text]
)
def test_a_damaged_one(app: Cocopot, change: Callable[[str], str]) -> None:
    """It is an empty session."""
    client = app.test_client()
    client.set_cookie("session", change(flask_cookie(app.config["SECRET_KEY"])))
    assert client.get("/").text == "[]"


def test_of_another_key(app: Cocopot) -> None:
    """It is an empty session."""
    client = app.test_client()
    client.set_cookie("session", flask_cookie("another key"))
    assert client.get("/").text == "[]"


def test_switched_off(make_app: MakeApp) -> None:
    """SESSION_READ_FLASK = False ignores it."""
    app = with_views(make_app(SESSION_READ_FLASK=False))
    client = app.test_client()
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"]))
    assert client.get("/").text == "[]"


def test_own_sessions_come_first(app: Cocopot) -> None:
    """A cookie of this plugin is preferred."""
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["user"] = 6
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"]))
    assert client.get("/").text == "[('user', 6)]"


def test_it_moves_to_a_store(stored_app: Cocopot, store: Any) -> None:
    """With a store, the values are stored, and the cookie has an identifier."""
    client = with_views(stored_app).test_client()
    client.set_cookie("session", flask_cookie(stored_app.config["SECRET_KEY"]))
    assert client.get("/").text == repr(sorted(VALUES.items()))
    cookie = client.get_cookie("__Host-session")
    assert cookie is not None
    assert len(cookie.value) == 43
    assert client.get_cookie("session") is None
    assert len(store.sessions) == 1
    assert client.get("/").text == repr(sorted(VALUES.items()))


def test_the_same_values_are_as_large(app: Cocopot) -> None:
    """A session that fits into a cookie of Flask fits into one of this plugin."""
    client = app.test_client()
    client.set_cookie("session", flask_cookie(app.config["SECRET_KEY"], {"text": "x" * 1000}))
    client.get("/")
    cookie = client.get_cookie("__Host-session")
    assert cookie is not None
    assert len(cookie.value) < 500
