"""The chunked body of a request to the development server (RFC 9112, section 7.1)."""

from __future__ import annotations

import io
import re

#: A size of at most 15 digits, and extensions, which are ignored.
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00\r\n]*)?\r\n")
_LONGEST_LINE = 8192  # bytes
_MOST_TRAILERS = 100


class ChunkedBody(io.RawIOBase):
    """A chunked body as a stream of its bytes; extensions of chunks and trailers are ignored.

    Werkzeug's rejects extensions and trailers, and accepts every text that `int` accepts as a size.

    Args:
        source: The connection.
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._left = 0  # bytes of the current chunk
        self._is_first = True
        self._is_done = False

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # as in Werkzeug
        """Read up to a bufferful of bytes, and return their number; 0 once the body has been read.

        Raises:
            OSError: The body is malformed, or breaks off.
        """
        read = 0
        while read < len(buffer) and not self._is_done:
            if not self._left:
                self._begin_chunk()
                continue
            piece = self._source.read(min(len(buffer) - read, self._left))
            if not piece:
                raise OSError("A chunk ends early.")
            buffer[read : read + len(piece)] = piece
            read += len(piece)
            self._left -= len(piece)
        return read

    def _begin_chunk(self) -> None:
        """Read the end of a chunk and the size of the next one, or all that follows the last."""
        if not self._is_first and self._source.readline(2) != b"\r\n":
            raise OSError("A chunk is longer than its size.")
        self._is_first = False
        match = _SIZE.fullmatch(self._source.readline(_LONGEST_LINE))
        if match is None:
            raise OSError("The size of a chunk is invalid.")
        self._left = int(match[1], 16)
        if not self._left:
            self._is_done = True
            self._read_trailers()

    def _read_trailers(self) -> None:
        for _ in range(_MOST_TRAILERS):
            line = self._source.readline(_LONGEST_LINE)
            if line in {b"\r\n", b"\n", b""}:  # the last one at the end of the connection
                return
            if not line.endswith(b"\r\n") or b":" not in line:
                break
        raise OSError("The trailers of a chunked body are invalid.")
