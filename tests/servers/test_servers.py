"""One application under every server: the same requests have the same answers."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from cocopot.testing import Client
    from tests.servers.conftest import Server

FIELDS = (
    b"--x\r\n"
    b'Content-Disposition: form-data; name="title"\r\n\r\n'
    b"Gr\xc3\xbc\xc3\x9fe\r\n"
    b"--x\r\n"
    b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
    b"first line\nsecond line\r\n"
    b"--x--\r\n"
)
CHUNKED = b"POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
URLENCODED = "application/x-www-form-urlencoded"


class Case(NamedTuple):
    """A request, and the status of its answer."""

    status: int
    method: str
    path: str
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, which no code changes
    body: bytes | None = None


CASES = {
    "text": Case(200, "GET", "/text"),
    "head": Case(200, "HEAD", "/text"),
    "options": Case(200, "OPTIONS", "/text"),
    "json": Case(200, "POST", "/json", {"Content-Type": "application/json"}, b'{"a": ["\xc3\xbc", 1.5]}'),
    "json-bad": Case(400, "POST", "/json", {"Content-Type": "application/json"}, b'{"a'),
    "json-wrong-type": Case(415, "POST", "/json", {"Content-Type": "text/plain"}, b"{}"),
    "upload": Case(200, "POST", "/upload", {}, b"some bytes \x00\xff"),
    "upload-large": Case(200, "PUT", "/upload", {}, bytes(range(256)) * 8192),
    "upload-empty": Case(200, "PUT", "/upload", {}, b""),
    "form": Case(200, "POST", "/form", {"Content-Type": URLENCODED}, b"a=1&a=%C3%BC&b="),
    "form-multipart": Case(200, "POST", "/form", {"Content-Type": "multipart/form-data; boundary=x"}, FIELDS),
    "file": Case(200, "GET", "/file"),
    "file-head": Case(200, "HEAD", "/file"),
    "file-etag": Case(304, "GET", "/file", {"If-None-Match": '"digits"'}),
    "file-other-etag": Case(200, "GET", "/file", {"If-None-Match": '"letters"'}),
    "file-since": Case(304, "GET", "/file", {"If-Modified-Since": "Sun, 09 Sep 2001 01:46:40 GMT"}),
    "range": Case(206, "GET", "/file", {"Range": "bytes=2-4"}),
    "range-suffix": Case(206, "GET", "/file", {"Range": "bytes=-3"}),
    "range-outside": Case(416, "GET", "/file", {"Range": "bytes=20-30"}),
    "static": Case(200, "GET", "/static/digits.txt"),
    "static-range": Case(206, "GET", "/static/digits.txt", {"Range": "bytes=0-0"}),
    "static-missing": Case(404, "GET", "/static/letters.txt"),
    "large": Case(200, "GET", "/large/3000000"),
    "redirect": Case(302, "GET", "/redirect"),
    "redirect-slashes": Case(308, "GET", "/large//3"),
    "not-found": Case(404, "GET", "/nowhere"),
    "not-allowed": Case(405, "POST", "/text", {}, b"unread"),
    "no-content": Case(204, "DELETE", "/empty"),
    "teapot": Case(418, "GET", "/teapot"),
    "failure": Case(500, "GET", "/failure"),
    "failure-head": Case(500, "HEAD", "/failure"),
    "cookies": Case(200, "GET", "/cookies", {"Cookie": 'b=2; a="x y"; c'}),
    "query": Case(200, "GET", "/query?a=1&a=%C3%BC+%2B&b=&c&=d"),
    "path": Case(200, "GET", "/names/%C3%BC/%E2%82%AC%20%25%3F%23x"),
    "path-bad-percent": Case(200, "GET", "/names/100%zz%"),
    "host": Case(200, "GET", "/host"),
}


def by_name(headers: Any) -> dict[str, list[str]]:
    """Return the values of headers by name, those of Allow in order, as they have none of their own."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        ordered = ", ".join(sorted(value.split(", "))) if name.lower() == "allow" else value
        values.setdefault(name.lower(), []).append(ordered)
    return values


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_that_of_the_application(server: Server, in_process: Client, name: str) -> None:
    """Status, body and headers are the same under every server, and the same as without one."""
    status, method, path, headers, body = CASES[name]
    if name == "path-bad-percent" and server.checks_percent_encoding:
        assert server.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()).split()[1] == b"400"
        return
    headers = {"Host": "example.test", **headers}
    expected = in_process.open(
        path, "http://example.test/", method=method, headers=headers, data=body, buffered=True
    )
    client = server.client()
    client.request(method, path, body, headers)
    response = client.getresponse()
    content = response.read()
    client.close()
    assert response.status == expected.status_code == status
    assert content == (b"" if method == "HEAD" else expected.data)
    own = by_name(expected.headers)
    own.pop("date", None)
    received = by_name(response.getheaders())
    assert {name: received.get(name) for name in own} == own


def test_a_path_that_is_not_utf8_is_refused(server: Server) -> None:
    """Every server lets the application see bytes that are not UTF-8, and reject them."""
    answer = server.send(b"GET /names/%FF HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert b"The path of the URL is not valid UTF-8." in answer


def test_an_upload_arrives_whole(server: Server) -> None:
    """A large body with a length reaches the view byte for byte."""
    body = bytes(range(251)) * 10_000
    client = server.client()
    client.request("POST", "/upload", body)
    answer = json.loads(client.getresponse().read())
    client.close()
    assert answer == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def test_a_chunked_upload_arrives_whole_or_is_refused(server: Server) -> None:
    """A body without a length reaches the view; where the server cannot read it, the answer is a 411."""
    pieces = [b"first", b"x" * 20_000, b"last"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    answer = server.send(CHUNKED + chunks + b"0\r\n\r\n")
    if server.reads_chunks:
        assert answer.split()[1] == b"200"
        assert hashlib.sha256(b"".join(pieces)).hexdigest().encode() in answer
    else:
        assert answer.split()[1] == b"411"
        assert b"This server cannot read a body without a Content-Length." in answer


@pytest.mark.parametrize("chunks", [b"5\r\nabc", b"3\r\nabc\r\nzz\r\n", b"nonsense"])
def test_a_broken_chunked_upload_is_refused(server: Server, chunks: bytes) -> None:
    """A chunked body that ends early or is malformed is never a 200."""
    answer = server.send(CHUNKED + chunks, end=True)
    assert answer == b"" or answer.split()[1] in {b"400", b"411"}
    assert server.get_json("/query?still=here") == {"still": ["here"]}


def test_an_upload_that_ends_early_is_refused(server: Server) -> None:
    """A body shorter than its length is a 400, or the server drops it; it never reaches the view."""
    head = b"POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 100\r\n\r\n"
    answer = server.send(head + b"abc", end=True)
    assert answer == b"" or answer.split()[1] == b"400"
    assert server.get_json("/query?still=here") == {"still": ["here"]}


def test_a_connection_is_kept(server: Server) -> None:
    """Two requests on one connection are answered where the server keeps connections, else it is closed."""
    client = server.client()
    client.request("POST", "/json", b'{"n": 1}', {"Content-Type": "application/json"})
    assert json.loads(client.getresponse().read())["json"] == {"n": 1}
    connection = client.sock
    assert (connection is not None) is server.keeps_connections
    client.request("GET", "/text")
    assert client.getresponse().read() == "Grüße".encode()
    assert client.sock is connection
    client.close()


def test_an_unread_body_does_not_affect_the_next_request(server: Server) -> None:
    """What a view leaves unread is not taken for a request, kept connection or not."""
    with closing(server.client()) as client:
        for _ in range(2):
            try:
                client.request("POST", "/nowhere", b"GET /failure HTTP/1.1\r\n\r\n" * 1000)
            except (BrokenPipeError, ConnectionResetError):
                break  # a server may close a connection with an unread body (RFC 9112, section 9.3)
            response = client.getresponse()
            assert response.status == 404
            assert b"Not Found" in response.read()
    assert server.get_json("/query?still=here") == {"still": ["here"]}


@pytest.mark.parametrize(
    "host",
    [b"a b", b"<script>", b"evil.example/x?y#", b"user@host", b"a..b", b"a:99999", b"[::1", b"\xc3\xa9", b""],
)
def test_an_invalid_host(server: Server, host: bytes) -> None:
    """A host that is not valid is a 400, from the application or from the server (RFC 9112, 3.2)."""
    answer = server.send(b"GET /host HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] == b"400"


def test_two_hosts(server: Server) -> None:
    """Two Host lines are a 400; a server may join them with a comma. bjoern joins them without one."""
    answer = server.send(b"GET /host HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] == (b"200" if server.joins_headers else b"400")


def test_an_unusual_host(server: Server) -> None:
    """An underscore is valid, and the path of the URL is the one that was requested."""
    answer = server.send(
        b"GET /names/a%2541%3F HTTP/1.1\r\nHost: my_service:5000\r\nConnection: close\r\n\r\n"
    )
    assert b'"http://my_service:5000/names/a%2541%3F"' in answer


@pytest.mark.parametrize(
    "request_line",
    [
        b"HEAD /text HTTP/1.1",
        b"HEAD /large/1000 HTTP/1.1",
        b"HEAD /file HTTP/1.1",
        b"HEAD /download/none?name=n HTTP/1.1",
        b"HEAD /nowhere HTTP/1.1",
        b"DELETE /empty HTTP/1.1",
        b'GET /file HTTP/1.1\r\nIf-None-Match: "digits"',
    ],
)
def test_nothing_follows_the_headers(server: Server, request_line: bytes) -> None:
    """An answer to HEAD, a 204 and a 304 end with their headers on the wire."""
    answer = server.send(request_line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.")
    streamed = b"/download/" in request_line
    assert rest == (b"0\r\n\r\n" if streamed and server.chunks_nothing else b"")


def test_a_download_is_streamed_with_its_context(server: Server) -> None:
    """A generator runs with the request at hand; it is closed, and then the context is torn down."""
    token = uuid4().hex
    client = server.client()
    client.request("GET", f"/download/{token}?name=piece")
    assert client.getresponse().read() == b"piece 0\npiece 1\npiece 2\n"
    client.close()
    assert server.events(token) == ["closed", "teardown"]


def test_a_streamed_answer_to_head_is_torn_down(server: Server) -> None:
    """The context is torn down also where the generator is never started."""
    token = uuid4().hex
    client = server.client()
    client.request("HEAD", f"/download/{token}?name=piece")
    assert client.getresponse().read() == b""
    client.close()
    assert server.events(token) == ["teardown"]


def test_a_client_that_goes_away_ends_the_download(server: Server) -> None:
    """A generator that never ends is closed, and the context torn down, when no one reads any more."""
    token = uuid4().hex
    with server.connect() as connection:
        connection.sendall(f"GET /endless/{token} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert connection.recv(100_000).startswith(b"HTTP/1.")
        assert connection.recv(100_000)
    assert server.events(token) == ["closed", "teardown"]
