"""The fast path does what the plain path does, and is taken by the endpoints that it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Blueprint, Cocopot, Request, Response, abort, after_this_request, hookimpl, request
from cocopot.pipeline import fastpath, lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class ViewError(Exception):
    """An error of a view."""


class DocumentError(Exception):
    """An error that is answered with a document."""


class OwnStr(str):
    """A text that is not a plain one."""

    __slots__ = ()


class OwnResponse(Response):
    """A response that is not a plain one."""


def with_after_this_request() -> str:
    @after_this_request
    def change(response: Response) -> Response:
        response.headers["X-After"] = "1"
        return response

    return "text"


def raising(error: BaseException) -> Callable[..., Any]:
    def view(*_: object) -> Any:
        raise error

    return view


def with_function(function: Callable[[Any], Any]) -> str:
    after_this_request(function)
    return "text"


VIEWS: dict[str, Callable[..., Any]] = {
    "text": lambda: "text",
    "empty": lambda: "",
    "umlaut": lambda: "\xe4\u20ac",
    "surrogate": lambda: "\ud800",
    "own-text": lambda: OwnStr("text"),
    "bytes": lambda: b"bytes",
    "headers": lambda: ("text", {"X-Own": "1"}),
    "content-type": lambda: ("text", {"Content-Type": "text/plain"}),
    "length": lambda: ("text", {"content-length": "4"}),
    "location": lambda: ("text", {"Location": "/elsewhere"}),
    "bad-name": lambda: ("text", {"X Own": "1"}),
    "line-break": lambda: ("text", {"X-Own": "1\r\nX-Other: 2"}),
    "no-text": lambda: ("text", {"X-Own": 1}),
    "status": lambda: ("text", 201),
    "list": lambda: ("text", [("X-Own", "1")]),
    "headers-object": lambda: ("text", Headers([("X-Own", "1"), ("X-Own", "2")])),
    "headers-tuple": lambda: ("text", 201, (("X-Own", "1"), ("Content-Type", "text/plain"))),
    "headers-empty": lambda: ("text", ()),
    "headers-texts": lambda: ("text", ("X-Own", "1")),
    "three": lambda: ("text", 201, {"X-Own": "1"}),
    "four": lambda: ("text", {"X-Own": "1"}, 200, None),
    "middle": lambda: ("text", {"X-Own": "1"}, 200),
    "one": lambda: ("text",),
    "bytes-headers": lambda: (b"text", {"X-Own": "1"}),
    "none-body": lambda: (None, {"X-Own": "1"}),
    "dict": lambda: {"a": 1},
    "json-list": lambda: [1, 2],
    "response": lambda: Response("text", 202, {"X-Own": "1"}),
    "own-response": lambda: OwnResponse("text"),
    "werkzeug": lambda: WerkzeugResponse("text"),
    "iterator": lambda: iter(["a", "b"]),
    "wsgi": lambda: Response("inner"),
    "nothing": lambda: None,
    "number": lambda: 42,
    "abort": lambda: abort(403),
    "key": raising(KeyError("a")),
    "handled": raising(ViewError()),
    "handled-document": raising(DocumentError()),
    "abort-text": lambda: abort(400, "<a> & b"),
    "abort-response": lambda: abort(Response("made", 409)),
    "abort-allow": lambda: abort(405, ["GET"]),
    "abort-handled": lambda: abort(410),
    "missing-key": lambda: request.args["missing"],
    "response-status": lambda: (Response("text"), 201),
    "response-line": lambda: (Response("text"), "299 Own"),
    "response-headers": lambda: (Response("text", headers={"X-Own": "0"}), {"X-Own": "1"}),
    "response-nothing": lambda: (Response("text"), None),
    "response-cookies": lambda: (Response("text"), 404, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "response-type": lambda: (Response("text"), 404, {"Content-Type": "text/plain"}),
    "response-location": lambda: (Response("text"), 302, {"Location": "/elsewhere"}),
    "response-bad-name": lambda: (Response("text"), 201, {"X Own": "1"}),
    "response-bad-status": lambda: (Response("text"), 999, {"X-Own": "1"}),
    "response-number": lambda: (Response("text"), 201, {"X-Own": 1}),
    "response-four": lambda: (Response("text"), 201, {"X-Own": "1"}, None),
    "after-this": with_after_this_request,
    "after-this-none": lambda: with_after_this_request() and None,
    "after-this-document": lambda: {"a": with_after_this_request()},
    "after-this-raises": lambda: with_function(raising(ViewError())),
    "after-this-text": lambda: with_function(lambda _: "text"),
}


class Plain(Cocopot):
    """An application that cannot take the fast path: a step is overridden with what it does anyway."""

    def full_dispatch_request(self) -> Response:
        """Run the request as the base class does."""
        return super().full_dispatch_request()


class Recording:
    """A plugin that records the hooks of a request."""

    def __init__(self, seen: list[str], before: Any = None) -> None:
        self.seen = seen
        self.answer = before

    @hookimpl
    def cocopot_request_started(self) -> None:
        self.seen.append("started")

    @hookimpl
    def cocopot_url_value_preprocessor(self, endpoint: str | None) -> None:
        self.seen.append(f"preprocess {endpoint}")

    @hookimpl
    def cocopot_before_request(self) -> Any:
        self.seen.append("before")
        return self.answer

    @hookimpl
    def cocopot_after_request(self, response: Response) -> Response:
        self.seen.append(f"after {response.status}")
        response.headers["X-Hook"] = "1"
        return response

    @hookimpl
    def cocopot_got_request_exception(self, exc: Exception) -> None:
        self.seen.append(f"got {exc!r}")

    @hookimpl
    def cocopot_teardown_request(self, exc: BaseException | None) -> None:
        self.seen.append(f"teardown {exc!r}")

    @hookimpl
    def cocopot_teardown_app_context(self, exc: BaseException | None) -> None:
        self.seen.append(f"app {exc!r}")


class Replacing:
    """A plugin whose after-request hook returns what is not a response, from a wrapper."""

    @hookimpl(wrapper=True)
    def cocopot_after_request(self) -> Generator[None, Any, Any]:
        yield
        return "text"


class Observing:
    """A plugin that is notified of the end of each response."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    @hookimpl
    def cocopot_response_closed(self, response: Response, exc: BaseException | None) -> None:
        self.seen.append(f"closed {response.status} {exc!r}")


class Dispatching:
    """A plugin with a wrapper around the view, such as for a transaction."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
        try:
            value = yield
        except Exception as error:
            self.seen.append(f"raised {error!r}")
            raise
        self.seen.append(f"returned {type(value).__name__}")
        return None if value == "text" else value


def make(cls: type[Cocopot], plugins: str, seen: list[str]) -> Cocopot:
    """Return an application with all views, and the plugins of one of the variants."""
    variants: dict[str, list[object]] = {
        "none": [],
        "unhandled": [],
        "hooks": [Recording(seen)],
        "before": [Recording(seen, "from the hook")],
        "replacing": [Replacing()],
        "observing": [Observing(seen)],
        "all": [Observing(seen), Dispatching(seen), Recording(seen)],
        "dispatching": [Dispatching(seen), Recording(seen)],
    }
    app = cls("paths", autoload=False, static_folder=None, plugins=variants[plugins])
    blueprint = Blueprint("bp", __name__, url_prefix="/bp")
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view)
        blueprint.add_url_rule(f"/{name}", name, view)
    app.add_url_rule("/<int:n>", "number-of-url", lambda n: f"{n}", methods=["GET", "POST"])
    app.add_url_rule("/folder/", "folder", lambda: "folder", methods=["GET", "POST"])
    app.add_url_rule("/folder/<int:n>/", "inner", lambda n: f"{n}", methods=["GET", "POST"])
    if plugins != "unhandled":
        app.register_error_handler(ViewError, lambda _: ("handled", 418))
        app.register_error_handler(DocumentError, lambda _: ({"a": 1}, 422, {"X-Own": "1"}))
        app.register_error_handler(410, lambda error: error)
    if plugins != "none":
        blueprint.after_request(lambda _: seen.append("bp"))
    app.register_blueprint(blueprint)
    app.logger.disabled = True
    return app


def exchange(app: Cocopot, path: str, method: str) -> tuple[Any, ...]:
    """Return what the server would receive of one request."""
    body, status, headers = run_wsgi_app(app, create_environ(path, method=method))
    content = b"".join(body)
    if (close := getattr(body, "close", None)) is not None:
        close()
    return content, status, sorted(headers)


@pytest.mark.parametrize(
    "plugins", ["none", "unhandled", "hooks", "before", "replacing", "dispatching", "observing", "all"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "delete"])
def test_the_paths_agree(plugins: str, method: str) -> None:
    """Whatever a view returns or raises, both paths send the same and call the same hooks."""
    fast_seen: list[str] = []
    plain_seen: list[str] = []
    fast, plain = make(Cocopot, plugins, fast_seen), make(Plain, plugins, plain_seen)
    paths = [f"{prefix}/{name}" for name in VIEWS for prefix in ("", "/bp")]
    for path in [*paths, "/7", "/nowhere", "/bp/nowhere", "/folder", "/folder/7", "/folder/x", "/7/"]:
        assert exchange(fast, path, method) == exchange(plain, path, method), path
        assert fast_seen == plain_seen, path


class JsonResponse(Response):
    default_mimetype = "application/json"


class UnusualResponse(Response):
    default_mimetype = "application/x-own"
    default_status = 299
    autocorrect_location_header = True


class MarkedResponse(Response):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers["X-Marked"] = "1"


class LateResponse(Response):
    def get_wsgi_headers(self, environ: Any) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["X-Late"] = "1"
        return headers


class ForcingResponse(Response):
    @classmethod
    def force_type(cls, response: Any, environ: Any = None) -> Any:
        forced = super().force_type(response, environ)
        forced.headers["X-Forced"] = "1"
        return forced


@pytest.mark.parametrize(
    ("response_class", "is_fast"),
    [
        *((JsonResponse, True), (UnusualResponse, True), (ForcingResponse, True)),
        *((MarkedResponse, False), (LateResponse, False)),
    ],
)
@pytest.mark.parametrize("plugins", ["none", "hooks"])
def test_the_paths_agree_for_a_class_of_responses(
    plugins: str, response_class: type[Response], is_fast: bool
) -> None:
    """They agree with a class of the application's own, which may end the fast path."""
    fast, plain = make(Cocopot, plugins, []), make(Plain, plugins, [])
    fast.response_class = plain.response_class = response_class
    assert (fast.pipeline_for("text").serve is fastpath.serve) is is_fast
    for path in [*(f"/{name}" for name in VIEWS), "/nowhere", "/folder"]:
        for method in ("GET", "HEAD", "DELETE"):
            assert exchange(fast, path, method) == exchange(plain, path, method), path


def test_which_path_is_taken() -> None:
    """The comparison above compares two paths."""
    fast, plain = make(Cocopot, "hooks", []), make(Plain, "hooks", [])
    for endpoint in ("text", "bp.text", None):
        assert fast.pipeline_for(endpoint).serve is fastpath.serve
        assert plain.pipeline_for(endpoint).serve is lifecycle.serve


def test_what_is_raised_in_spite_of_it() -> None:
    """An error of the router is raised where that has an effect."""
    app = make(Cocopot, "unhandled", [])
    client = app.test_client()
    assert client.get("/nowhere").status_code == 404
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    assert client.get("/nowhere").status_code == 500
    app.config.update(TRAP_HTTP_EXCEPTIONS=False, DEBUG=True)
    assert "matches no rule" in client.get("/nowhere").text
    app.config["DEBUG"] = False
    app.raise_routing_exception = lambda request: abort(418)  # type: ignore[method-assign]
    assert client.get("/nowhere").status_code == 418


class OtherDispatch:
    @hookimpl
    def cocopot_dispatch_request(self) -> str:
        return "other"


class OtherResponse:
    @hookimpl
    def cocopot_make_response(self, value: object) -> Response:
        return Response(f"made of {value}")


@pytest.mark.parametrize(
    ("plugin", "text", "serve"),
    [(OtherDispatch, "other", fastpath.serve), (OtherResponse, "made of text", lifecycle.serve)],
)
def test_other_implementations(plugin: type, text: str, serve: object) -> None:
    """An implementation that makes responses ends the fast path; without it the path is taken again."""
    app = make(Cocopot, "none", [])
    assert app.test_client().get("/text").text == "text"
    app.plugins.register(plugin(), "other")
    assert app.pipeline_for("text").serve is serve
    assert app.test_client().get("/text").text == text
    app.plugins.unregister(name="other")
    assert app.pipeline_for("text").serve is fastpath.serve
    assert app.test_client().get("/text").text == "text"


def test_another_class_of_responses_ends_the_fast_path() -> None:
    """A class of responses that is assigned between requests is used from the next one on."""
    app = make(Cocopot, "none", [])
    assert "X-Own" not in app.test_client().get("/text").headers

    class Marked(Response):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.headers["X-Own"] = "1"

    app.response_class = Marked
    assert app.test_client().get("/text").headers["X-Own"] == "1"


def test_another_class_of_requests_keeps_it() -> None:
    """A subclass of requests changes nothing about how the response is made."""
    app = make(Cocopot, "none", [])
    app.request_class = type("OwnRequest", (Request,), {})
    assert app.test_client().get("/7").text == "7"


def sent(app: Any, method: str) -> tuple[Any, ...]:
    """Return status, headers and body that a WSGI application sends, or the exception that it raises."""
    seen: list[Any] = []
    environ = {**create_environ(), "REQUEST_METHOD": method}
    try:
        body = b"".join(app(environ, lambda status, headers, _=None: seen.extend((status, headers))))
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error), str(error)
    return (*seen, body)


def app_that_returns(value: Any) -> Cocopot:
    """Return an application with one view, whose exceptions are raised again."""
    app = Cocopot("texts", autoload=False, static_folder=None)
    app.testing = True
    app.add_url_rule("/", "index", lambda: value, methods=["GET", "POST"])
    return app


NAMES = st.sampled_from(
    ["X-A", "x-a", "X-B", "Content-Type", "content-type", "Content-Length", "Location", "", "no token"]
)
VALUES = st.one_of(st.text(alphabet="a\xe9\n\r \u20ac", max_size=4), st.integers(0, 9), st.none())


@settings(deadline=None)
@given(
    text=st.text(max_size=5),
    headers=st.none() | st.dictionaries(NAMES, VALUES, max_size=3),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_a_text_is_sent_as_a_response_would_be(text: str, headers: Any, method: str) -> None:
    """A text, and one with headers, is sent as `Response(text, None, headers)` would be."""
    app = app_that_returns(text if headers is None else (text, headers))

    def expected(environ: Any, start_response: Any) -> Any:
        return Response(text, None, headers)(environ, start_response)

    assert sent(app, method) == sent(expected, method)


@pytest.mark.parametrize(("name", "value"), [("default_mimetype", "text/plain"), ("default_status", 201)])
@pytest.mark.parametrize("with_hook", [False, True])
def test_changed_defaults(monkeypatch: pytest.MonkeyPatch, name: str, value: Any, with_hook: bool) -> None:
    """Defaults that are changed on the class hold for texts too."""
    monkeypatch.setattr(Response, name, value)
    app = app_that_returns("a")
    if with_hook:
        app.after_request(lambda response: response)
    assert sent(app, "GET") == sent(Response("a"), "GET")
