"""The application as PEP 3333 defines one, by the validator of the standard library.

The validator raises an `AssertionError` where an application or a server breaks the rules. The application
turns one into an error response, so that each case states the status that it expects.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from wsgiref.validate import validator

import pytest
from werkzeug.test import create_environ

from cocopot import (
    Blueprint,
    Cocopot,
    Response,
    abort,
    after_this_request,
    hookimpl,
    jsonify,
    redirect,
    request,
    send_file,
    stream_with_context,
)
from cocopot.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__)
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\n'
    + b"x" * 1000  # begins like the boundary
    + b"\r\n--x--\r\n"
)


class Case(NamedTuple):
    """A request, and the status of its response."""

    status: int
    method: str
    path: str
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, which no code changes
    body: bytes = b""


def pieces() -> Iterator[str]:
    yield "one "
    yield ""
    yield "two"


def wsgi_response(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("202 ACCEPTED", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"wsgi"]


def with_cookies() -> Response:
    response = Response("cookies")
    response.set_cookie("a", "ü; x", secure=True)
    response.delete_cookie("b")
    return response


def on_close() -> Response:
    after_this_request(lambda response: response)
    response = Response(pieces())
    response.call_on_close(lambda: None)
    return response


def without_type(response: Response) -> Response:
    """Remove the type, which the validator rejects in a 204; RFC 9110 does not."""
    response.headers.remove("Content-Type")
    return response


def conditional() -> Response:
    response = Response("conditional")
    response.set_etag("tag")
    response.make_conditional(request)
    return response


def fail() -> None:
    raise RuntimeError("this view always fails")


def fail_while_streaming() -> Response:
    def broken() -> Iterator[bytes]:
        yield b"begin"
        raise RuntimeError("in the middle")

    return Response(broken())


VALUES: dict[str, Callable[[], Any]] = {
    "text": lambda: "text",
    "unicode": lambda: ("Grüße", {"X-Name": "Grüße"}),
    "bytes": lambda: b"bytes",
    "bytearray": lambda: bytearray(b"bytes"),
    "empty": lambda: "",
    "dict": lambda: {"a": [1, None]},
    "list": lambda: [1, 2],
    "tuple": lambda: ("created", 201, [("X-A", "1"), ("X-A", "2")]),
    "status-text": lambda: ("fine", "200 Fine"),
    "json": lambda: jsonify(a=1),
    "response": lambda: Response("response", mimetype="text/plain"),
    "iterator": lambda: iter(["a", "b"]),
    "generator": pieces,
    "streamed": lambda: Response(stream_with_context(pieces())),
    "nothing-streamed": lambda: Response(iter(())),
    "empty-list": lambda: Response([]),
    "wsgi": lambda: wsgi_response,
    "cookies": with_cookies,
    "on-close": on_close,
    "conditional": conditional,
    "redirect": lambda: redirect("/text?ü=ü"),
    "file": lambda: send_file(HERE, etag="e", conditional=True),
    "memory": lambda: send_file(io.BytesIO(b"0123456789"), mimetype="text/plain"),
    "download": lambda: send_file(HERE, as_attachment=True, download_name="Grüße.py"),
    "no-content": lambda: without_type(Response(status=204)),
    "no-content-streamed": lambda: without_type(Response(pieces(), status=204)),
    "reset": lambda: ("", 205),
    "not-modified": lambda: ("", 304),
    "not-modified-response": lambda: Response(status=304),
    "abort": lambda: abort(418),
    "abort-response": lambda: abort(Response("own", 409)),
    "unauthorized": lambda: abort(401),
    "handled": lambda: abort(410),
    "failure": fail,
    "none": lambda: None,
    "bad-status": lambda: ("x", 1000),
    "bad-header": lambda: ("x", {"X": "a\r\nb"}),
}
READERS: dict[str, Callable[[], Any]] = {
    "unread": lambda: "unread",
    "data": lambda: request.get_data(as_text=True),
    "uncached": lambda: request.get_data(cache=False),
    "form": lambda: {
        "form": request.form,
        "files": [file.read().decode() for file in request.files.values()],
    },
    "values": lambda: dict(request.values.items()),
    "get-json": lambda: {"json": request.get_json()},
    "stream": lambda: bytes(request.stream.read()),
    "stream-sized": lambda: b"".join(iter(lambda: request.stream.read(3), b"")),
    "stream-lines": lambda: b"".join(request.stream),
    "stream-readline": lambda: b"".join(iter(request.stream.readline, b"")),
    "stream-readlines": lambda: b"".join(request.stream.readlines()),
    "stream-half": lambda: request.stream.read(2),
}


def make_app() -> Cocopot:
    app = Cocopot("compliance", root_path=str(HERE.parent), static_folder="servers/static", autoload=False)
    for name, function in {**VALUES, **READERS}.items():
        app.add_url_rule(f"/{name}", name, function, methods=["GET", "POST", "DELETE"])
    app.add_url_rule("/numbers/<int:number>/", "number", lambda number: {"number": number})
    app.register_error_handler(410, lambda error: (str(error), 410, {"X-Handled": "yes"}))
    app.add_url_rule("/broken", "broken", fail_while_streaming)
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    blueprint.add_url_rule("/", "index", lambda: "admin")
    blueprint.register_error_handler(NotFound, lambda error: ({"error": error.code}, 404))
    app.register_blueprint(blueprint)
    return app


class Observer:
    """A plugin that implements the hooks of a request, so that none takes the fast path."""

    @hookimpl
    def cocopot_before_request(self, request: Any) -> Any:
        return Response("refused", 403) if "X-Refuse" in request.headers else None

    @hookimpl
    def cocopot_after_request(self, response: Any) -> None:
        response.headers["X-Observed"] = "yes"

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(self) -> Any:
        return (yield)

    @hookimpl
    def cocopot_teardown_request(self) -> None:
        """Do nothing."""


#: What is not a 200.
STATUSES = {
    "tuple": 201,
    "wsgi": 202,
    "no-content": 204,
    "no-content-streamed": 204,
    "reset": 205,
    "redirect": 302,
    "not-modified": 304,
    "not-modified-response": 304,
    "unauthorized": 401,
    "abort-response": 409,
    "handled": 410,
    "abort": 418,
    "failure": 500,
    "none": 500,
    "bad-status": 500,
    "bad-header": 500,
}
BODIES = [
    ("text/plain", b"one\ntwo\nthree"),
    ("text/plain", b""),
    (URLENCODED, b"a=1&b=2"),
    (MULTIPART, PARTS),
    ("application/json", b"[1]"),
]
JSON = {"Content-Type": "application/json"}
CASES = [
    *(
        Case(STATUSES.get(name, 200), method, f"/{name}")
        for name in VALUES
        for method in ("GET", "HEAD", "POST")
    ),
    *(
        Case(200, "POST", f"/{name}", {"Content-Type": content_type}, body)
        for name in READERS
        if name != "get-json"
        for content_type, body in BODIES
    ),
    Case(200, "POST", "/get-json", JSON, b"[1]"),
    Case(400, "POST", "/get-json", JSON, b"[1"),
    Case(415, "POST", "/get-json", {}, b"[1]"),
    Case(400, "POST", "/form", {"Content-Type": MULTIPART}, b"x"),
    Case(400, "POST", "/form", {"Content-Type": "multipart/form-data"}, PARTS),
    Case(304, "GET", "/conditional", {"If-None-Match": '"tag"'}),
    Case(304, "GET", "/file", {"If-None-Match": '"e"'}),
    Case(304, "HEAD", "/file", {"If-None-Match": '"e"'}),
    Case(206, "GET", "/file", {"Range": "bytes=2-4"}),
    Case(200, "HEAD", "/file", {"Range": "bytes=2-4"}),
    Case(416, "GET", "/file", {"Range": "bytes=9999999-"}),
    Case(200, "GET", "/static/digits.txt"),
    Case(200, "HEAD", "/static/digits.txt"),
    Case(206, "GET", "/static/digits.txt", {"Range": "bytes=-3"}),
    Case(404, "GET", "/static/none.txt"),
    Case(404, "GET", "/nowhere"),
    Case(404, "HEAD", "/nowhere"),
    Case(404, "GET", "/admin/nowhere"),
    Case(405, "PATCH", "/text"),
    Case(200, "OPTIONS", "/text"),
    Case(308, "GET", "/numbers/1"),
    Case(200, "GET", "/numbers/1/"),
    Case(404, "GET", "/numbers/x/"),
    Case(200, "GET", "/text?a=%FF&b"),
    Case(200, "GET", "/admin/"),
    Case(200, "GET", "/text", {"Cookie": "a=1; b", "Accept": "*/*", "X-Own": "\xe9"}),
]


def call(app: Cocopot, case: Case) -> tuple[str, dict[str, str], bytes]:
    """Return the status, the headers and the body of a response, as a server receives them."""
    environ = create_environ(case.path, method=case.method, headers=case.headers)
    environ["wsgi.input"] = io.BytesIO(case.body)
    environ["CONTENT_TYPE"] = case.headers.get("Content-Type", "")  # `create_environ` has another boundary
    if case.body:
        environ["CONTENT_LENGTH"] = str(len(case.body))
    started: list[Any] = []

    def start_response(status: str, headers: Any, _exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return lambda _data: None

    body: Any = validator(app)(environ, start_response)
    try:
        content = b"".join(body)
    finally:
        body.close()
    return started[0], dict(started[1]), content


def with_hooks() -> Cocopot:
    app = make_app()
    app.plugins.register(Observer(), "observer")
    return app


def in_debug_mode() -> Cocopot:
    app = make_app()
    app.debug = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture(scope="module", params=[make_app, with_hooks, in_debug_mode], ids=lambda make: make.__name__)
def app(request: pytest.FixtureRequest) -> Cocopot:
    make: Callable[[], Cocopot] = request.param
    return make()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method} {case.path} {case.headers}")
def test_a_response(app: Cocopot, case: Case) -> None:
    """Whatever a view returns and reads, the validator has no objection, and the length is right."""
    status, headers, content = call(app, case)
    assert int(status.split()[0]) == case.status, content
    if case.method == "HEAD" or case.status in {204, 304}:
        assert content == b""
    elif "Content-Length" in headers:
        assert len(content) == int(headers["Content-Length"])


def test_a_plugin_that_answers(app: Cocopot) -> None:
    """A response of a before-request hook is valid too; without the plugin the view answers."""
    status, headers, _ = call(app, Case(0, "POST", "/data", {"X-Refuse": "yes"}, b"unread"))
    observed = "observer" in app.plugins.records_by_name
    assert (status, headers.get("X-Observed")) == (("403 FORBIDDEN", "yes") if observed else ("200 OK", None))


def test_a_path_that_is_not_utf8(app: Cocopot) -> None:
    """A request that is rejected before it is matched has a valid response."""
    environ = {**create_environ("/"), "PATH_INFO": "/\xff"}
    status: list[str] = []

    def start_response(line: str, _headers: Any, _exc_info: Any = None) -> Callable[[bytes], object]:
        status.append(line)
        return lambda _data: None

    body: Any = validator(app)(environ, start_response)
    assert b"UTF-8" in b"".join(body)
    body.close()
    assert status == ["400 BAD REQUEST"]


def test_an_exception_while_streaming(app: Cocopot) -> None:
    """It leaves the iteration, and closing the body is still valid."""
    with pytest.raises(RuntimeError, match="in the middle"):
        call(app, Case(200, "GET", "/broken"))


def test_the_validator_objects() -> None:
    """The validator is effective: an application that breaks a rule fails."""
    with pytest.raises(AssertionError):
        call(lambda _environ, start: [start("200 OK", []), b""][1:], Case(200, "GET", "/"))  # type: ignore[arg-type]
