"""The built-in implementation that answers HTTP exceptions with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Response, abort, hookimpl, redirect
from cocopot.exceptions import HTTPException, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 500, 503])
def test_page(app: Cocopot, code: int) -> None:
    """Each status has a page that names it."""
    app.add_url_rule("/", "index", lambda: abort(code, description="Because of the rain."))
    response = app.test_client().get("/")
    assert response.status_code == code
    assert response.mimetype == "text/html"
    assert f"<title>{response.status.split(' ')[0]} " in response.text
    assert "Because of the rain." in response.text


def test_headers(app: Cocopot) -> None:
    """The headers of the exception are sent."""

    def wait() -> str:
        raise TooManyRequests(retry_after=30)

    app.add_url_rule("/", "index", wait)
    response = app.test_client().get("/")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "30")


def test_method_not_allowed_names_the_methods(app: Cocopot) -> None:
    """A 405 states which methods are allowed (RFC 9110, section 15.5.6)."""
    app.add_url_rule("/", "index", lambda: "index", methods=["PUT"])
    response = app.test_client().get("/")
    assert (response.status_code, set(response.allow)) == (405, {"PUT", "OPTIONS"})


def test_text_is_escaped(app: Cocopot) -> None:
    """What comes from the client is not a markup in the page."""
    app.add_url_rule("/<name>", "view", lambda name: abort(404, description=name))
    assert "<script>" not in app.test_client().get("/<script>").text


@pytest.mark.parametrize(
    "made", [lambda: Response("made", 409), lambda: redirect("/elsewhere", 303)], ids=["response", "redirect"]
)
def test_abort_with_a_response(app: Cocopot, made: Callable[[], Response]) -> None:
    """A response that is raised is sent as it is."""
    app.add_url_rule("/", "index", lambda: abort(made()))
    response = app.test_client().get("/")
    assert (response.status_code, response.data) == (made().status_code, made().data)


def test_own_exception(app: Cocopot) -> None:
    """An HTTP exception of the application's own is answered with its code."""

    class Overdrawn(HTTPException):
        code = 402
        description = "No money left."

    def pay() -> Any:
        raise Overdrawn

    app.add_url_rule("/", "index", pay)
    response = app.test_client().get("/")
    assert (response.status_code, "No money left." in response.text) == (402, True)


def test_runs_last(app: Cocopot) -> None:
    """A plugin that answers HTTP exceptions comes before, and an error handler before that."""

    class Problems:
        @hookimpl
        def cocopot_handle_exception(self, exc: Exception) -> Any:
            return {"plugin": getattr(exc, "code", None)}

    app.plugins.register(Problems(), "problems")
    app.errorhandler(405)(lambda _: "handler")
    app.add_url_rule("/", "index", lambda: "index")
    client = app.test_client()
    assert (client.get("/missing").json, client.post("/").text) == ({"plugin": 404}, "handler")


def test_leaves_others_alone(app: Cocopot) -> None:
    """Other exceptions are not answered, so that they are reported."""
    with app.test_request_context("/") as context:
        hook = app.plugins.hook.cocopot_handle_exception
        assert hook(app=app, request=context.request, exc=ValueError()) is None
        error = TooManyRequests()
        assert hook(app=app, request=context.request, exc=error) is error
