"""The application that every server runs, and what starts the servers that have no command of their own.

Run as a program it takes the name of a server and a port on 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import (
    Blueprint,
    Cocopot,
    Request,
    Response,
    abort,
    hookimpl,
    redirect,
    request,
    send_file,
    stream_with_context,
    url_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication


class Mount:
    """Puts an application below a prefix."""

    @hookimpl
    def cocopot_wsgi(self, wsgi: WSGIApplication) -> WSGIApplication:
        """Let another application answer below `/ends`."""
        return DispatcherMiddleware(wsgi, {"/ends": ends})


class Ends:
    """Records how each response ended, by the token in its query string."""

    @hookimpl
    def cocopot_response_closed(self, request: Request, exc: BaseException | None) -> None:
        """Remember the exception, and that the context had been torn down before."""
        EVENTS[request.query_string.decode()].append("complete" if exc is None else type(exc).__name__)

    @hookimpl
    def cocopot_teardown_request(self, request: Request) -> None:
        """Remember it."""
        EVENTS[request.query_string.decode()].append("teardown")


app = Cocopot(__name__, root_path=str(Path(__file__).parent), autoload=False, plugins=[Mount])
#: An application with a plugin that observes the ends of its responses; `app` observes none.
ends = Cocopot("ends", root_path=str(Path(__file__).parent), autoload=False, plugins=[Ends])

#: What happened to a streamed answer, by the token that the client gave it.
EVENTS: defaultdict[str, list[str]] = defaultdict(list)


@app.teardown_request
def record_teardown(exc: BaseException | None) -> None:
    """Remember that the context of a streamed answer was torn down."""
    if "token" in (request.view_args or {}):
        EVENTS[request.view_args["token"]].append("teardown")  # type: ignore[index]  # only read


@app.route("/text")
def text() -> Any:
    """Answer with a text that is not ASCII, and a header of the application's own."""
    return "Grüße", {"X-App": "cocopot"}


@app.route("/json", methods=["POST"])
def echo_json() -> Any:
    """Answer with the JSON that was sent."""
    return {"method": request.method, "json": request.get_json()}


@app.route("/upload", methods=["POST", "PUT"])
def upload() -> Any:
    """Answer with the length and the digest of the body."""
    data = request.get_data()
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@app.route("/form", methods=["POST"])
def form() -> Any:
    """Answer with the fields and the files of a form."""
    files = {key: [file.filename, file.read().decode()] for key, file in request.files.items()}
    return {"form": request.form.to_dict(flat=False), "files": files}


@app.route("/lines", methods=["POST"])
def lines() -> Any:
    """Answer with the number of lines of the body, read one by one."""
    return {"lines": sum(1 for _ in request.stream)}


@app.route("/stream", methods=["POST"])
def stream() -> Any:
    """Answer with the length of the body, read in small pieces."""
    return {"length": sum(len(piece) for piece in iter(lambda: request.stream.read(3), b""))}


@app.route("/file")
def file() -> Any:
    """Answer with a file that has an entity tag and supports range requests."""
    return send_file("static/digits.txt", etag="digits", last_modified=1_000_000_000)


@app.route("/large/<int:size>")
def large(size: int) -> Any:
    """Answer with so many bytes in one piece."""
    return Response(b"x" * size, mimetype="application/octet-stream")


@app.route("/download/<token>")
def download(token: str) -> Any:
    """Answer with a few pieces that are made while they are sent, with the request at hand."""
    return Response(stream_with_context(_pieces(token)), mimetype="text/plain")


def _pieces(token: str) -> Iterator[str]:
    try:
        for number in range(3):
            yield f"{request.args['name']} {number}\n"
    finally:
        EVENTS[token].append("closed")


@app.route("/endless/<token>")
def endless(token: str) -> Any:
    """Answer with a body that only the client can end."""
    return Response(stream_with_context(_endless(token)), mimetype="application/octet-stream")


def _endless(token: str) -> Iterator[bytes]:
    try:
        while True:
            yield b"x" * 65536
    finally:
        EVENTS[token].append("closed")


@app.route("/events/<key>")
def events(key: str) -> Any:
    """Answer with what happened to a streamed answer."""
    return EVENTS[key]


@app.route("/redirect")
def redirecting() -> Any:
    """Send the client to another page."""
    return redirect(url_for("text"))


@app.route("/cookies")
def cookies() -> Any:
    """Answer with the cookies, and set two."""
    response = Response(" ".join(sorted(f"{key}={value}" for key, value in request.cookies.items())))
    response.set_cookie("one", "a b", httponly=True)
    response.set_cookie("two", "ü", path="/here")
    return response


@app.route("/query")
def query() -> Any:
    """Answer with the arguments of the query string."""
    return request.args.to_dict(flat=False)


@app.route("/names/<path:name>")
def name(name: str) -> Any:
    """Answer with a part of the path, and with the URL that leads here."""
    return {"name": name, "path": request.path, "url": url_for("name", name=name, _external=True)}


@app.route("/host")
def host() -> Any:
    """Answer with what the request knows of its address."""
    return {"host": request.host, "root": request.url_root, "url": request.url, "scheme": request.scheme}


@app.route("/empty", methods=["DELETE"])
def empty() -> Any:
    """Answer without a body."""
    return _empty()


@app.route("/teapot")
def teapot() -> Any:
    """Refuse."""
    abort(418)


@app.route("/failure")
def failure() -> Any:
    """Fail."""
    raise RuntimeError("this view always fails")


# -------------------------------------------------------------------------
# The ends of responses
# -------------------------------------------------------------------------


def _failing() -> Iterator[bytes]:
    yield b"x" * 100_000
    raise RuntimeError("this body always fails")


def _empty() -> Response:
    """Return a 204 without a type, which wsgiref's validator does not want in one."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


ends.add_url_rule("/text", "text", lambda: "text")
ends.add_url_rule("/json", "json", lambda: {"a": 1})
ends.add_url_rule("/large", "large", lambda: "x" * 1_000_000)
ends.add_url_rule("/pieces", "pieces", lambda: iter(["a", "b", "c"]))
ends.add_url_rule("/context", "context", lambda: stream_with_context(iter(["a", "b", "c"])))
ends.add_url_rule("/file", "file", lambda: send_file("static/digits.txt", etag="digits"))
ends.add_url_rule("/empty", "empty", _empty)
ends.add_url_rule("/broken", "broken", lambda: abort(500))
ends.add_url_rule("/raises", "raises", lambda: str(1 / 0))
ends.add_url_rule("/failing", "failing", lambda: Response(_failing()))
ends.add_url_rule("/endless", "endless", lambda: Response(itertools.repeat(b"x" * 65536)))


# -------------------------------------------------------------------------
# What no server may receive
# -------------------------------------------------------------------------

observed = Blueprint("observed", __name__)


@observed.after_request
def record_status(response: Response) -> None:
    """Remember the status of a response."""
    EVENTS[request.view_args["token"]].append(str(response.status_code))  # type: ignore[index]  # only read


def _raw(_: Any, start_response: Any) -> list[bytes]:
    start_response("1000 Odd", [("X-A", "\u0100")])
    return [b"text"]


#: What a view may return by mistake.
MISTAKES: dict[str, Callable[[], Any]] = {
    "status-true": lambda: ("text", True),
    "status-0": lambda: ("text", 0),
    "status-100": lambda: ("text", 100),
    "status-101": lambda: ({"a": 1}, 101),
    "status-1000": lambda: ("text", 1000, {"X-A": "b"}),
    "status-text": lambda: ("a", "b"),
    "status-stream": lambda: (iter(["a", "b"]), 42),
    "status-line-break": lambda: ("text", "200 OK\r\nX-A: b"),
    "header-latin": lambda: ("text", {"X-A": "\u0100"}),
    "header-nul": lambda: ({"a": 1}, {"X-A": "a\0"}),
    "header-del": lambda: ("text", [("X-A", "\x7f")]),
    "header-escape": lambda: Response(iter(["a"]), headers={"X-A": "\x1b[31m"}),
    "header-name": lambda: ("text", {"X A": "b"}),
    "location": lambda: redirect("/a\0"),
    "werkzeug": lambda: WerkzeugResponse("text", 1000),
    "werkzeug-header": lambda: WerkzeugResponse("text", headers={"X-A": "\0"}),
    "application": lambda: _raw,
}


@app.route("/mistake/<token>", methods=["GET", "POST"])
@observed.route("/observed/<token>", methods=["GET", "POST"])
def mistake(token: str) -> Any:
    """Return what no server may receive."""
    return MISTAKES[request.args["kind"]]()


@app.route("/length")
def length() -> Any:
    """Answer with a header that some servers refuse."""
    response = Response("text")
    response.headers["Content-Length"] = "some"
    return response


@app.route("/octets")
def octets() -> Any:
    """Answer with a header outside ASCII."""
    return "text", {"X-Octets": "a \x80\x9f\xa0\xff"}


app.register_blueprint(observed)

# -------------------------------------------------------------------------
# The servers that are started from Python
# -------------------------------------------------------------------------


def run_wsgiref(port: int) -> None:
    """Serve with the standard library's server, with its validator around the application."""
    from wsgiref.simple_server import make_server
    from wsgiref.validate import validator

    with make_server("127.0.0.1", port, validator(app)) as server:
        server.serve_forever()


def run_development(port: int) -> None:
    """Serve with the development server."""
    app.run(port=port, debug=False)


def run_waitress(port: int) -> None:
    """Serve with waitress."""
    import waitress

    waitress.serve(app, host="127.0.0.1", port=port, threads=4)


def run_bjoern(port: int) -> None:
    """Serve with bjoern."""
    import bjoern

    bjoern.run(app, "127.0.0.1", port)


RUNNERS: dict[str, Callable[[int], None]] = {
    "wsgiref": run_wsgiref,
    "development": run_development,
    "waitress": run_waitress,
    "bjoern": run_bjoern,
}

if __name__ == "__main__":
    RUNNERS[sys.argv[1]](int(sys.argv[2]))
