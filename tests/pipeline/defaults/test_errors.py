"""The built-in implementation that answers HTTP exceptions with themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import default_exceptions
from werkzeug.test import create_environ

from cocopot import Cocopot, Response, abort, hookimpl, redirect
from cocopot.exceptions import (
    BadRequestKeyError,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    TooManyRequests,
    Unauthorized,
)

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


# -------------------------------------------------------------------------
# Pages, compared with Werkzeug's
# -------------------------------------------------------------------------


class OwnDescription(HTTPException):
    """An error whose description is made when it is read."""

    code = 418

    def get_description(self, environ: Any = None, scope: Any = None) -> str:
        return "<p>own</p>"


class OwnBody(HTTPException):
    """An error with a page of its own."""

    code = 409

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        return '{"error": "conflict"}'

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [("Content-Type", "application/json"), ("X-Own", "1")]


class OwnHeaders(HTTPException):
    """An error with a further header."""

    code = 402

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [*super().get_headers(environ, scope), ("X-Own", "1")]


#: An error with a name and a code of its own.
OwnName = type("OwnName", (HTTPException,), {"code": 299, "name": "<Own>"})
ERRORS: list[type[HTTPException]] = [
    *default_exceptions.values(),
    *(BadRequestKeyError, OwnDescription, OwnBody, OwnName, OwnHeaders),
]
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cs"]) | st.sampled_from("&<>'\"\n\r\t"))


@given(cls=st.sampled_from(ERRORS), text=st.none() | TEXTS | TEXTS.map(Markup), code=st.none() | st.just(422))
def test_pages_are_those_of_werkzeug(cls: type[HTTPException], text: str | None, code: int | None) -> None:
    """Body and content type are the same bytes, whatever the description is."""
    error = cls() if text is None else cls(description=text)
    if code is not None:
        error.code = code
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", raising(error))
    try:
        expected = error.get_response(create_environ())
        expected.data  # noqa: B018 - encodes it
    except UnicodeEncodeError:
        assert app.test_client().get("/").status_code == 500
        return
    response = app.test_client().get("/")
    assert (response.status_code, response.data) == (expected.status_code, expected.data)
    assert sorted(response.headers) == sorted(expected.headers)


@pytest.mark.parametrize(
    "error",
    [
        TooManyRequests(retry_after=30),
        TooManyRequests("text", retry_after=datetime(2026, 1, 2, tzinfo=UTC)),
        Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "\xe4"})),
        Unauthorized(www_authenticate=[WWWAuthenticate("basic"), WWWAuthenticate("bearer")]),
        RequestedRangeNotSatisfiable(10),
        MethodNotAllowed(["GET", "PUT"]),
        MethodNotAllowed([]),
    ],
)
def test_headers_are_those_of_werkzeug(error: HTTPException) -> None:
    """Status, headers and body are equal, whether the exception has headers or not."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", raising(error))
    expected, response = error.get_response(create_environ()), app.test_client().get("/")
    assert (response.status_code, response.data) == (expected.status_code, expected.data)
    assert sorted(response.headers) == sorted(expected.headers)


def raising(error: HTTPException) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


@pytest.mark.parametrize("cls", [NotFound, OwnBody, MethodNotAllowed])
def test_page_with_another_default_type(monkeypatch: pytest.MonkeyPatch, cls: type[HTTPException]) -> None:
    """A page keeps its content type where responses have another default."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", raising(cls()))
    monkeypatch.setattr(Response, "default_mimetype", "text/plain")
    expected = dict(cls().get_headers())["Content-Type"]
    assert app.test_client().get("/").headers["Content-Type"] == expected


@pytest.mark.parametrize("with_hook", [False, True])
def test_response_of_an_exception_is_changed_by_hooks(with_hook: bool) -> None:
    """A response that is raised is that very object, also for the after-request functions."""
    app = Cocopot(__name__, autoload=False)
    seen: list[Response] = []
    made = Response("made", 409)
    app.add_url_rule("/", "index", raising(HTTPException(response=made)))
    if with_hook:
        app.after_request(seen.append)
    assert app.test_client().get("/").status_code == 409
    assert seen == ([made] if with_hook else [])


def test_error_of_an_after_request_function_names_what_was_handled() -> None:
    """An exception of a hook after an error handler has the first one as its context."""
    app = Cocopot(__name__, autoload=False)
    app.testing = True
    app.add_url_rule("/", "index", raising(NotFound()))
    app.after_request(lambda response: int(response.headers["Content-Type"]))
    with pytest.raises(ValueError, match="invalid literal") as raised:
        app.test_client().get("/")
    assert isinstance(raised.value.__context__, NotFound)
