"""Malformed requests, through a socket: a 4xx with a clear body, never a 500 and never a hang.

And mistakes of the programmer, which raise at once and state the remedy.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waitress.server import create_server
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from cocopot import Cocopot, Request, Response, redirect, request
from cocopot.serving.handler import RequestHandler
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TIMEOUT = 5.0  # seconds without a byte are a hang


# -------------------------------------------------------------------------
# The application and its servers
# -------------------------------------------------------------------------


def make_app(root: Path) -> Cocopot:
    """Return an application that reads what clients send."""
    app = Cocopot("bad_input", root_path=str(root), autoload=False)
    app.add_url_rule("/", "index", lambda: "here")
    app.add_url_rule("/data", "data", lambda: request.get_data().hex(), methods=["POST"])
    app.add_url_rule("/json", "json", lambda: {"json": request.json}, methods=["POST"])
    app.add_url_rule("/form", "form", lambda: {**request.form, **request.files}, methods=["POST"])
    app.add_url_rule("/cookies", "cookies", lambda: dict(request.cookies))
    app.add_url_rule("/args", "args", lambda: request.args.to_dict(flat=False))
    app.add_url_rule("/host", "host", lambda: {"host": request.host, "url": request.url})
    app.add_url_rule("/header", "header", lambda: Response("a", headers={"X-A": request.args["value"]}))
    app.add_url_rule("/redirect", "redirect", lambda: redirect(request.args["value"]))
    app.add_url_rule("/attributes", "attributes", read_attributes)
    return app


def read_attributes() -> str:
    """Read what headers are parsed into."""
    names = ["authorization", "range", "if_range", "if_modified_since", "if_unmodified_since", "if_match"]
    names += ["if_none_match", "accept_languages", "accept_mimetypes", "cache_control", "date", "mimetype"]
    return " ".join(type(getattr(request, name)).__name__ for name in names)


class Answer(NamedTuple):
    """What came back for a request; the status is 0 if nothing did."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True)
class Served:
    """The application under a server in a thread."""

    server: str
    app: Cocopot
    port: int

    def send(self, raw: bytes, *, end: bool = False) -> Answer:
        """Send the bytes of a request, and return the answer; the server must go on serving afterwards."""
        answer = self._exchange(raw, end=end)
        assert self._exchange(get("/"), end=False).body == b"here"
        return answer

    def _exchange(self, raw: bytes, *, end: bool) -> Answer:
        received = b""
        address = ("127.0.0.1", self.port)
        # A server that closes before it has read everything resets the connection.
        with socket.create_connection(address, TIMEOUT) as sock, contextlib.suppress(ConnectionResetError):
            sock.sendall(raw)
            if end:
                sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        return Answer(int(head.split()[1]) if head else 0, head, body)


def get(path: str, *headers: str, method: str = "GET", host: str = "localhost") -> bytes:
    """Return the bytes of a request without a body; characters up to U+00FF represent bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(path: str, content_type: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a request with a body."""
    return (
        get(path, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers, method="POST")
        + body
    )


@contextlib.contextmanager
def run_waitress(app: Cocopot) -> Iterator[int]:
    """Serve with waitress, which answers some malformed requests itself; give the port."""
    server = create_server(app, host="127.0.0.1", port=0, clear_untrusted_proxy_headers=True)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join(10)
        server.task_dispatcher.shutdown()


@contextlib.contextmanager
def run_development(app: Cocopot) -> Iterator[int]:
    """Serve with the development server, which lets nearly everything through; give the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=RequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


SERVERS: dict[str, Callable[[Cocopot], contextlib.AbstractContextManager[int]]] = {
    "waitress": run_waitress,
    "development": run_development,
}


def serve(name: str, root: Path) -> Iterator[Served]:
    """Run the application under a server."""
    (root / "static").mkdir()
    (root / "static" / "digits.txt").write_text("0123456789")
    (root / "secret.txt").write_text("secret")
    app = make_app(root)
    with SERVERS[name](app) as port:
        yield Served(name, app, port)


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application under each server in turn."""
    yield from serve(request.param, tmp_path_factory.mktemp("bad_input"))


@pytest.fixture(scope="module")
def development(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application under the development server, for what waitress answers itself."""
    yield from serve("development", tmp_path_factory.mktemp("bad_input"))


# -------------------------------------------------------------------------
# The URL
# -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/%FF", "/a/%C0%AF", "/static/%ED%A0%80", "/%e2%82", "/%FF?a=1"])
def test_a_path_that_is_not_utf8(served: Served, path: str) -> None:
    """The answer is a 400 that states what is wrong."""
    answer = served.send(get(path))
    assert answer.status == 400
    assert b"The path of the URL is not valid UTF-8." in answer.body


def test_bytes_in_the_request_line(development: Served) -> None:
    """Bytes that are not encoded are taken as they come: UTF-8 is found, anything else is a 400."""
    assert development.send(get("/\xc3\xbc")).status == 404
    assert development.send(get("/\xff")).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/%",
        "/%zz",
        "/a%2",
        "/a" + "/" * 5000 + "b",
        "/" + "a" * 60_000,
        "/a%00b",
        "*",
        "/%0d%0aX:",
    ],
)
def test_an_odd_path_is_not_found(served: Served, path: str) -> None:
    """Bad percent-encoding, NUL bytes, line breaks and very long paths are names like any other."""
    answer = served.send(get(path))
    assert answer.status == 404
    assert b"Not Found" in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/..%5csecret.txt",
        "/static/x/../../secret.txt",
        "/static/....//secret.txt",
        "/static/%252e%252e/secret.txt",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/../../../../../../../../etc/passwd",
        "/static/digits.txt%00",
        "/static/digits.txt/x",
        "/static/.",
        "/static/..",
        "/static/" + "a" * 5000,
        "/static/" + "a/" * 2000,
    ],
)
def test_no_file_outside_of_the_static_folder(served: Served, path: str) -> None:
    """A path that leads elsewhere, or nowhere, is not found."""
    answer = served.send(get(path))
    assert answer.status in {308, 404}
    if answer.status == 308:
        target = answer.head.partition(b"Location: http://localhost")[2].split()[0].decode()
        answer = served.send(get(target))
    assert answer.status == 404
    assert b"secret" not in answer.body.replace(b"secret.txt", b"")


def test_five_thousand_slashes(served: Served) -> None:
    """Slashes at the beginning of a path count as one."""
    assert served.send(get("/" * 5000)).body == b"here"


def test_a_url_that_cannot_be_read(development: Served) -> None:
    """A URL that is none is a 400."""
    answer = development.send(get("http://[/"))
    assert answer.status == 400
    assert b"The URL of this request is invalid" in answer.body


def test_a_url_that_is_too_long(served: Served) -> None:
    """A request line that no server takes is a 4xx, or the connection is closed."""
    assert served.send(get("/" + "a" * 300_000)).status in {0, 400, 414, 431}


@pytest.mark.parametrize("query", ["%", "%zz=%", "%FF=%C0", "&&==&=", "a" * 50_000, "a[]=&a[b]=%00"])
def test_an_odd_query_string(served: Served, query: str) -> None:
    """A query string that is not well-formed is read as far as that goes."""
    answer = served.send(get(f"/args?{query}"))
    assert answer.status == 200
    assert isinstance(json.loads(answer.body), dict)


# -------------------------------------------------------------------------
# The request line and the headers
# -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["NONSENSE", "A" * 1000, "PROPFIND", "TRACE", "!#$%&'*+-.^_`|~"])
def test_an_odd_method(served: Served, method: str) -> None:
    """A method that no code has heard of is a 405, or the server's 400."""
    answer = served.send(get("/", method=method))
    assert answer.status in {400, 405}
    assert b"Allow: " in answer.head or answer.status == 400


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", "a b", "<script>", "[::1", "a:b:c", "a:99999999", "\xff\xfe", "a/b@c?d", "." * 300),
        *("evil.example/x?y#", "user@host", "a..b", "a,b", "::1", "a\x7f"),
    ],
)
def test_an_odd_host(served: Served, host: str) -> None:
    """A host that is not valid is a 400, and not repeated (RFC 9112, 3.2)."""
    answer = served.send(get("/host", host=host))
    assert answer.status == 400
    assert b"<script>" not in answer.body


@pytest.mark.parametrize("host", ["my_service:5000", "[::1]:8000", "xn--bcher-kva.example", "a%20b"])
def test_an_unusual_host(served: Served, host: str) -> None:
    """A host that only looks odd is served."""
    assert json.loads(served.send(get("/host", host=host)).body)["host"] == host


def test_no_host(served: Served) -> None:
    """A request without a host is served under the server's own name."""
    answer = served.send(b"GET /host HTTP/1.0\r\n\r\n")
    assert answer.status == 200
    assert json.loads(answer.body)["host"].endswith(f":{served.port}")


@pytest.mark.parametrize(
    "host", ["evil.test", "good.test.evil.test", "xgood.test", "", "a b", "good.test@evil.test", "\xff"]
)
def test_a_host_that_is_not_trusted(served: Served, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TRUSTED_HOSTS any other host is a 400, whatever the path."""
    monkeypatch.setitem(served.app.config, "TRUSTED_HOSTS", ["good.test", ".sub.test", "localhost"])
    for path in ("/host", "/nowhere", "/static/digits.txt"):
        answer = served.send(get(path, host=host))
        assert answer.status == 400
        assert b"Bad Request" in answer.body


def test_a_host_that_is_trusted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TRUSTED_HOSTS the hosts named there, and their subdomains where configured, are served."""
    monkeypatch.setitem(served.app.config, "TRUSTED_HOSTS", ["good.test", ".sub.test", "localhost"])
    for host in ("good.test", "good.test:8000", "a.sub.test"):
        assert json.loads(served.send(get("/host", host=host)).body)["host"] == host


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: ",
        "Authorization: Basic",
        "Authorization: Basic \xff\xfe",
        "Authorization: Basic !!!!",
        "Authorization: Basic /////w==",
        'Authorization: Digest a="b',
        'Authorization: Nonsense =,=,"',
        "Range: bytes=a-b",
        "Range: bytes=9-1,--,5",
        "Range: bytes=" + "1" * 5000 + "-",
        'If-Range: "',
        "If-Modified-Since: yesterday",
        'If-None-Match: W/"a, ", *',
        "Accept: */*;q=x, ;;,",
        "Accept-Language: " + "a-" * 1000,
        'Cache-Control: max-age=x, =, "',
        'Content-Type: ;;charset=="',
        "X-Forwarded-For: \xff",
        "Date: Mon, 99 Nov 2026 99:99:99 GMT",
    ],
)
def test_an_odd_header(served: Served, header: str) -> None:
    """A header that cannot be read counts as absent, or is a 400."""
    answer = served.send(get("/attributes", header))
    assert answer.status in {200, 400}
    assert answer.body


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Range: bytes=a-b", 416),
        ("Range: bytes=5-1", 416),
        ("Range: bytes=100-", 416),
        ("Range: furlongs=1-2", 200),
        ("Range: bytes=0-1,3-4", 200),
        ("If-Modified-Since: yesterday", 200),
        ("If-Modified-Since: Mon, 01 Jan 99999999999 00:00:00 GMT", 200),
        ('If-None-Match: """', 200),
    ],
)
def test_an_odd_condition_for_a_file(served: Served, header: str, status: int) -> None:
    """A range that cannot be had is a 416, and a date that cannot be read is not a condition."""
    answer = served.send(get("/static/digits.txt", header))
    assert answer.status == status
    assert answer.body


@pytest.mark.parametrize(
    "cookie",
    ["=", ";;;=;", 'a="', 'a="\\777\\3"; b=1', "\xff=\xff", "a" * 8000, "a=b; a=c; =d", "$Version=1; a=\x01"],
)
def test_odd_cookies(served: Served, cookie: str) -> None:
    """A cookie that is not well-formed is read as far as that goes, or skipped."""
    answer = served.send(get("/cookies", f"Cookie: {cookie}"))
    assert answer.status in {200, 400}
    assert answer.body


@pytest.mark.parametrize("path", ["/header", "/redirect"])
@pytest.mark.parametrize("value", ["a%0d%0aInjected:%20yes", "a%0aInjected:%20yes", "a%0dInjected:%20yes"])
def test_a_header_with_a_line_break(served: Served, path: str, value: str) -> None:
    """A view that puts a line break into a header fails; nothing of it reaches the client as a header."""
    answer = served.send(get(f"{path}?value={value}"))
    assert answer.status in {302, 500}
    assert not any(line.startswith(b"Injected") for line in answer.head.splitlines())


@pytest.mark.parametrize("expectation", ["nonsense", "200-ok", "100-continue, nonsense"])
def test_an_odd_expectation(served: Served, expectation: str) -> None:
    """An expectation that no code knows is left unmet, without a hang."""
    answer = served.send(post("/data", "text/plain", b"abc", f"Expect: {expectation}"))
    assert answer.status in {100, 200, 417}


# -------------------------------------------------------------------------
# The body
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "length", ["x", "-1", "+3", "1_0", "3.0", "0x3", "3 3", "9" * 30, "\xb2", "1" * 5000]
)
def test_a_length_that_is_not_a_number(served: Served, length: str) -> None:
    """A Content-Length that is not a plain number is a 4xx, for any path."""
    for path in ("/data", "/nowhere"):
        answer = served.send(get(path, f"Content-Length: {length}", method="POST") + b"abc", end=True)
        too_many_digits = served.server == "waitress" and answer.status == 0
        assert too_many_digits or answer.status in {400, 413, 404 if path == "/nowhere" else 400}


def test_a_body_that_ends_early(served: Served) -> None:
    """A body shorter than announced never reaches the view."""
    form = "application/x-www-form-urlencoded"
    for path, mimetype in ("/data", "text/plain"), ("/form", form), ("/json", "application/json"):
        raw = get(path, f"Content-Type: {mimetype}", "Content-Length: 100", method="POST")
        answer = served.send(raw + b"[]", end=True)
        assert answer.status == (0 if served.server == "waitress" else 400)


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"5\r\nabc", b"-1\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])
def test_a_broken_chunked_body(served: Served, chunks: bytes) -> None:
    """A chunked body that is malformed or ends early never reaches the view."""
    answer = served.send(get("/data", "Transfer-Encoding: chunked", method="POST") + chunks, end=True)
    assert answer.status in {0, 400}
    assert answer.status == 400 or served.server == "waitress"


@pytest.mark.parametrize("path", ["/data", "/json", "/form"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(
    served: Served, path: str, chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body above MAX_CONTENT_LENGTH is a 413, with a length and without one."""
    monkeypatch.setitem(served.app.config, "MAX_CONTENT_LENGTH", 100)
    mimetype = "application/x-www-form-urlencoded" if path == "/form" else "application/json"
    body = b"1" * 101
    raw = post(path, mimetype, body)
    if chunked:
        raw = get(path, f"Content-Type: {mimetype}", "Transfer-Encoding: chunked", method="POST")
        raw += b"65\r\n" + body + b"\r\n0\r\n\r\n"
    answer = served.send(raw)
    assert answer.status == 413
    assert b"Request Entity Too Large" in answer.body


def multipart(*parts: bytes, boundary: bytes = b"x", end: bytes = b"--x--\r\n") -> bytes:
    """Return a body of parts, each with its headers."""
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


def field(name: str, value: bytes) -> bytes:
    """Return a part of a form."""
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def test_a_form_that_is_too_large(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field above MAX_FORM_MEMORY_SIZE, and more parts than MAX_FORM_PARTS, are a 413."""
    monkeypatch.setitem(served.app.config, "MAX_FORM_MEMORY_SIZE", 1000)
    monkeypatch.setitem(served.app.config, "MAX_FORM_PARTS", 3)
    mimetype = "multipart/form-data; boundary=x"
    assert served.send(post("/form", mimetype, multipart(*[field("a", b"1")] * 3))).status == 200
    assert served.send(post("/form", mimetype, multipart(*[field("a", b"1")] * 4))).status == 413
    assert served.send(post("/form", mimetype, multipart(field("a", b"1" * 1001)))).status == 413


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ("", multipart(field("a", b"1"))),
        ("; boundary=", multipart(field("a", b"1"))),
        ("; boundary=y", multipart(field("a", b"1"))),
        (f"; boundary={'-' * 71}", multipart(field("a", b"1"), boundary=b"-" * 71)),
        ("; boundary=\xff", multipart(field("a", b"1"))),
        ("; boundary=x", multipart(field("a", b"1"), end=b"")),
        ("; boundary=x", multipart(field("a", b"1"))[:-9]),
        ("; boundary=x", b"nonsense"),
        ("; boundary=x", b"--x"),
        ("; boundary=x", multipart(b"\r\n1")),
        ("; boundary=x", multipart(b"nonsense\r\n\r\n1")),
        ("; boundary=x", multipart(b"Content-Disposition: nonsense\r\n\r\n1")),
        ("; boundary=x", multipart(b"Content-Disposition: form-data\r\n\r\n1")),
        ("; boundary=x", multipart(b"\xff: \xff\r\n\r\n1")),
        ("; boundary=" + "x" * 10_000, multipart(field("a", b"1"))),
    ],
)
def test_a_broken_multipart_form(served: Served, parameters: str, body: bytes) -> None:
    """A form that cannot be taken apart is a 400 that states so."""
    answer = served.send(post("/form", f"multipart/form-data{parameters}", body))
    assert answer.status == 400
    assert b"Bad Request" in answer.body


def test_a_form_that_is_not_utf8(served: Served) -> None:
    """An urlencoded form with bytes that are not UTF-8 is a 400."""
    answer = served.send(post("/form", "application/x-www-form-urlencoded", b"a=\xff"))
    assert answer.status == 400
    assert b"The form of this request cannot be read" in answer.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"[1,]",
        b"NaN",
        b'{"a": Infinity}',
        b"1e999",
        b'[{"a": [-1e400]}]',
        b"[" * 501 + b"]" * 501,
        b'"\xff"',
        b"\x00",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'{"a": [-' + b"9" * 100_000 + b"]}",
        b"[] []",
    ],
)
def test_bad_json(served: Served, body: bytes) -> None:
    """A body that is not JSON, nested too deeply or with a number beyond all bounds is a 400."""
    answer = served.send(post("/json", "application/json", body))
    assert answer.status == 400
    assert b"Bad Request" in answer.body


@pytest.mark.parametrize("only_ascii", [True, False])
def test_odd_json_that_is_valid(served: Served, only_ascii: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone surrogate and a very small number are JSON, and come back."""
    monkeypatch.setitem(served.app.config, "JSON_AS_ASCII", only_ascii)
    answer = served.send(post("/json", "application/json", rb'["\ud800", 1e-999, 1e5]'))
    assert answer.status == 200
    assert json.loads(answer.body)["json"] == ["\ud800", 0.0, 1e5]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application", "\xff"]
)
def test_json_of_the_wrong_type(served: Served, content_type: str) -> None:
    """JSON without its content type is a 415."""
    answer = served.send(post("/json", content_type, b"{}"))
    assert answer.status == 415
    assert b"Unsupported Media Type" in answer.body


@pytest.mark.parametrize("charset", ["nonsense", "utf-16", "\xff", '"', "idna", "rot13"])
def test_an_unknown_charset(served: Served, charset: str) -> None:
    """The charset of a body is not inspected: JSON and forms are UTF-8."""
    answer = served.send(post("/json", f"application/json; charset={charset}", b'"\xc3\xbc"'))
    assert json.loads(answer.body) == {"json": "ü"}
    mimetype = f"application/x-www-form-urlencoded; charset={charset}"
    answer = served.send(post("/form", mimetype, b"a=%C3%BC"))
    assert json.loads(answer.body) == {"a": "ü"}


# -------------------------------------------------------------------------
# Anything
# -------------------------------------------------------------------------

NOT_READ = {
    "application",
    "close",
    "from_values",
    "get_data",
    "make_form_data_parser",
    "on_json_loading_failed",
}
#: Without the properties that a plugin adds, which a class of requests has not.
ATTRIBUTES = [
    name
    for name in dir(Request)
    if not name.startswith("_") and name not in NOT_READ and hasattr(Request, name)
]
# fmt: off
KEYS = (
    "CONTENT_TYPE", "HTTP_ACCEPT", "HTTP_ACCEPT_CHARSET", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION", "HTTP_CACHE_CONTROL", "HTTP_COOKIE", "HTTP_DATE", "HTTP_HOST", "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE", "HTTP_MAX_FORWARDS", "HTTP_RANGE",
    "HTTP_TRANSFER_ENCODING", "HTTP_X_FORWARDED_FOR",
)
# fmt: on
latin1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)
odd_values = latin1 | st.sampled_from(
    [
        '"',
        "bytes=0-,-5",
        "Basic YQ==",
        "Digest ",
        "[",
        "a:99999",
        "31 Dec 99999999999999999999 23:59:59 +0000",
        "a;q=nan",
        'a="\\777',
        "chunked",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ]
)
odd_bodies = st.binary(max_size=20) | st.sampled_from([b"[" * 5000, b"1" * 5000, multipart(field("a", b"1"))])


@st.composite
def odd_environs(draw: Any) -> dict[str, Any]:
    """Draw an environment as a server could give it for a malformed request."""
    environ: dict[str, Any] = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    environ["REQUEST_METHOD"] = draw(st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "FOO", ""]))
    environ["SCRIPT_NAME"] = draw(st.sampled_from(["", "/mounted", "/\xc3\xa9"]))
    environ["PATH_INFO"] = "/" + draw(st.just("a") | latin1)
    environ["QUERY_STRING"] = draw(latin1)
    environ["CONTENT_LENGTH"] = draw(st.sampled_from(["", "0", "5", " 3 ", "x", "-1", "9" * 30]))
    environ["wsgi.input"] = io.BytesIO(draw(odd_bodies))
    if draw(st.booleans()):
        environ["wsgi.input_terminated"] = True
    headers: dict[str, str] = draw(st.dictionaries(st.sampled_from(KEYS), odd_values, max_size=4))
    return {**environ, **headers}


def call(app: Cocopot, environ: dict[str, Any]) -> str:
    """Call an application as a server does, and return the status; what it sends must be well-formed."""
    body, status, headers = run_wsgi_app(app, environ)
    assert all(type(piece) is bytes for piece in body)
    for text in (status, *(part for header in headers for part in header)):
        assert not set(text.encode("latin-1")) & set(b"\r\n\0")
    return status


@settings(max_examples=150, deadline=None)
@given(odd_environs(), st.sampled_from(ATTRIBUTES))
def test_reading_an_attribute_is_never_a_500(environ: dict[str, Any], name: str) -> None:
    """Whatever the client sent, an attribute of the request can be read, or the answer is a 4xx."""
    app = Cocopot("anything", autoload=False)
    app.add_url_rule(
        "/<path:path>", "read", lambda path: repr(getattr(request, name)), methods=["GET", "POST"]
    )
    assert call(app, environ)[0] in "234"


# -------------------------------------------------------------------------
# The debugger
# -------------------------------------------------------------------------

PROGRAM = """
import sys
from cocopot import Cocopot
app = Cocopot("bad", autoload=False)
@app.route("/")
def index():
    raise RuntimeError("this view always fails")
app.run({host!r}, {port}, use_reloader=False, **{options!r})
"""


def fail_under_debug(tmp_path: Path, host: str, **options: Any) -> tuple[bytes, str]:
    """Start the development server, let a view fail, and return the answer and what was logged."""
    port = free_port()
    program = PROGRAM.format(host=host, port=port, options=options)
    log = tmp_path / "log"
    with log.open("wb") as file, subprocess.Popen([sys.executable, "-c", program], stderr=file) as process:
        try:
            answer = _first_answer(port)
        finally:
            process.terminate()
    return answer, log.read_text()


def _first_answer(port: int) -> bytes:
    deadline = time.monotonic() + 20
    while True:
        try:
            sock = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        except OSError:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            break
    with sock, sock.makefile("rb") as answer:
        sock.sendall(get("/"))
        return answer.read()


def test_the_debugger_is_there_for_this_machine(tmp_path: Path) -> None:
    """With debug on, and a host that only this machine reaches, an error is shown in the debugger."""
    answer, log = fail_under_debug(tmp_path, "127.0.0.1")
    assert b"__debugger__" in answer
    assert "interactive debugger stays off" not in log


def test_the_debugger_is_not_exposed_to_other_machines(tmp_path: Path) -> None:
    """With a host that is not known to be this machine's own the debugger stays off, with a warning."""
    answer, log = fail_under_debug(tmp_path, "127.1")  # a loopback address that does not look like one
    assert answer.split()[1] == b"500"
    assert b"__debugger__" not in answer
    assert "The interactive debugger stays off, because the server listens on 127.1" in log
    assert "use_debugger=True" in log


def test_the_debugger_can_be_enabled_explicitly(tmp_path: Path) -> None:
    """Who states use_debugger=True gets the debugger on any host."""
    answer, log = fail_under_debug(tmp_path, "127.1", use_debugger=True)
    assert b"__debugger__" in answer
    assert "interactive debugger stays off" not in log


# -------------------------------------------------------------------------
# Mistakes of the programmer
# -------------------------------------------------------------------------


@pytest.fixture
def app() -> Cocopot:
    """An application whose exceptions reach the test."""
    app = Cocopot("mistakes", autoload=False)
    app.testing = True
    return app


@pytest.mark.parametrize("value", [None, 5, (None, 200), ("a", 1, {}, 4), object()])
def test_a_view_that_returns_no_response(app: Cocopot, value: Any) -> None:
    """The error names the endpoint, and what a view may return."""
    app.add_url_rule("/", "index", lambda: value)
    with pytest.raises(TypeError, match=r"'index' returned .*[Rr]eturn a|must return a response"):
        app.test_client().get("/")


def test_a_second_function_for_an_endpoint(app: Cocopot) -> None:
    """The error names both functions, and what to do."""
    app.add_url_rule("/", "index", lambda: "a")
    with pytest.raises(ValueError, match=r"'index' already has a function.*another name, or pass endpoint="):
        app.add_url_rule("/other", "index", lambda: "b")


def test_an_unknown_converter(app: Cocopot) -> None:
    """The error names the rule and the converters that there are."""
    with pytest.raises(LookupError, match=r"/<integer:number>.*Converters are: .*int.*path.*uuid"):
        app.add_url_rule("/<integer:number>", "number", lambda number: {"number": number})


def test_registering_after_the_first_request(app: Cocopot) -> None:
    """Routes, functions and handlers are refused with a word on where they belong."""
    app.test_client().get("/")
    for register in (app.before_request, app.after_request, app.teardown_request, app.errorhandler(404)):
        with pytest.raises(RuntimeError, match=r"after its first request.*must be registered before"):
            register(lambda *args: None)
    with pytest.raises(RuntimeError, match="add_url_rule"):
        app.add_url_rule("/", "index", lambda: "a")
