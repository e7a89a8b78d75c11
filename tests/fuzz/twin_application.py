"""The application that is served with and without what is compiled; see `tests.fuzz.twins`."""

from __future__ import annotations

import itertools
from typing import Any

from cocopot import (
    Cocopot,
    Request,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    redirect,
    request,
    stream_with_context,
    url_for,
)
from tests.fuzz.failures import failing
from tests.fuzz.spellings import HEADERS, STATUSES, body_of, parts, respond


class ViewError(Exception):
    """An error of a view, which has a handler."""


class OwnRequest(Request):
    """A class of requests that adds to Cocopot's, and overrides what the entry point does not read."""

    is_own = True
    max_content_length = 15

    @property
    def path_length(self) -> int:
        return len(self.path)


class OwnResponse(Response):
    """A response that is not a plain one."""


def _read() -> Any:
    seen = f"{request.headers.get('X-Own')} {request.args.get('a')} {request.args.getlist('b')}"
    return f"{seen} {request.path} {request.host} {request.url}", {"X-Length": str(request.content_length)}


def _after() -> str:
    @after_this_request
    def change(response: Response) -> None:
        response.headers["X-After"] = "1"

    return "after"


def _raise(error: BaseException) -> Any:
    raise error


def _closing() -> Response:
    response = Response("closing")
    response.call_on_close(lambda: None)
    return response


def _with_cookie() -> Response:
    response = Response("text")
    response.set_cookie("name", "value")
    return response


def _set() -> str:
    g.value = 1
    return str(g.value)


def _set_user() -> str:
    request.user = "ada"  # type: ignore[attr-defined]
    return str(request.user)  # type: ignore[attr-defined]


def _spelled() -> Any:
    """Return a response that is spelled as the query requests."""
    body, status, headers, way = request.query_string.decode().split(",")
    made = HEADERS[headers]()
    return respond(way, body_of(body), STATUSES[status], made)


def _failing() -> Any:
    """Return a body of which a part fails, as the query requests."""
    return failing(*request.query_string.decode().split(","))


def _nested() -> Any:
    environ = {**request.environ, "PATH_INFO": "/urls", "REQUEST_METHOD": "GET"}
    started: list[Any] = []
    start: Any = lambda *args: started.append(args)  # noqa: E731 - typed
    body = b"".join(current_app(environ, start))
    return {"body": body.decode(), "head": repr(started), "path": request.path}


def _urls() -> Any:
    urls = []
    for endpoint, values in itertools.product(("int", "path", "two", "text", "nowhere"), _URL_VALUES):
        try:
            urls.append(url_for(endpoint, **values))
        except (LookupError, ValueError) as error:
            urls.append(str(error))
    return urls


_URL_VALUES: list[dict[str, Any]] = [
    *(
        {},
        {"n": 7},
        {"n": -1},
        {"n": "7"},
        {"n": None},
        {"rest": "a/\xe4"},
        {"rest": "/a"},
        {"n": 7, "q": "a b"},
    ),
    *(
        {"a": "1", "b": "\r\n"},
        {"a": "", "b": "2", "_anchor": "c"},
        {"_external": True, "n": 7},
        {"_external": False},
    ),
]


VIEWS: dict[str, Any] = {
    "urls": _urls,
    "nested": _nested,
    "away": lambda: redirect("https://shop.example:8000/a?b=c"),
    "moved": lambda: ("", 201, {"Location": f"http://localhost{request.path}"}),
    "no-change": lambda: Response("text", 304, {"ETag": '"1"', "Last-Modified": "now"}),
    "spelled": _spelled,
    "failing": _failing,
    "cookies": lambda: dict(request.cookies),
    "accepted": lambda: f"{request.accept_mimetypes} {request.if_none_match} {request.cache_control}",
    "text": lambda: "text",
    "umlaut": lambda: "\xe4\u20ac" * 700,
    "surrogate": lambda: "\ud800",
    "empty": lambda: "",
    "bytes": lambda: b"bytes",
    "headers": lambda: ("text", {"X-Own": "1", "Content-Type": "text/plain"}),
    "bad-header": lambda: ("text", {"X-Own": "1\r\nX-Other: 2"}),
    "bad-name": lambda: ("text", {"X Own": "1"}),
    "number-header": lambda: ("text", {"X-Own": 1}),
    "length": lambda: ("text", {"content-length": "7"}),
    "list": lambda: ("text", [("X-Own", "1"), ("X-Own", "2")]),
    "status": lambda: ("text", 201),
    "all": lambda: ("text", 404, {"X-Own": "1"}),
    "nothing": lambda: ("", 204),
    "json": lambda: {"a": [1, None, "\xe4"]},
    "none": lambda: None,
    "wrong": lambda: 7,
    "wrong-tuple": lambda: (1, 2, 3, 4),
    "response": lambda: Response("text", headers={"X-Own": "1"}, mimetype="text/plain"),
    "own-response": lambda: OwnResponse("text"),
    "closing": _closing,
    "cookie": _with_cookie,
    "redirect": lambda: redirect("/text"),
    "abort": lambda: abort(403),
    "abort-response": lambda: abort(Response("aborted", 418)),
    "raise": lambda: _raise(RuntimeError("wrong")),
    "handled": lambda: _raise(ViewError("handled")),
    "arguments": lambda required: required,
    "read": _read,
    "echo": lambda: (request.get_data(), {"X-Own": "1"}),
    "get-json": lambda: {"got": request.get_json()},
    "form": lambda: dict(request.form),
    "stream": lambda: stream_with_context(part for part in ("a", "b", request.path)),
    "stream-headers": lambda: (stream_with_context(parts("a", b"b", request.path)), 201, {"X-Own": "1"}),
    "stream-response": lambda: Response(stream_with_context(map(str, [1, 2])), mimetype="text/plain"),
    "stream-broken": lambda: Response(stream_with_context(parts("a", "\ud800"))),
    "generator": lambda: (part for part in ("a", "b")),
    "after": _after,
    "g": _set,
    "user": _set_user,
}


def make_app(seen: list[object], *, hooks: bool) -> Cocopot:
    """Return the application; what its hooks see is added to a list."""
    app = Cocopot("twins", autoload=False, static_folder=None)
    app.logger.disabled = True
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view, methods=["GET", "POST"])
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/int/<int:n>", "int", lambda n: str(n + 1))
    app.add_url_rule("/two/<a>/x/<b>", "two", lambda a, b: f"{a} {b}", methods=["GET", "PUT"])
    app.add_url_rule("/path/<path:rest>", "path", lambda rest: rest)
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.register_error_handler(ViewError, lambda error: (f"handled {error}", 409))
    if hooks:
        _add_hooks(app, seen)
    return app


def _add_hooks(app: Cocopot, seen: list[object]) -> None:
    @app.before_request
    def before() -> Any:
        seen.append(("before", request.endpoint, request.view_args))
        return "from before" if "before" in request.args else None

    @app.after_request
    def after(response: Response) -> Any:
        seen.append(("after", response.status))
        if "after" in request.args:
            raise ViewError("after")
        return response

    @app.url_value_preprocessor
    def preprocess(endpoint: str | None, values: dict[str, Any] | None) -> None:
        seen.append(("values", endpoint, values))

    @app.teardown_request
    def teardown(exc: BaseException | None) -> None:
        seen.append(("teardown", type(exc).__name__, str(exc)))

    @app.teardown_appcontext
    def teardown_context(exc: BaseException | None) -> None:
        seen.append(("context", type(exc).__name__))
