"""The body of a request: as a stream that ends where the body ends, or read in one piece.

Servers treat a broken body differently; here it is a 4xx under each of them, whichever method reads it:

- A connection that breaks, and a body that ends before its `Content-Length`, raise `ClientDisconnected`.
- Any other exception of the server's input (an invalid chunk or trailer, data that a middleware cannot
  decompress) raises `BadRequest`.
- What the client did not cause is not converted: a `MemoryError`, and an `OSError` of the file system, such
  as a full disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.wsgi import LimitedStream, get_content_length

from cocopot.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType
from cocopot.speedups import InputReader, body_reader, stream_opener
from cocopot.speedups.bodies import HIDES_TRUNCATION, PIECE, raise_read_error, read_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from cocopot.types import WSGIEnvironment

_NO_LENGTH = "This server cannot read a body without a Content-Length."
# What Werkzeug's parsers raise for an invalid value of a client.
PARSE_ERRORS = (ValueError, OverflowError)
#: What the attributes and methods of a request raise for bad input.
BAD_INPUT = (BadRequest, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType)


class BodyStream(LimitedStream):
    """The body of a request, checked against its announced length or a maximum.

    Werkzeug's stream calls the server once per byte to read a line, stops silently at the maximum when all is
    read in one call, and accepts a body without announced length that ends early as complete.

    Args:
        stream: The server's input.
        length: The announced length, in bytes, or `None` if the server ends the stream.
        max_length: The longest body that is read, in bytes, where the length is not known.
    """

    def __init__(self, stream: IO[bytes], length: int | None, max_length: int | None = None) -> None:
        # Werkzeug's constructor is not called: it stores what the reader has.
        self.reader = InputReader(stream, length, max_length)

    def __del__(self) -> None:
        """Do nothing, in place of `close`, which `io.IOBase` calls with many steps."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes: all by default, fewer than `size` only at the end of the body.

        Args:
            size: The number of bytes.

        Raises:
            ClientDisconnected: The body is shorter than announced, or the connection broke.
            BadRequest: The server cannot read the body.
            RequestEntityTooLarge: The body is longer than allowed.
        """
        return self.reader.read(size)

    def readall(self) -> bytes:
        """Return what has not been read of the body."""
        return self.reader.read()

    def readinto(self, b: bytearray) -> int:  # type: ignore[override]  # as in Werkzeug
        """Read as many bytes as fit into a buffer, and return their number."""
        data = self.reader.read(len(b))
        b[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line with its line feed, or `size` bytes of it; errors are those of `read`."""
        return self.reader.readline(size)

    def __iter__(self) -> Iterator[bytes]:
        """Return an iterator over the lines, each with its line feed; errors are those of `read`."""
        return self.reader

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self.reader.position

    @property
    def limit(self) -> int:  # type: ignore[override]  # as in Werkzeug, but read-only
        """The announced length, or the first one that is too long, in bytes."""
        return self.reader.limit

    @property
    def is_exhausted(self) -> bool:
        """Whether the announced length has been read; a body without one ends unannounced."""
        return self.reader.position >= self.reader.limit


def check_content_length(environ: WSGIEnvironment) -> None:
    """Raise for a length that is not a plain number (RFC 9110, section 8.6); PEP 3333 allows an empty one."""
    length = environ.get("CONTENT_LENGTH")
    if not length:
        return
    if length.isdecimal() and length.isascii() and len(length) <= 20:
        return
    digits = length.strip(" \t")
    # Python converts no more than 4300 digits; no length has more than twenty.
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise BadRequest("The Content-Length of this request is not a number of bytes.")


def body_stream(environ: WSGIEnvironment, max_length: int | None) -> IO[bytes]:
    """Return the body as a stream that ends where the body ends.

    Args:
        environ: The WSGI environment.
        max_length: The longest body that is read, in bytes.

    Raises:
        BadRequest: The `Content-Length` is not a number.
        LengthRequired: The body is chunked, and the server does not terminate it (RFC 9110, 15.5.12).
        RequestEntityTooLarge: The body is too long; raised here or while reading.
    """
    check_content_length(environ)
    announced = environ.get("CONTENT_LENGTH")
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = None
    # The transfer coding takes precedence over the length (RFC 9112, 6.3).
    if announced and not is_chunked:
        length = int(announced) if announced.isdecimal() else get_content_length(environ)
    if length is None and not _ends_without_length(environ, is_chunked):
        length = 0
    if length is not None and max_length is not None and length > max_length:
        raise RequestEntityTooLarge
    return cast("IO[bytes]", BodyStream(environ["wsgi.input"], length, max_length))


def _ends_without_length(environ: WSGIEnvironment, is_chunked: bool) -> bool:
    """Return whether the server ends a body without a length; where it does not, there is none.

    Raises:
        LengthRequired: There is one, chunked or of HTTP/2, and it may be incomplete (RFC 9110, 15.5.12).
    """
    has_body = is_chunked
    if environ.get("wsgi.input_terminated"):
        if environ.get("SERVER_SOFTWARE") != HIDES_TRUNCATION:
            return True
        has_body = "HTTP_TRANSFER_ENCODING" in environ or bool(read_input(environ["wsgi.input"], 1))
    if has_body:
        raise LengthRequired(_NO_LENGTH)
    return False


def has_plain_length(environ: WSGIEnvironment, max_length: int | None) -> bool:
    """Return whether there is no body, or one that may be read: `body_stream` would not raise an exception.

    Args:
        environ: The WSGI environment.
        max_length: The longest body that is read, in bytes.
    """
    if "HTTP_TRANSFER_ENCODING" in environ:
        return False
    announced = environ.get("CONTENT_LENGTH")
    if not announced:
        return not environ.get("wsgi.input_terminated")
    if not (announced.isdecimal() and announced.isascii() and len(announced) < 16):
        return False
    return max_length is None or int(announced) <= max_length


def read_body(environ: WSGIEnvironment, max_length: int | None) -> bytes | None:
    """Return the whole body, or `None` if only `body_stream` can read it.

    Args:
        environ: The WSGI environment.
        max_length: The longest body that is read, in bytes.

    Raises:
        ClientDisconnected: The body is shorter than its `Content-Length`.
        BadRequest: The server cannot read the body.
    """
    if not has_plain_length(environ, PIECE if max_length is None else min(max_length, PIECE)):
        return None
    missing = int(environ.get("CONTENT_LENGTH") or 0)
    if not missing:
        return b""
    stream = environ["wsgi.input"]
    data = read_input(stream, missing)
    return data if len(data) == missing else _read_rest(stream, data, missing)


def _read_rest(stream: IO[bytes], data: bytes, length: int) -> bytes:
    """Return a whole body, of which some bytes have been received."""
    return data + InputReader(stream, length - len(data)).read()


if not TYPE_CHECKING:  # the type is the same
    read_body = body_reader(read_body, _read_rest, raise_read_error, PIECE)
    body_stream = stream_opener(body_stream, BodyStream)
