"""The compiled entry point does what the one in Python does, whatever a request and a view are."""

from __future__ import annotations

import sys
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup
from werkzeug.test import create_environ, run_wsgi_app

from cocopot import Cocopot, Config, Request, Response, hookimpl, make_response, request, speedups
from cocopot.datastructures import Headers
from cocopot.pipeline import lifecycle
from cocopot.pipeline.entry import REQUEST_ATTRIBUTES
from cocopot.routing import Router, Rule
from tests.fuzz.spellings import parts
from tests.fuzz.twin_application import OwnRequest
from tests.fuzz.twins import Twins, differences

if TYPE_CHECKING:
    from collections.abc import Callable

needs_compiled = pytest.mark.skipif(not speedups.COMPILED, reason="nothing is compiled")


@pytest.mark.parametrize("hooks", [False, True], ids=["plain", "hooks"])
def test_random_requests(hooks: bool) -> None:
    """Status, headers and body are equal, and so is what the hooks have seen."""
    twins = Twins(hooks=hooks)
    assert list(differences(twins, seed=1, number=3000)) == []


def test_random_requests_of_an_own_class() -> None:
    """So they are with a class of requests that adds attributes and changes limits."""
    twins = Twins(request_class=OwnRequest)
    assert list(differences(twins, seed=2, number=1000)) == []


def test_a_difference_is_found() -> None:
    """The comparison is one: twins that differ in one view are told apart."""
    twins = Twins()
    twins.compiled.view_functions["text"] = lambda: "other"
    assert next(differences(twins, seed=1, number=3000))


# -------------------------------------------------------------------------
# Attributes of the application, replaced between two requests
# -------------------------------------------------------------------------


class PathRequest(Request):
    """A request that changes the path."""

    path = "/own"


def _wrap(app: Cocopot) -> None:
    inner = app.wsgi_app
    app.wsgi_app = lambda environ, start: inner({**environ, "QUERY_STRING": "wrapped"}, start)


def _replace_rules(app: Cocopot) -> None:
    app.router = Router([Rule("/other", endpoint="view")])


def _replace_config(app: Cocopot) -> None:
    app.config = Config("/", {**app.config, "TRUSTED_HOSTS": ["example.org"]})


class Stop:
    """A plugin that answers each request."""

    @hookimpl
    def cocopot_before_request(self) -> str:
        return "stopped"


CHANGES: dict[str, Callable[[Cocopot], object]] = {
    "views": lambda app: setattr(app, "view_functions", {"view": lambda: "replaced"}),
    "a-view": lambda app: app.view_functions.update(view=lambda: "replaced"),
    "router": _replace_rules,
    "config": _replace_config,
    "a-key": lambda app: app.config.update(TRUSTED_HOSTS=["example.org"]),
    "request-class": lambda app: setattr(app, "request_class", PathRequest),
    "entry": _wrap,
    "override": lambda app: setattr(app, "create_url_adapter", lambda request: None),
    "plugins": lambda app: app.plugins.register(Stop()),
    "response-default": lambda _: setattr(Response, "default_status", 202),
    "response-type": lambda _: setattr(Response, "default_mimetype", "text/plain"),
    "not-started": lambda app: setattr(app, "started", False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_replaced_attribute_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is assigned to an application or a class takes effect with the next request, as in Python."""
    answers = []
    for is_compiled in (True, False):
        monkeypatch.setattr(Response, "default_status", 200)
        monkeypatch.setattr(Response, "default_mimetype", "text/html")
        app = Cocopot("entry", autoload=False, static_folder=None)
        app.add_url_rule("/", "view", lambda: f"{request.path} {request.query_string!r}")
        before = run_wsgi_app(app, create_environ("/"))
        app.logger.disabled = True
        if not is_compiled:
            app.wsgi_app = partial(lifecycle.handle_request, app)
        CHANGES[name](app)
        after = run_wsgi_app(app, create_environ("/"))
        answers.append([(b"".join(body), status, list(headers)) for body, status, headers in (before, after)])
    assert answers[0] == answers[1]
    assert name == "not-started" or answers[0][0] != answers[0][1]


def test_an_entry_that_is_removed_is_not_called() -> None:
    """What was assigned to `wsgi_app` ends with `del`."""
    app = Cocopot("entry", autoload=False, static_folder=None)
    app.wsgi_app = lambda environ, start: [b"replaced"]
    assert list(app({}, lambda *_: None)) == [b"replaced"]  # type: ignore[arg-type]
    del app.wsgi_app
    assert app.test_client().get("/").status_code == 404


# -------------------------------------------------------------------------
# One response, spelled in different ways
# -------------------------------------------------------------------------

_LOCATION = {"Location": "/items/7"}
_MARKUP, _CREATED, _HEADERS = Markup("text"), HTTPStatus.CREATED, Headers({"X-A": "1"})
_TYPE = ("Content-Type", "text/html; charset=utf-8")
SPELLINGS: list[Callable[[], Any]] = [
    lambda: ("text", 201, {"X-A": "1"}),
    lambda: (b"text", 201, [("X-A", "1")]),
    lambda: (_MARKUP, "201 CREATED", _HEADERS),
    lambda: ("text", _CREATED, {"X-A": 1}),
    lambda: ("text", 201, {"X-A": "1", "Content-Length": "4"} | dict([_TYPE])),
    lambda: Response("text", 201, {"X-A": "1"}),
    lambda: Response(b"text", "201 CREATED", [("X-A", "1")], "text/html"),
    lambda: Response(_MARKUP, _CREATED, [("X-A", "1"), _TYPE]),
    lambda: Response("text", 201, {"X-A": "1"}, content_type=_TYPE[1]),
]
OTHERS: dict[str, Callable[[], Any]] = {
    "no-content": lambda: ("", 204),
    "created": lambda: ("", 201, _LOCATION),
    "empty-response": lambda: Response(status=204),
    "created-response": lambda: Response(status=201, headers=_LOCATION),
}


def serve(app: Cocopot, view: Callable[[], Any], method: str) -> tuple[list[Any], list[str]]:
    """Return what a server is sent, and the names of the functions in Python that have been called."""
    app.view_functions["view"] = view
    sent: list[Any] = []
    called: list[str] = []

    def start_response(status: str, headers: Any, *_: object) -> Any:
        sent.extend((status, headers))

    environ = create_environ("/", method=method)
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        body = app(environ, start_response)
    finally:
        sys.setprofile(None)
    return [*sent, b"".join(body)], called


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("entry", autoload=False, static_folder=None)
    app.add_url_rule("/", "view", lambda: "first")
    for view in (*SPELLINGS, *OTHERS.values()):  # caches the names of headers
        serve(app, view, "GET")
    return app


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_spellings(app: Cocopot, method: str) -> None:
    """A response is the same, however it is spelled."""
    body = b"text" if method == "GET" else b""
    for view in SPELLINGS:
        status, headers, content = serve(app, view, method)[0]
        assert (status, sorted(headers), content) == (
            "201 CREATED", sorted([("X-A", "1"), _TYPE, ("Content-Length", "4")]), body
        )  # fmt: skip


@needs_compiled
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_spellings_call_nothing_in_python(app: Cocopot, method: str) -> None:
    """However a response is spelled, only the view is called, and what a server passes."""
    for view in (*SPELLINGS, *OTHERS.values()):
        called = serve(app, view, method)[1]
        assert set(called) == {"<lambda>", "start_response"}


STREAMS: list[Callable[[], Any]] = [
    lambda: parts("a", b"b"),
    lambda: (parts("a", b"b"), 200, {"Content-Type": _TYPE[1]}),
    lambda: map(str, ["a", "b"]),
    lambda: Response(parts("a", b"b")),
    lambda: Response(iter(["a", "b"]), mimetype="text/html"),
    lambda: make_response(parts("a", b"b")),
]
_PART = Markup("a")
LISTS: list[Callable[[], Any]] = [
    lambda: Response([b"a", b"b"]),
    lambda: Response(("a", "b"), mimetype="text/html"),
    lambda: Response(["ab"]),
    lambda: Response([_PART, "", "b"]),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("length", [[], [("Content-Length", "2")]], ids=["streams", "lists"])
def test_bodies_of_parts(app: Cocopot, method: str, length: list[tuple[str, str]]) -> None:
    """A body in parts is the same, however it is spelled; the length of a list is known."""
    for view in LISTS if length else STREAMS:
        (status, headers, content), called = serve(app, view, method)
        assert (status, headers, content) == ("200 OK", [_TYPE, *length], b"ab" if method == "GET" else b"")
        if speedups.COMPILED:
            assert set(called) <= {"<lambda>", "parts", "start_response"}


def test_headers_that_a_view_returns_are_not_changed(app: Cocopot) -> None:
    """What a view returns in each request, such as a constant, does not get the headers of a response."""
    for view in (lambda: ("text", _HEADERS), lambda: (iter(["text"]), _HEADERS)):
        serve(app, view, "GET")
    assert list(_HEADERS) == [("X-A", "1")]


#: What an attribute of the class below is, until it is set.
VALUES: dict[str, object] = {"headers": {}, "host": "h", "method": "GET", "path": "/x", "scheme": "http"}


def _recorder(seen: list[object], name: str) -> Any:
    """Return an attribute that records that it is used."""

    def read(request: Request) -> object:
        seen.append("read")
        return vars(request).get(name, VALUES.get(name))

    def write(request: Request, value: object) -> None:
        seen.append("write")
        vars(request)[name] = value

    def call(request: Request, *args: Any) -> object:
        seen.append([item for item in args if type(item) is str])
        return getattr(Request, name)(request, *args)

    return call if name.startswith("__") else property(read, write)


@pytest.mark.parametrize("is_late", [False, True], ids=["defined", "assigned"])
@pytest.mark.parametrize("name", REQUEST_ATTRIBUTES)
def test_a_class_that_overrides_what_is_not_read(name: str, is_late: bool) -> None:
    """Its attribute is used as without the compiled function, also if it is assigned to the class later."""
    seen: list[object] = []
    own = type("Own", (Request,), {} if is_late else {name: _recorder(seen, name)})
    app = Cocopot("own", autoload=False, static_folder=None)
    app.add_url_rule("/<word>", "view", lambda word: word)
    app.request_class = own
    app.test_client().get("/x")  # it is started
    if is_late:
        setattr(own, name, _recorder(seen, name))
    uses = []
    for serve in (app, partial(lifecycle.handle_request, app)):
        seen.clear()
        assert b"".join(serve(create_environ("/x"), lambda *_: lambda _: None)) == b"x"
        uses.append(seen.copy())
    assert uses[0] == uses[1]


# -------------------------------------------------------------------------
# The application is called
# -------------------------------------------------------------------------


def _answer(app: Any, *args: object, **kwargs: object) -> object:
    try:
        return app(*args, **kwargs)
    except TypeError as error:
        return type(error)


def _start(*_: object) -> Any: ...


def test_an_application_takes_two_arguments() -> None:
    """By position or by name; any other number is a TypeError."""
    app = Cocopot("called", autoload=False)
    app.add_url_rule("/", "index", lambda: "Hello")
    environ, start = create_environ(), _start
    usual: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
        ((environ, start), {}),
        ((environ,), {"start_response": start}),
        ((), {"environ": environ, "start_response": start}),
    )
    for args, kwargs in usual:
        assert _answer(app, *args, **kwargs) == [b"Hello"]
    others: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
        ((), {}),
        ((environ,), {}),
        ((environ, start, None), {}),
        ((environ, start), {"start_response": start}),
        ((environ,), {"start": start}),
    )
    for args, kwargs in others:
        assert _answer(app, *args, **kwargs) is TypeError


def test_a_call_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method `__call__` that is assigned to the class, or that a subclass has, is called."""
    app = Cocopot("called", autoload=False)
    app.add_url_rule("/", "index", lambda: "Hello")

    class Own(Cocopot):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            return [*super().__call__(environ, start_response), b", World!"]

    own = Own("own", autoload=False)
    own.add_url_rule("/", "index", lambda: "Hello")
    assert own(create_environ(), _start) == [b"Hello", b", World!"]
    with monkeypatch.context() as patch:
        patch.setattr(Cocopot, "__call__", lambda *_: [b"other"])
        assert app(create_environ(), _start) == [b"other"]
    assert app(create_environ(), _start) == [b"Hello"]
