"""The body of a request: as a stream that ends where the body ends, or read in one piece.

Servers treat a broken body differently; here it is a 4xx under each of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from werkzeug.wsgi import LimitedStream, get_content_length, get_input_stream

from cocopot.exceptions import BadRequest, ClientDisconnected, LengthRequired, RequestEntityTooLarge

if TYPE_CHECKING:
    from typing import IO

    from cocopot.types import WSGIEnvironment

#: The SERVER_SOFTWARE of granian, which ends a body whose chunks break off as if it were complete.
_HIDES_TRUNCATION = "Granian"
_NO_LENGTH = "This server cannot read a body without a Content-Length."
# What Werkzeug's parsers raise for an invalid value of a client.
PARSE_ERRORS = (ValueError, OverflowError)


def bad_request(what: str, error: Exception) -> BadRequest:
    """Return the exception for a part of a request that cannot be read."""
    return BadRequest(f"The {what} of this request cannot be read: {error}")


def is_disconnect(error: OSError) -> bool:
    """Return whether an error is the client's or the server's, about the body, and not the file system's."""
    return error.errno is None or isinstance(error, ConnectionError | TimeoutError)


class TerminatedStream(LimitedStream):
    """A body that the server terminates, checked against its announced length and a maximum.

    Servers treat a broken body differently: gunicorn raises its own errors, and accepts a body that ends
    early as complete. Werkzeug's own stream stops silently at the maximum when all is read in one call.
    """

    def __init__(self, stream: IO[bytes], length: int | None, max_length: int | None) -> None:
        # One more byte than allowed: once it has been read, the body is known to be too long.
        most = sys.maxsize if max_length is None else max_length + 1
        super().__init__(stream, most if length is None else length, is_max=length is None)

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # as in Werkzeug
        data = self._read_some(min(len(b), self.limit - self._pos))
        size = len(data)
        b[:size] = data
        self._pos += size
        if self._limit_is_max and self.is_exhausted:
            raise RequestEntityTooLarge
        return size

    def _read_some(self, size: int) -> bytes:
        """Return the bytes of one read of the server's stream; none once the body has been read."""
        if size <= 0:
            return b""
        data = _read(self._stream, size)
        if not data:
            self.on_disconnect()
        return data


def _read(stream: IO[bytes], size: int) -> bytes:
    """Return the bytes of one read of the server's stream."""
    try:
        return stream.read(size)
    except OSError as error:
        if is_disconnect(error):
            raise ClientDisconnected from error
        raise
    except Exception as error:
        raise bad_request("body", error) from error


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
    stream = get_input_stream(environ, max_content_length=max_length)
    length = get_content_length(environ)
    if "wsgi.input_terminated" in environ:
        if environ.get("SERVER_SOFTWARE") == _HIDES_TRUNCATION and length is None:
            return _stream_without_length(environ, stream)
        terminated = TerminatedStream(environ["wsgi.input"], length, max_length)
        return cast("IO[bytes]", terminated)
    if length is None and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise LengthRequired(_NO_LENGTH)
    return stream


def _stream_without_length(environ: WSGIEnvironment, stream: IO[bytes]) -> IO[bytes]:
    """Return the empty body of a request without a length, under a server that hides truncation.

    Raises:
        LengthRequired: There is a body, chunked or of HTTP/2, and it may be incomplete (RFC 9110, 15.5.12).
    """
    if "HTTP_TRANSFER_ENCODING" in environ or _read(environ["wsgi.input"], 1):
        raise LengthRequired(_NO_LENGTH)
    return stream


def read_body(environ: WSGIEnvironment, max_length: int | None) -> bytes | None:
    """Return the whole body, or `None` if only `body_stream` can read it.

    Args:
        environ: The WSGI environment.
        max_length: The longest body that is read, in bytes.

    Raises:
        ClientDisconnected: The body is shorter than its `Content-Length`.
    """
    announced = environ.get("CONTENT_LENGTH", "")
    if not (announced.isdecimal() and len(announced) < 16):
        return None
    missing = int(announced)
    if (max_length is not None and missing > max_length) or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    stream = environ["wsgi.input"]
    chunk = _read(stream, missing) if missing else b""
    if len(chunk) == missing:
        return chunk  # in one piece, as from most servers
    chunks = []
    while chunk:
        chunks.append(chunk)
        missing -= len(chunk)
        if missing <= 0:
            return b"".join(chunks)
        chunk = _read(stream, missing)
    raise ClientDisconnected
