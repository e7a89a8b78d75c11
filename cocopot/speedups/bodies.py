"""The pure-Python twin of `_bodies.pxi`, and its documentation."""

from __future__ import annotations

import errno
import sys
from io import DEFAULT_BUFFER_SIZE, BytesIO
from typing import TYPE_CHECKING

from cocopot.exceptions import BadRequest, ClientDisconnected, HTTPException, RequestEntityTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Self

    from werkzeug.wsgi import LimitedStream

    from cocopot.types import WSGIEnvironment

    StreamOpener = Callable[[WSGIEnvironment, int | None], IO[bytes]]

#: The most bytes that are requested in one call: servers allocate what is requested, and a Content-Length may
#: announce any number.
PIECE = 1024 * 1024

#: The SERVER_SOFTWARE of granian, which ends a body whose chunks break off as if it were complete.
HIDES_TRUNCATION = "Granian"

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


def raise_read_error(error: Exception) -> None:
    """Raise what an exception of the server's input means, unless that is the exception itself."""
    if isinstance(error, (HTTPException, MemoryError)):
        return
    if not isinstance(error, OSError):
        raise bad_request("body", error) from error
    if _is_disconnect(error):
        raise ClientDisconnected from error


def read_input(source: IO[bytes], size: int) -> bytes:
    """Return the bytes of one read of the server's input."""
    try:
        return source.read(size)
    except Exception as error:
        raise_read_error(error)
        raise


class InputReader:
    """Reads the server's input to the end of the body; its iteration returns the lines.

    Each method raises `ClientDisconnected` for a body that is shorter than announced, and for a connection
    that broke, `BadRequest` for one that the server cannot read, and `RequestEntityTooLarge` for one that is
    longer than allowed.

    Args:
        source: The server's input.
        length: The announced length, in bytes, or `None` if the server ends its input.
        max_length: The longest body that is read, in bytes, where the length is not known.
    """

    #: The number of bytes that have been read.
    position = 0
    # What was received for `readline` and not read yet; replaced, never written to.
    _ahead = BytesIO()
    _received = 0
    _is_broken = False

    def __init__(self, source: IO[bytes], length: int | None, max_length: int | None = None) -> None:
        self._source = source
        self._is_maximum = length is None
        if length is None:
            # One more byte than allowed: once it has been read, the body is known to be too long.
            length = sys.maxsize if max_length is None else max_length + 1
        #: The announced length, or the first one that is too long, in bytes.
        self.limit = min(length, sys.maxsize)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes: all by default, fewer than `size` only at the end of the body."""
        missing = self.limit if size is None or size < 0 else size
        piece = self._ahead.read(missing) or self._receive(missing)
        pieces = []
        while piece:
            pieces.append(piece)
            missing -= len(piece)
            piece = self._receive(missing) if missing else b""
        data = b"".join(pieces)
        self.position += len(data)
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line with its line feed, or `size` bytes of it."""
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
        self.position += len(line)
        return line

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def is_at_end(self) -> bool:
        """Return whether nothing is left to read."""
        if not self._is_maximum:
            return self.position >= self.limit
        ahead = self._ahead
        if ahead.tell() == ahead.getbuffer().nbytes:
            ahead = self._ahead = BytesIO(self._receive(DEFAULT_BUFFER_SIZE))
        return not ahead.getbuffer().nbytes

    def _receive(self, size: int) -> bytes:
        """Return the bytes of one read of the server's input; none at the end of the body."""
        if self._is_maximum and self._received >= self.limit:
            raise RequestEntityTooLarge
        size = min(size, self.limit - self._received, PIECE)
        if size <= 0:
            return b""
        if self._is_broken:  # some servers raise once, and then return nothing
            raise ClientDisconnected
        try:
            data = read_input(self._source, size)
            if not data and not self._is_maximum:
                raise ClientDisconnected
        except BadRequest:
            self._is_broken = True
            raise
        self._received += len(data)
        if self._is_maximum and self._received >= self.limit:
            raise RequestEntityTooLarge
        return data


def stream_opener(
    general: StreamOpener,
    stream_class: type[LimitedStream],  # noqa: ARG001 - of the compiled twin
) -> StreamOpener:
    """Return the function that opens the body as a stream: `general`, or one that does the same.

    Args:
        general: `body.body_stream` in Python.
        stream_class: The class of the stream, whose constructor is not called, with an attribute `reader`.
    """
    return general
