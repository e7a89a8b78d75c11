"""The requests of the development server: what is read, and what is rejected."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from cocopot import Cocopot, request
from cocopot.serving.handler import RequestHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.types import WSGIApplication


@contextmanager
def serving(app: WSGIApplication) -> Iterator[int]:
    """Serve with the development server, and return the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=RequestHandler)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        try:
            yield server.port
        finally:
            server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of an application that returns what it receives."""
    app = Cocopot("echo", autoload=False)

    def echo(path: str = "") -> dict[str, Any]:
        environ = request.environ
        kept = {
            key: environ[key] for key in sorted(environ) if key.startswith(("HTTP_", "QUERY", "PATH_INFO"))
        }
        data = request.get_data().decode()
        return {**kept, "args": request.args, "data": data, "path": path, "host": request.host}

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, "echo", echo, methods=["GET", "POST"])
    with serving(app) as port:
        yield port


def send(port: int, raw: bytes) -> tuple[int, bytes]:
    """Send a request, and return the status and the body."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def message(line: str, *fields: str, body: str = "") -> bytes:
    """Return the bytes of a request; characters up to U+00FF represent bytes."""
    return "\r\n".join([line, "Host: a", *fields, "", body]).encode("latin-1")


@pytest.mark.parametrize("text", ["é", "à", "\x85", "\u2028", "日本"])
def test_bytes_that_are_not_percent_encoded(port: int, text: str) -> None:
    """UTF-8 in the path and in the query is decoded once, whatever white space Latin-1 sees in it."""
    raw = text.encode().decode("latin-1")
    status, body = send(port, message(f"GET /{raw}?d={raw} HTTP/1.1"))
    answer = json.loads(body)
    assert status == 200
    assert (answer["path"], answer["args"], answer["QUERY_STRING"]) == (text, {"d": text}, f"d={raw}")


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("/p%C3%A9?a=%2B+", "/p\xc3\xa9", "a=%2B+", "a"),
        ("//x//y?a?b", "//x//y", "a?b", "a"),
        ("//[x", "//[x", "", "a"),
        ("/p:1;x=2", "/p:1;x=2", "", "a"),
        ("/p#f?q", "/p", "", "a"),
        ("http://b:80/p?q", "/p", "q", "b:80"),
        ("HTTP://b/p", "/p", "", "b"),
        ("http://b", "/", "", "b"),
        ("http://b?q", "/", "q", "b"),
    ],
)
def test_the_target_of_a_request(port: int, target: str, path: str, query: str, host: str) -> None:
    """Path and query are passed on as they are; the host of a URL replaces the field (RFC 9112, 3.2.2)."""
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("204 NO CONTENT", [])
        return []

    with serving(app) as other:
        assert send(other, message(f"GET {target} HTTP/1.1"))[0] == 204
    keys = ("PATH_INFO", "QUERY_STRING", "HTTP_HOST", "REQUEST_URI")
    assert [seen[0][key] for key in keys] == [path, query, host, target]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET / HTTP/1.0", 200),
        ("GET / HTTP/1.9", 200),
        ("\r\nGET / HTTP/1.1", 200),
        ("get / HTTP/1.1", 405),
        ("FOO / HTTP/1.1", 405),
        ("OPTIONS / HTTP/1.1", 200),
        *(("GET /", 400), ("GET", 400), ("", 400), ("GET / http/1.1", 400), ("GET / HTTP/1.10", 400)),
        *(("GET  / HTTP/1.1", 400), ("GET\t/ HTTP/1.1", 400), ("GET /a b HTTP/1.1", 400)),
        *(("GET / HTTP/1.1 ", 400), (" GET / HTTP/1.1", 400), ("\r\n\r\nGET / HTTP/1.1", 400)),
        *(("GET /\x00 HTTP/1.1", 400), ("GET /\x7f HTTP/1.1", 400), ("G(T / HTTP/1.1", 400)),
        *(("GET p HTTP/1.1", 400), ("CONNECT b:443 HTTP/1.1", 400), ("GET ftp://b/ HTTP/1.1", 400)),
        *(("GET http:///p HTTP/1.1", 400), ("GET http://[/ HTTP/1.1", 400)),
        *(("GET / HTTP/2.0", 505), ("GET / HTTP/0.9", 505)),
    ],
)
def test_request_lines(port: int, line: str, status: int) -> None:
    """A request line is a method, a target and a version, separated by one space (RFC 9112, 3)."""
    assert send(port, message(line))[0] == status


@pytest.mark.parametrize(
    "field",
    [
        "no colon",
        "X : space before the colon",
        " X: space at the beginning",
        "X: a\r\n continued",
        "X: a\rY: b",
        "X: \x00",
        ": without a name",
        "X(: a delimiter in the name",
        "\xe9: not ASCII",
        "Host: b",
        "From nobody",
    ],
)
def test_header_lines_that_are_rejected(port: int, field: str) -> None:
    """A malformed header is a 400, as a server in front of this one may read it differently (RFC 9112, 5)."""
    raw = message("POST / HTTP/1.1", field, "Content-Length: 3", body="abc")
    assert send(port, raw)[0] == 400


def test_header_lines_that_are_accepted(port: int) -> None:
    """Fields of one name are combined, cookies with a semicolon; a name with `_` is dropped."""
    fields = ["X: 1", "x:2 \t", "Cookie: a=1", "Cookie: b=2", "X_Y: 3", "X-\x21: \xe9"]
    answer = json.loads(send(port, message("GET / HTTP/1.1", *fields))[1])
    kept = {key: value for key, value in answer.items() if key.startswith("HTTP_")}
    assert kept == {"HTTP_HOST": "a", "HTTP_X": "1,2", "HTTP_COOKIE": "a=1; b=2", "HTTP_X_!": "é"}


@pytest.mark.parametrize(
    ("field", "status"), [("X: 1\r\n" * 101, 431), (f"X: {'a' * 70_000}", 431), (f"X: {'a' * 60_000}", 200)]
)
def test_a_header_that_is_too_large(port: int, field: str, status: int) -> None:
    """More than 100 fields, or a line of more than 64 KiB, is a 431."""
    assert send(port, message("GET / HTTP/1.1", field.rstrip()))[0] == status


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (["Transfer-Encoding: CHUNKED"], 200),
        ([CHUNKED, CHUNKED], 400),
        ([CHUNKED, "Content-Length: 3"], 400),
        (["Content-Length: 3", "Content-Length: 3"], 400),
        (["Content-Length: 3", "content-length: 13"], 400),
        (["Transfer-Encoding: gzip, chunked"], 501),
        (["Transfer-Encoding: identity"], 501),
        (["Transfer-Encoding: chunked, chunked"], 501),
        (["Transfer-Encoding:"], 501),
        (["Content-Length:"], 400),
        (["Content-Length: \t"], 400),
    ],
)
def test_the_framing_of_a_body(port: int, fields: list[str], status: int) -> None:
    """A length that is ambiguous is a 400, a coding that is not known a 501 (RFC 9112, 6.1 and 6.3)."""
    raw = message("POST / HTTP/1.1", *fields, body="3\r\nabc\r\n0\r\n\r\n")
    assert send(port, raw)[0] == status


def test_a_chunked_body_of_an_old_version(port: int) -> None:
    """HTTP/1.0 has no transfer codings (RFC 9112, 6.1)."""
    assert send(port, message("POST / HTTP/1.0", CHUNKED, body="0\r\n\r\n"))[0] == 400


def test_a_request_without_a_host(port: int) -> None:
    """A host is needed in HTTP/1.1, and not in HTTP/1.0 (RFC 9112, 3.2)."""
    assert send(port, b"GET / HTTP/1.1\r\n\r\n")[0] == 400
    assert send(port, b"GET / HTTP/1.0\r\n\r\n")[0] == 200


@pytest.mark.parametrize(
    "raw", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a", message("POST / HTTP/1.1", "Content-Length: 9")]
)
def test_a_client_that_sends_nothing_more(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without further bytes is closed after a time, so that it keeps no thread."""
    monkeypatch.setattr(RequestHandler, "timeout", 0.2)
    app = Cocopot("reads", autoload=False)
    app.add_url_rule("/", "read", lambda: request.get_data(as_text=True), methods=["POST"])
    with serving(app) as port, socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(raw)
        answer = connection.recv(1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_a_rejected_request_has_a_page(port: int) -> None:
    """The answer contains the reason; to HEAD it has no body."""
    assert b"A line of the header is invalid." in send(port, message("GET / HTTP/1.1", "x"))[1]
    assert send(port, message("HEAD / HTTP/1.1", "x")) == (400, b"")


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        *((b"/%0aERROR%1b[31m", "/%0aERROR%1b[31m"), (b"/%E2%80%A8%E2%80%AE", r"/\u2028\u202e")),
        *((b"/%C2%9B", r"/\x9b"), (b"/\x1b[31m\xc2\x85", r"/\x1b[31m"), (b"/a?b=%0d%0aX", "%0d%0aX")),
        *((b"/" + b"x" * 5000, "... (5014 characters)"), (b"/gr%C3%BC%C3%9Fe", "/grüße")),
        (b'/a"_200', r"GET /a\"_200 HTTP/1.1"),
    ],
)
def test_the_access_log_cannot_be_forged(target: bytes, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each request is one line of the access log, in which what the client sent is escaped and bounded."""
    app = Cocopot("access_log", autoload=False)
    with caplog.at_level("INFO", "werkzeug"), serving(app) as port:
        status, _ = send(port, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status in {404, 400}
    (line,) = caplog.messages
    assert shown in line
    assert re.sub(r"\x1b\[\d+m", "", line).isprintable()
