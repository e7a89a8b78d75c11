"""Responses with a file, where Werkzeug need not inspect the arguments.

Werkzeug's `send_file` sets each header through an attribute that parses and writes it again. Here the headers
are a list, and a client that has the file's version is sent a 304 without opening the file. The outcome is
the same; whatever is not recognized is left to Werkzeug.
"""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from io import BufferedRandom, BufferedReader, BytesIO, FileIO
from stat import S_ISREG
from time import time
from typing import TYPE_CHECKING, Any
from unicodedata import normalize
from urllib.parse import quote
from zlib import adler32

from werkzeug.http import dump_options_header, http_date, quote_etag
from werkzeug.security import safe_join
from werkzeug.wsgi import wrap_file

from cocopot.conditions import date_text, failed_precondition, requested_range, without_body
from cocopot.datastructures import Headers
from cocopot.head import type_header_of
from cocopot.response import Response
from cocopot.speedups import new
from cocopot.statuses import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import IO

    from cocopot.types import WSGIEnvironment

# The characters that are not encoded in a file name that is not ASCII (RFC 8187, 3.2.1).
_SAFE_IN_NAME = "!#$&+-.^_`|~"
_CONDITIONS = frozenset(
    {
        *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE"),
        *("HTTP_RANGE", "HTTP_IF_RANGE"),
    }
)
_READING = frozenset({"GET", "HEAD"})
# A path below a folder that is safe and normalized on any system but Windows.
_PLAIN_PATH = re.compile(r"\w[\w .,()+=@-]*(?:/\w[\w .,()+=@-]*)*", re.ASCII)
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0)
# What is read at once of a part of a file, and the largest file that is read before it is sent, in bytes.
_BLOCK_SIZE = 65536
#: The classes of open files that Werkzeug need not inspect: what `open` returns for bytes, and one in memory.
FILE_TYPES = frozenset({BufferedReader, BufferedRandom, FileIO, BytesIO})


@lru_cache(maxsize=256)  # most files are sent again
def _plain_headers(
    path: str | None,
    name: str | None,
    mtime: float | None,
    size: int | None,
    mimetype: str | None,
    encoding: str | None,
    as_attachment: bool,
    max_age: int | None,
    etag: bool | str,
    modified: str | None,
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]] | None:
    """Return the headers of a file before and after `Expires`; see `PlainFile.headers`."""
    type_header = type_header_of(mimetype or "application/octet-stream")
    if type_header is None:
        return None
    head = [("Content-Encoding", encoding)] if encoding is not None and not as_attachment else []
    if name is not None:
        names: dict[str, str | None] = {"filename": name}
        if not name.isascii():
            simple = normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
            names = {"filename": simple, "filename*": f"UTF-8''{quote(name, safe=_SAFE_IN_NAME)}"}
        disposition = "attachment" if as_attachment else "inline"
        head.append(("Content-Disposition", dump_options_header(disposition, names)))
    head.append(type_header)
    if size is not None:
        head.append(("Content-Length", str(size)))
    if modified is None and mtime is not None:
        modified = date_text(mtime)
    if modified is not None:
        head.append(("Last-Modified", modified))
    if max_age is None:
        head.append(("Cache-Control", "no-cache"))
    else:
        head.append(("Cache-Control", f"{'public' if max_age > 0 else 'no-cache'}, max-age={max_age}"))
    if etag is True and path is not None:
        etag = f"{mtime}-{size}-{adler32(path.encode()) & 0xFFFFFFFF}"
    return head, [("ETag", quote_etag(etag))] if isinstance(etag, str) else []


def _is_plain(name: str) -> bool:
    """Return whether a header can contain a name, quoted or encoded, and `mimetypes` sees no URL in it."""
    return bool(name) and name.isprintable() and ":" not in name


def _guess_type(name: str) -> tuple[str | None, str | None]:
    """Return what `mimetypes.guess_type` does, which parses a URL, for a name that is plain."""
    base, dot, extension = name.rpartition(".")
    suffix = dot + extension
    if (
        extension.islower()
        and base.strip(".")
        and mimetypes.inited
        and suffix not in mimetypes.encodings_map
        and suffix not in mimetypes.suffix_map
        and (found := mimetypes.types_map.get(suffix)) is not None
    ):
        return found, None
    return mimetypes.guess_type(name)


def path_below(root: str, directory: str, path: str) -> str | None:
    """Return the path of a file in a directory, or `None` if Werkzeug has to inspect it.

    Args:
        root: The folder that the directory may be relative to.
        directory: The directory.
        path: The path that a client has sent. It is safe and normalized if a path is returned.
    """
    if directory.startswith("/") and os.sep == "/" and _PLAIN_PATH.fullmatch(path) is not None:
        return f"{directory}{path}" if directory.endswith("/") else f"{directory}/{path}"
    joined = safe_join(directory, path)
    if not directory or not path or joined is None or joined != os.path.join(directory, path):  # noqa: PTH118
        return None
    return os.path.join(root, joined)  # noqa: PTH118


class PlainFile:
    """A file to be sent.

    Args:
        path: Its path, absolute or relative to the working directory.
        name: The file name that the browser proposes; by default its own.

    Raises:
        OSError: It cannot be read.
    """

    path: str | None
    name: str | None
    mtime: float | None
    #: Its length in bytes, if that is known.
    size: int | None

    def __init__(self, path: str, name: str | None) -> None:
        self.path = path
        self.name = name = path.rpartition(os.sep)[2] if name is None else name
        found = os.stat(path)  # noqa: PTH116 - faster
        self.size, self.mtime = found.st_size, found.st_mtime
        #: Whether Werkzeug need not inspect it: it is a file, and has a plain name.
        self.is_plain = S_ISREG(found.st_mode) and _is_plain(name)

    def headers(
        self,
        *,
        mimetype: str | None,
        as_attachment: bool,
        max_age: int | None,
        etag: bool | str,
        last_modified: datetime | float | None,
    ) -> list[tuple[str, str]] | None:
        """Return its headers, or `None` if Werkzeug has to inspect the media type; see `cocopot.send_file`.

        Args:
            mimetype: The media type; by default that of the name.
            as_attachment: Whether the browser saves the file.
            max_age: How many seconds it may be cached.
            etag: Whether it has an entity tag, or the tag.
            last_modified: Time of its last change; by default its own.
        """
        encoding = None
        if mimetype is None and self.name is not None:
            mimetype, encoding = _guess_type(self.name)
        found = _plain_headers(
            *(self.path, self.name, self.mtime, self.size, mimetype, encoding, as_attachment, max_age),
            etag if isinstance(etag, str) else bool(etag),
            None if last_modified is None else http_date(last_modified),
        )
        if found is None:
            return None
        before, after = found
        if max_age is None:
            return before + after
        return [*before, ("Expires", date_text(int(time() + max_age))), *after]

    def respond(self, head: list[tuple[str, str]], environ: WSGIEnvironment, conditional: bool) -> Response:
        """Return the response to a request.

        Args:
            head: What `headers` has returned.
            environ: The WSGI environment.
            conditional: Whether the conditions and the range in the request are evaluated.

        Raises:
            RequestedRangeNotSatisfiable: The range is malformed or outside of the file.
            OSError: The file cannot be read.
        """
        wanted = None
        assert self.size is not None  # noqa: S101 - for the type checker
        if conditional:
            _add_date(head, environ)
            if not environ.keys().isdisjoint(_CONDITIONS):
                etag, modified = _value(head, "ETag"), _value(head, "Last-Modified")
                failure = failed_precondition(environ, etag, modified)
                if failure is not None:
                    return _response(without_body(head, failure), [], failure)
                wanted = requested_range(environ, etag, modified, self.size)
        start, stop = wanted or (0, self.size)
        if wanted is not None:
            head[head.index(("Content-Length", str(self.size)))] = ("Content-Length", str(stop - start))
            head.append(("Content-Range", f"bytes {start}-{stop - 1}/{self.size}"))
        status = 200 if wanted is None else 206
        if stop - start <= _BLOCK_SIZE and (content := self._read(start, stop)) is not None:
            return _response(head, [content], status)
        assert self.path is not None  # noqa: S101 - for the type checker
        # Without a buffer: a server reads whole blocks.
        file = open(self.path, "rb", 0)  # noqa: PTH123, SIM115
        body = wrap_file(environ, file) if wanted is None else FilePart(file, start, stop)
        return _response(head, body, status)

    def _read(self, start: int, stop: int) -> bytes | None:
        """Return a part of the content, or `None` if its length is not that of the headers any more."""
        assert self.path is not None  # noqa: S101 - for the type checker
        file = os.open(self.path, _READ_ONLY)  # a third of the time of `open`
        try:
            if start:
                os.lseek(file, start, os.SEEK_SET)
            # One byte more shows that the file has grown.
            content = os.read(file, stop - start + (stop == self.size))
        finally:
            os.close(file)
        return content if len(content) == stop - start else None


class OpenFile(PlainFile):
    """A file that the application has opened, to be sent from its position to a request without conditions.

    Args:
        file: The file, which is closed with the response.
        name: The file name that the browser proposes, if there is one.
    """

    def __init__(self, file: IO[bytes], name: str | None) -> None:
        self._file, self.path, self.name, self.mtime, self.size = file, None, name, None, None
        #: Whether Werkzeug need not inspect it: its name is plain.
        self.is_plain = name is None or _is_plain(name)

    def respond(self, head: list[tuple[str, str]], environ: WSGIEnvironment, conditional: bool) -> Response:
        """Return the response to a request; see `PlainFile.respond`."""
        if conditional:
            _add_date(head, environ)
        return _response(head, self._body(environ), 200)

    def _body(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        return wrap_file(environ, self._file)


class PlainBytes(OpenFile):
    """A file in memory to be sent at once; it is then closed.

    Args:
        file: The file.
        name: The file name that the browser proposes, if there is one.
    """

    def __init__(self, file: BytesIO, name: str | None) -> None:
        self._file, self.path, self.name, self.mtime = file, None, name, None
        self._content = file.getvalue()  # not a copy
        self.size = len(self._content)
        self.is_plain = file.tell() == 0 and (name is None or _is_plain(name))

    def _body(self, environ: WSGIEnvironment) -> list[bytes]:  # noqa: ARG002 - no server can send it by itself
        try:  # noqa: SIM105 - faster
            self._file.close()
        except BufferError:  # a view of its bytes is still used
            pass
        return [self._content]


def file_of(file: Any, name: str | None) -> PlainFile | None:
    """Return a file that is open, to be sent; or `None` if Werkzeug has to inspect it.

    Args:
        file: The file.
        name: The file name that the browser proposes, if there is one.
    """
    if type(file) is BytesIO:
        return PlainBytes(file, name)
    return OpenFile(file, name) if type(file) in FILE_TYPES else None


def has_conditions(environ: WSGIEnvironment) -> bool:
    """Return whether a request has conditions, or a range."""
    return not environ.keys().isdisjoint(_CONDITIONS)


class FilePart(Iterator[bytes]):
    """A part of a file, as a body.

    Args:
        file: The file, which is closed with the body.
        start: Index of the first byte.
        stop: Index of the byte after the last one.
    """

    def __init__(self, file: FileIO, start: int, stop: int) -> None:
        file.seek(start)
        self._file = file
        self._left = stop - start
        #: Closes the file (PEP 3333).
        self.close = file.close

    def __next__(self) -> bytes:
        block = self._file.read(min(self._left, _BLOCK_SIZE))
        if not block:
            raise StopIteration
        self._left -= len(block)
        return block


def _response(head: list[tuple[str, str]], body: Iterable[bytes], status: int) -> Response:
    """Return a response with valid headers, without the checks of the constructor."""
    response: Response = new(Response)
    response.response, response.direct_passthrough = body, status < 300
    if type(body) is list and body:
        response._head = head  # noqa: SLF001
    else:
        response._headers = Headers(items=head)  # noqa: SLF001
    response._status, response._status_code = STATUSES[status]  # noqa: SLF001
    return response


def _add_date(head: list[tuple[str, str]], environ: WSGIEnvironment) -> None:
    """Add what `make_conditional` adds to each response."""
    head.append(("Date", date_text(int(time()))))
    if environ["REQUEST_METHOD"] in _READING:
        head.append(("Accept-Ranges", "bytes"))


def _value(head: list[tuple[str, str]], name: str) -> str | None:
    for found, value in head:
        if found == name:
            return value
    return None
