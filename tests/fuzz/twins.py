"""Sends random requests to two equal applications: one with the compiled entry point, one without.

`python -m tests.fuzz.twins NUMBER [SEED]` sends that many, and watches the memory of the process.
"""

from __future__ import annotations

import gc
import inspect
import io
import itertools
import random
import sys
import time
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from werkzeug.datastructures import Headers as WerkzeugHeaders

from cocopot import (
    Cocopot,
    Request,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    make_response,
    redirect,
    request,
    stream_with_context,
    url_for,
)
from cocopot.datastructures import Headers
from cocopot.pipeline import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


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


class Shouted(str):
    """A text that is encoded in its own way."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Encode it in upper case."""
        return super().upper().encode(encoding, errors)


# -------------------------------------------------------------------------
# The application
# -------------------------------------------------------------------------


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


# What views return and pass to `Response`: bodies, statuses and headers, each spelled in every way.
_BODY_SPELLINGS: dict[str, Any] = {
    "str": "text",
    "umlaut": "\xe4\u20ac",
    "surrogate": "\ud800",
    "empty": "",
    "long": "x" * 2000,
    "bytes": b"bytes",
    "bytearray": bytearray(b"bytes"),
    "markup": Markup("<b>"),
    "shouted": Shouted("text"),
    "dict": {"b": [1, None, "\xe4"], "a": Markup("<b>")},
    "list": [1, "\ud800"],
    "nan": {"a": float("nan")},
    "object": [object()],
    "bool": True,
    "nothing": None,
}
_STATUS_SPELLINGS: dict[str, Any] = {
    "none": None,
    "200": 200,
    "201": 201,
    "204": 204,
    "304": 304,
    "404": 404,
    "299": 299,
    "99": 99,
    "true": True,
    "enum": HTTPStatus.CREATED,
    "enum-204": HTTPStatus.NO_CONTENT,
    "line": "201 CREATED",
    "line-204": "204 No Content",
    "own-line": "201 Just Made",
    "digits": "404",
    "bad-line": "201 A\r\nB",
    "float": 200.0,
}
_PAIRS: dict[str, list[tuple[Any, Any]]] = {
    "own": [("X-Own", "1")],
    "two": [("X-Own", "1"), ("X-Own", "2"), ("x-own", "3")],
    "number": [("X-Own", 7), ("X-Large", 10**30)],
    "latin": [("X-Own", "\xe4\ta")],
    "beyond": [("X-Own", "\u20ac")],
    "break": [("X-Own", "1\r\nX-Other: 2")],
    "bad-name": [("X Own", "1")],
    "type": [("Content-Type", "text/plain")],
    "types": [("content-type", "text/plain"), ("X-Own", "1"), ("Content-Type", "text/css")],
    "length": [("Content-Length", "7"), ("X-Own", "1")],
    "lengths": [("content-length", "7"), ("Content-Length", "8")],
    "location": [("Location", "/items/7?a=b#c")],
    "locations": [("Location", "/a"), ("Location", "/b")],
    "lower-location": [("location", "/a")],
    "far": [("Location", "https://example.org/a")],
    "converted": [("Location", "/\xe4 b")],
    "bad-location": [("Location", "http://[a")],
    "slashes": [("Location", "//example.org/a//b")],
    "content-location": [("Content-Location", "/a"), ("Location", "/b")],
    "entity": [("ETag", '"a"'), ("Last-Modified", "x"), ("content-encoding", "gzip"), ("Expires", "0")],
    "odd": [("X-Own", None), ("X-Other", True)],
}
_FORMS: dict[str, Any] = {
    "dict": dict,
    "list": list,
    "headers": Headers,
    "werkzeug": WerkzeugHeaders,
    "tuple": tuple,
    "lists": lambda pairs: [list(pair) for pair in pairs],
    "items": lambda pairs: dict(pairs).items(),
}


def _header_spellings() -> dict[str, Any]:
    """Return functions that return new headers, by name."""
    spellings: dict[str, Any] = {"none": lambda: None, "empty": dict, "text": lambda: "text"}
    for (name, pairs), (form, make) in itertools.product(_PAIRS.items(), _FORMS.items()):
        spellings[f"{name}-{form}"] = partial(make, pairs)
    return spellings


_HEADER_SPELLINGS = _header_spellings()


def _respond(way: str, body: Any, status: Any, headers: Any) -> Any:
    """Return a response in one of the ways in which a view writes it."""
    if way == "pair":
        return (body, status) if headers is None else (body, headers)
    if way == "triple":
        return body, status, headers
    if way == "body":
        return body
    if way == "make":
        return make_response(body, status, headers)
    if way == "mimetype":
        return Response(body, status, headers, mimetype="text/css")
    if way == "content-type":
        return Response(body, status, headers, content_type="text/csv; charset=utf-8")
    response = Response(body, status, headers) if way == "response" else make_response(body)
    if way == "set":
        for name, value in () if headers is None else Headers(headers):
            response.headers[name] = value
        if status is not None:
            response.status = status
    return response


_WAYS = ("pair", "triple", "body", "make", "mimetype", "content-type", "response", "set")


def _spelled() -> Any:
    """Return a response that is spelled as the query requests."""
    body, status, headers, way = request.query_string.decode().split(",")
    made = _HEADER_SPELLINGS[headers]()
    return _respond(way, _BODY_SPELLINGS[body], _STATUS_SPELLINGS[status], made)


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


#: The methods of responses that are in use, and those in Python.
_RESPONSE_METHODS: tuple[tuple[Any, Any], ...] = (
    (Response.__init__, Response.__call__),
    (inspect.unwrap(Response.__init__), inspect.unwrap(Response.__call__)),
)


class Twins:
    """Two equal applications.

    Args:
        hooks: Whether they have hooks.
        request_class: Their class of requests.
    """

    def __init__(self, *, hooks: bool = False, request_class: type[Request] = Request) -> None:
        self.seen: tuple[list[object], list[object]] = [], []
        self.compiled = make_app(self.seen[0], hooks=hooks)
        self.python = make_app(self.seen[1], hooks=hooks)
        self.python.wsgi_app = partial(lifecycle.handle_request, self.python)
        url_for_in_python: Any = partial(inspect.unwrap(Cocopot.url_for), self.python)
        self.python.url_for = url_for_in_python  # type: ignore[method-assign]
        self.compiled.request_class = self.python.request_class = request_class


# -------------------------------------------------------------------------
# The requests
# -------------------------------------------------------------------------

_METHODS = ("GET",) * 8 + ("POST",) * 4 + ("HEAD", "OPTIONS", "PUT", "DELETE", "get", "B\xe4D", "", "TRACE")
_PATHS = [
    *("/", "", "//", "/slash", "/slash/", "/nowhere", "/none/none", "text", "/text/", "/TEXT", "*"),
    *("/int/7", "/int/x", "/int/007", "/int/", "/int/99999999999999999999", "/\xc3\xa4", "/\xff", "/text\n"),
    *("/two/a/x/b", "/two/a/y/b", "/two//x/b", "/two/\xc3\xa4/x/b", "/path/a/b/c", "/path/", "/a" * 40),
]
_HOSTS = ["localhost"] * 8 + [
    "LOCALHOST",
    "localhost:80",
    "localhost:8000",
    "a b",
    "",
    "x" * 300,
    "[::1]",
    "h\xe4",
]
_QUERIES = [
    "",
    "",
    "a=1&b=2&b=3",
    "a=%C3%A4+x",
    "a",
    "&&=",
    "a=\xff",
    "before=1",
    "after=1",
    "a=%",
    "b=1;b=2",
]
_LENGTHS = ["", "", "0", "+1", "-1", "1.5", " 7 ", "\xb2", "9" * 21, "abc"]
_BODIES = [b"", b"a=1&b=2", b'{"a": 1}', b"{", b"\xff" * 20]
_FORM = "application/x-www-form-urlencoded"
_TYPES = ["", "text/plain", "application/json", _FORM, "\xe4", "multipart/form-data"]


def _environ(random: random.Random) -> tuple[dict[str, Any], bytes]:
    body = b""
    pick: Callable[[Sequence[Any]], Any] = random.choice
    environ: dict[str, Any] = {
        "REQUEST_METHOD": pick(_METHODS),
        "SCRIPT_NAME": pick(("", "", "", "/mounted", "\xff")),
        "PATH_INFO": f"/{pick(list(VIEWS))}" if random.random() < 0.7 else pick(_PATHS),
        "QUERY_STRING": pick(_QUERIES),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": pick(_HOSTS),
        "wsgi.url_scheme": pick(("http",) * 6 + ("https", "ws", "")),
        "HTTP_X_OWN": pick(("1", "\xe4", "a" * 900)),
    }
    if random.random() < 0.4:
        body = pick(_BODIES)
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": pick(_TYPES)}
    if random.random() < 0.1:
        environ["CONTENT_LENGTH"] = pick(_LENGTHS)
    for key in ("HTTP_HOST", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME"):
        if random.random() < 0.02:
            del environ[key]
    if random.random() < 0.02:
        environ["HTTP_UPGRADE"] = "websocket"
    if random.random() < 0.4:
        spelled = (_BODY_SPELLINGS, _STATUS_SPELLINGS, _HEADER_SPELLINGS, _WAYS)
        environ |= {"PATH_INFO": "/spelled", "QUERY_STRING": ",".join(pick(list(names)) for names in spelled)}
    return environ, body


def _send(app: Cocopot, environ: dict[str, Any], body: bytes, fails: int) -> object:
    """Send a request; return all that a server sees, or the exception."""
    started: list[object] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers, None if exc_info is None else exc_info[0].__name__))
        if len(started) <= fails:
            raise OSError("The server fails.")

    environ = {**environ, "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO()}
    try:
        answer = app(environ, start_response)
        content = list(answer)
        if (close := getattr(answer, "close", None)) is not None:
            close()
    except Exception as error:  # noqa: BLE001 - compared
        return started, type(error), str(error)
    return started, content, sorted(environ.keys() - {"wsgi.input", "wsgi.errors"})


def differences(twins: Twins, *, seed: int, number: int) -> Iterator[tuple[object, ...]]:
    """Send random requests to both; yield each that is served differently.

    Args:
        twins: The applications.
        seed: Of the random numbers.
        number: How many requests.
    """
    choice = random.Random(seed)
    for _ in range(number):
        environ, body = _environ(choice)
        fails = choice.choice((0,) * 20 + (1, 2))
        propagate = choice.choice((None,) * 9 + (True,))
        answers = []
        both = zip((twins.compiled, twins.python), twins.seen, _RESPONSE_METHODS, strict=True)
        for app, seen, methods in both:
            seen.clear()
            Response.__init__, Response.__call__ = methods  # type: ignore[method-assign]
            app.config["PROPAGATE_EXCEPTIONS"] = propagate
            answers.append((_send(app, environ, body, fails), seen.copy()))
        Response.__init__, Response.__call__ = _RESPONSE_METHODS[0]  # type: ignore[method-assign]
        if answers[0] != answers[1]:
            yield environ, body, fails, *answers


# -------------------------------------------------------------------------
# The command
# -------------------------------------------------------------------------


def _memory() -> int:
    """Return the resident memory of this process in KiB."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def main(number: int, seed: int) -> int:
    """Send requests in ten parts, with hooks in every third one; return how many were served differently."""
    twins = Twins(), Twins(hooks=True), Twins(request_class=OwnRequest)
    found, begin = 0, time.monotonic()
    for part in range(10):
        for difference in differences(twins[part % 3], seed=seed + part, number=number // 10):
            found += 1
            print(*difference, sep="\n    ")  # noqa: T201 - the result
        gc.collect()
        seconds = time.monotonic() - begin
        report = f"{found} differences, {_memory()} KiB, {seconds:.0f} s"
        print(f"{(part + 1) * (number // 10)} requests, {report}", flush=True)  # noqa: T201 - the result
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1) > 0)
