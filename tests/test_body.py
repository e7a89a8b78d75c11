from __future__ import annotations

import io
from typing import Any

import pytest

from cocopot.body import body_stream, check_content_length, read_body
from cocopot.exceptions import BadRequest, ClientDisconnected, LengthRequired, RequestEntityTooLarge


class Trickle(io.BytesIO):
    """A stream that gives two bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(2 if size is None or size < 0 else min(2, size))


def environ_of(stream: io.BytesIO, length: object, **more: Any) -> dict[str, Any]:
    return {"wsgi.input": stream, "CONTENT_LENGTH": str(length), **more}


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
@pytest.mark.parametrize("body", [b"", b"x", b"0123456789"])
def test_a_body_is_read_in_one_piece(stream: type[io.BytesIO], body: bytes) -> None:
    """It ends after the announced number of bytes, however the server hands it over."""
    source = stream(body + b"GET / HTTP/1.1")
    assert read_body(environ_of(source, len(body)), None) == body
    assert source.tell() == len(body)


@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
def test_a_body_that_ends_early_is_an_error(stream: type[io.BytesIO]) -> None:
    """A client that has gone away is not taken for one that sent less."""
    with pytest.raises(ClientDisconnected):
        read_body(environ_of(stream(b"012"), 4), None)


@pytest.mark.parametrize(
    "environ",
    [
        environ_of(io.BytesIO(b"0123"), "", HTTP_TRANSFER_ENCODING="chunked"),
        environ_of(io.BytesIO(b"0123"), 4, HTTP_TRANSFER_ENCODING="chunked"),
        environ_of(io.BytesIO(b"0123"), "4x"),
        environ_of(io.BytesIO(b"0123"), 10**20),
        environ_of(io.BytesIO(b"0123456789"), 10),
    ],
    ids=["chunked", "both", "bad", "huge", "over the limit"],
)
def test_what_is_not_plain_is_left_to_the_stream(environ: dict[str, Any]) -> None:
    """Nothing is read where the length is missing, odd, or more than allowed."""
    assert read_body(environ, 9) is None
    assert environ["wsgi.input"].tell() == 0


def test_the_stream_holds_the_limit() -> None:
    """A body over the limit is refused before it is read."""
    with pytest.raises(RequestEntityTooLarge):
        body_stream(environ_of(io.BytesIO(b"0123456789"), 10), 9)


@pytest.mark.parametrize("length", ["x", "-1", "+1", "1.0", "1" * 21, "\N{SUPERSCRIPT TWO}"])
def test_a_length_that_is_not_a_number_is_rejected(length: str) -> None:
    """Only digits, and no more than twenty, are a length."""
    with pytest.raises(BadRequest):
        check_content_length({"CONTENT_LENGTH": length})


@pytest.mark.parametrize("length", ["", "0", " 7 ", "7\t"])
def test_a_length_may_be_empty_or_padded(length: str) -> None:
    """PEP 3333 allows an empty length, and HTTP blanks around it."""
    check_content_length({"CONTENT_LENGTH": length})


GRANIAN = {"wsgi.input_terminated": True, "SERVER_SOFTWARE": "Granian"}


@pytest.mark.parametrize("more", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {}], ids=["chunked", "HTTP/2"])
def test_granian_hides_where_a_body_without_a_length_breaks_off(more: dict[str, str]) -> None:
    """Under granian a body without a length is a 411, as it may be incomplete (RFC 9110, 15.5.12)."""
    with pytest.raises(LengthRequired):
        body_stream({"wsgi.input": io.BytesIO(b"half"), **GRANIAN, **more}, None)


@pytest.mark.parametrize("max_length", [None, 3])
def test_a_request_without_a_body_is_read_under_granian(max_length: int | None) -> None:
    """Without a length and without a byte there is no body."""
    assert body_stream({"wsgi.input": io.BytesIO(), **GRANIAN}, max_length).read() == b""
    assert body_stream(environ_of(io.BytesIO(b"012"), 3, **GRANIAN), max_length).read() == b"012"
