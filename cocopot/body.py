"""The body of a request: as a stream that ends where the body ends, or read in one piece.

Servers treat a broken body differently; here it is a 4xx under each of them, whichever method reads it:

- A connection that breaks, and a body that ends before its `Content-Length`, raise `ClientDisconnected`.
- Any other exception of the server's input (an invalid chunk or trailer, data that a middleware cannot
  decompress) raises `BadRequest`.
- What the client did not cause is not converted: a `MemoryError`, and an `OSError` of the file system, such
  as a full disk.
"""

from __future__ import annotations

import errno
import sys
from io import DEFAULT_BUFFER_SIZE, SEEK_CUR, BytesIO
from typing import TYPE_CHECKING, cast

from werkzeug.wsgi import LimitedStream, get_content_length

from cocopot.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from cocopot.speedups import body_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from cocopot.types import WSGIEnvironment

#: The SERVER_SOFTWARE of granian, which ends a body whose chunks break off as if it were complete.
_HIDES_TRUNCATION = "Granian"
_NO_LENGTH = "This server cannot read a body without a Content-Length."
# What Werkzeug's parsers raise for an invalid value of a client.
PARSE_ERRORS = (ValueError, OverflowError)
#: What the attributes and methods of a request raise for bad input.
BAD_INPUT = (BadRequest, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType)

#: The most bytes that are requested in one call: servers allocate what is requested, and a Content-Length may
#: announce any number.
PIECE = 1024 * 1024

_LINE_FEED = ord("\n")

# Errors of a connection for which Python has no subclass of `ConnectionError`.
_NETWORK_ERRORS = frozenset(
    getattr(errno, name)
    for name in ("EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETRESET", "ENETUNREACH", "ENOTCONN")
    if hasattr(errno, name)
)


def bad_request(what: str, error: Exception) -> BadRequest:
    """Return the exception for a part of a request that cannot be read."""
    return BadRequest(f"The {what} of this request cannot be read: {error}")


def _is_disconnect(error: OSError) -> bool:
    """Return whether an error is about the connection or the body, and not the file system's."""
    if error.errno is None or error.errno in _NETWORK_ERRORS:
        return True
    # The errors of TLS have numbers of their own; a server that uses it has imported the module.
    tls_error: type[OSError] = getattr(sys.modules.get("ssl"), "SSLError", ConnectionError)
    return isinstance(error, (ConnectionError, TimeoutError, tls_error))


class BodyStream(LimitedStream):
    """The body of a request, checked against its announced length or a maximum.

    Werkzeug's stream calls the server once per byte to read a line, stops silently at the maximum when all is
    read in one call, and accepts a body without announced length that ends early as complete.

    Args:
        stream: The server's input.
        length: The announced length, in bytes, or `None` if the server ends the stream.
        max_length: The longest body that is read, in bytes, where the length is not known.
    """

    # What was received for `readline` and not read yet; replaced, never written to.
    _ahead = BytesIO()
    _received = 0
    _is_broken = False

    def __init__(self, stream: IO[bytes], length: int | None, max_length: int | None = None) -> None:
        # One more byte than allowed: once it has been read, the body is known to be too long.
        most = sys.maxsize if max_length is None else max_length + 1
        # Werkzeug's constructor is not called: it does no more than this.
        self._stream = stream
        self._pos = 0
        self._limit_is_max = length is None
        self.limit = most if length is None else length

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes: all by default, fewer than `size` only at the end of the body.

        Args:
            size: The number of bytes.

        Raises:
            ClientDisconnected: The body is shorter than announced, or the connection broke.
            BadRequest: The server cannot read the body.
            RequestEntityTooLarge: The body is longer than allowed.
        """
        missing = self.limit if size is None or size < 0 else size
        piece = self._ahead.read(missing) or self._receive(missing)
        if len(piece) == missing:
            self._pos += missing
            return piece
        pieces = []
        while piece:
            pieces.append(piece)
            missing -= len(piece)
            piece = self._receive(missing)
        data = b"".join(pieces)
        self._pos += len(data)
        return data

    def readall(self) -> bytes:
        """Return what has not been read of the body."""
        return self.read()

    def readinto(self, b: bytearray) -> int:  # type: ignore[override]  # as in Werkzeug
        """Read as many bytes as fit into a buffer, and return their number."""
        data = self.read(len(b))
        b[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line with its line feed, or `size` bytes of it; errors are those of `read`."""
        if size is None or size < 0:
            line = self._ahead.readline()
            if line[-1:] == b"\n":  # all of it has been received
                self._pos += len(line)
                return line
            self._ahead.seek(-len(line), SEEK_CUR)
        missing = self.limit if size is None or size < 0 else size
        pieces = []
        while missing > 0:
            piece = self._ahead.readline(missing)
            if piece:
                pieces.append(piece)
                missing -= len(piece)
                if piece.endswith(b"\n"):
                    break
            elif received := self._receive(DEFAULT_BUFFER_SIZE):
                self._ahead = BytesIO(received)
            else:
                break
        line = b"".join(pieces)
        self._pos += len(line)
        return line

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the lines, each with its line feed; errors are those of `read`."""
        while True:
            ahead = self._ahead
            for line in ahead:
                if line[-1] != _LINE_FEED:  # not all of it has been received
                    ahead.seek(-len(line), SEEK_CUR)
                    break
                self._pos += len(line)
                yield line
            line = self.readline()
            if not line:
                return
            yield line

    def is_at_end(self) -> bool:
        """Return whether nothing is left to read; errors are those of `read`."""
        if not self._limit_is_max:
            return self.is_exhausted
        ahead = self._ahead
        if ahead.tell() == ahead.getbuffer().nbytes:
            ahead = self._ahead = BytesIO(self._receive(DEFAULT_BUFFER_SIZE))
        return not ahead.getbuffer().nbytes

    def _receive(self, size: int) -> bytes:
        """Return the bytes of one read of the server's input; none at the end of the body."""
        if self._limit_is_max and self._received >= self.limit:
            raise RequestEntityTooLarge
        size = min(size, self.limit - self._received, PIECE)
        if size <= 0:
            return b""
        if self._is_broken:  # some servers raise once, and then return nothing
            raise ClientDisconnected
        try:
            data = _read(self._stream, size)
            if not data:
                self.on_disconnect()
        except BadRequest:
            self._is_broken = True
            raise
        self._received += len(data)
        if self._limit_is_max and self._received >= self.limit:
            raise RequestEntityTooLarge
        return data


def _read(stream: IO[bytes], size: int) -> bytes:
    """Return the bytes of one read of the server's input."""
    try:
        return stream.read(size)
    except Exception as error:
        _raise_read_error(error)
        raise


def _raise_read_error(error: Exception) -> None:
    """Raise what an exception of the server's input means, unless that is the exception itself."""
    if isinstance(error, (HTTPException, MemoryError)):
        return
    if not isinstance(error, OSError):
        raise bad_request("body", error) from error
    if _is_disconnect(error):
        raise ClientDisconnected from error


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
        if environ.get("SERVER_SOFTWARE") != _HIDES_TRUNCATION:
            return True
        has_body = "HTTP_TRANSFER_ENCODING" in environ or bool(_read(environ["wsgi.input"], 1))
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
    data = _read(stream, missing)
    return data if len(data) == missing else _read_rest(stream, data, missing)


def _read_rest(stream: IO[bytes], data: bytes, length: int) -> bytes:
    """Return a whole body, of which some bytes have been received."""
    return data + BodyStream(stream, length - len(data)).read()


if not TYPE_CHECKING:  # the type is the same
    read_body = body_reader(read_body, _read_rest, _raise_read_error, PIECE)
