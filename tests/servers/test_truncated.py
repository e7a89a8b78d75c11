"""Bodies that break off: whichever byte is the last, no reader of no server takes one for complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Server

FORM = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
READERS = {
    "/upload": ("text/plain", b"one\ntwo\n"),
    "/lines": ("text/plain", b"one\ntwo\n"),
    "/stream": ("text/plain", b"one\ntwo\n"),
    "/json": ("application/json", b'[1, 2, {"a": 3}]'),
    "/form": ("application/x-www-form-urlencoded", b"a=1&b=%C3%BC"),
    "/form?multipart": ("multipart/form-data; boundary=x", FORM),
}


def head(path: str, content_type: str, header: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Connection: close", f"Content-Type: {content_type}", header]
    return "\r\n".join([*lines, "", ""]).encode()


def chunked(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:3], body[3:])) + b"0\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("path", READERS)
def test_a_body_with_a_length_is_read_whole_or_not_at_all(server: Server, path: str) -> None:
    """A body that is shorter than its Content-Length, by any number of bytes, is a 400, or dropped."""
    content_type, body = READERS[path]
    start = head(path, content_type, f"Content-Length: {len(body)}")
    assert server.send(start + body).split()[1] == b"200"
    for size in range(len(body)):
        answer = server.send(start + body[:size], end=True)
        assert answer == b"" or answer.split()[1] == b"400", size


@pytest.mark.slow
@pytest.mark.parametrize("path", READERS)
def test_a_chunked_body_is_read_whole_or_not_at_all(server: Server, path: str) -> None:
    """A chunked body whose last chunk is missing is a 400, or dropped, or no chunked body is read."""
    content_type, body = READERS[path]
    start, chunks = head(path, content_type, "Transfer-Encoding: chunked"), chunked(body)
    expected = b"200" if server.reads_chunks else b"411"
    assert server.send(start + chunks).split()[1] == expected
    for size in range(len(chunks) - len("0\r\n\r\n")):
        answer = server.send(start + chunks[:size], end=True)
        assert answer == b"" or answer.split()[1] in {b"400", b"411"}, size
