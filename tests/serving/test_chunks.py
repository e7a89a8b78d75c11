"""The chunked body of a request to the development server."""

from __future__ import annotations

import io

import pytest

from cocopot.serving.chunks import ChunkedBody


def body_of(raw: bytes) -> ChunkedBody:
    return ChunkedBody(io.BytesIO(raw))


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"0003\r\nabc\r\n000\r\n\r\n", b"abc"),
        (b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
        (b'3;name=value;other="quoted; \xe9"\r\nabc\r\n0;last\r\n\r\n', b"abc"),
        (b"3 \t ; name\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Other:\r\n\r\n", b"abc"),
        (b"3\r\nabc\r\n0\r\n", b"abc"),
    ],
)
def test_a_body_is_read(raw: bytes, body: bytes) -> None:
    """Sizes are hexadecimal; extensions and trailers are ignored (RFC 9112, 7.1.1 and 7.1.2)."""
    assert body_of(raw).read() == body
    pieces = body_of(raw)
    assert b"".join(iter(lambda: pieces.read(2) or b"", b"")) == body


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        *(b"-3\r\nabc\r\n", b"+3\r\nabc\r\n", b"0x3\r\nabc\r\n", b"0_3\r\nabc\r\n", b" 3\r\nabc\r\n"),
        *(b"x\r\n", b"3\rabc\r\n", b"3 4\r\nabc\r\n", b"\xb2\r\nab\r\n", b"3;\rx\r\nabc\r\n"),
        b"3;a\x00b\r\nabc\r\n",
        b"f" * 16 + b"\r\nabc\r\n",
        b"f" * 15 + b"\r\nabc",
        b"3;" + b"x" * 9000 + b"\r\nabc\r\n",
        b"3",
        b"3\r\nab",
        b"3\r\nabc",
        b"3\r\nabc\r",
        b"3\r\nabc\r\n",
        b"2\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"4\r\nabc\r\n0\r\n\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
    ],
)
def test_a_body_that_is_malformed_is_an_error(raw: bytes) -> None:
    """What is no size, a chunk of another size and a body that breaks off are errors, which become a 400."""
    with pytest.raises(OSError, match=r"chunk"):
        body_of(raw).read()
