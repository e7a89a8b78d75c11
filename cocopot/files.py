"""Responses with a file, where Werkzeug need not inspect the arguments.

Werkzeug's `send_file` sets each header through an attribute that parses and writes it again. Here the headers
are a list, and a client that has the file's version is sent a 304 without opening the file. The outcome is
the same; whatever is not recognized is left to Werkzeug.
"""

from __future__ import annotations

import mimetypes
import os
import re
from functools import lru_cache
from stat import S_ISREG
from time import time
from typing import TYPE_CHECKING
from zlib import adler32

from werkzeug.http import dump_options_header, http_date, quote_etag
from werkzeug.security import safe_join
from werkzeug.wsgi import wrap_file

from cocopot.datastructures import Headers
from cocopot.head import type_header_of
from cocopot.response import Response

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment

# A file name that a header contains as it is, or between quotation marks.
_PLAIN_NAME = re.compile(r"[\w .,()+=@-]+", re.ASCII)
_CONDITIONS = frozenset(
    {
        *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE"),
        *("HTTP_RANGE", "HTTP_IF_RANGE"),
    }
)
_READING = frozenset({"GET", "HEAD"})

# Most files and dates are sent again; the caches are bounded.
_date = lru_cache(maxsize=256)(http_date)


@lru_cache(maxsize=256)
def _tag(path: str, mtime: float, size: int) -> str:
    return quote_etag(f"{mtime}-{size}-{adler32(path.encode()) & 0xFFFFFFFF}")


@lru_cache(maxsize=256)
def _disposition(name: str, as_attachment: bool) -> tuple[str, str]:
    value = dump_options_header("attachment" if as_attachment else "inline", {"filename": name})
    return "Content-Disposition", value


def path_below(root: str, directory: str, path: str) -> str | None:
    """Return the path of a file in a directory, or `None` if Werkzeug has to inspect it.

    Args:
        root: The folder that the directory may be relative to.
        directory: The directory.
        path: The path that a client has sent. It is safe and normalized if a path is returned.
    """
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

    def __init__(self, path: str, name: str | None) -> None:
        self.path = path
        self.name = path.rpartition(os.sep)[2] if name is None else name
        found = os.stat(path)  # noqa: PTH116 - faster
        self.size, self.mtime = found.st_size, found.st_mtime
        #: Whether it is a file, and no header needs an encoding for its name.
        self.is_plain = S_ISREG(found.st_mode) and _PLAIN_NAME.fullmatch(self.name) is not None

    def headers(
        self, *, mimetype: str | None, as_attachment: bool, max_age: int | None, etag: bool | str
    ) -> list[tuple[str, str]] | None:
        """Return its headers, or `None` if Werkzeug has to inspect the media type; see `cocopot.send_file`.

        Args:
            mimetype: The media type; by default that of the name.
            as_attachment: Whether the browser saves the file.
            max_age: How many seconds it may be cached.
            etag: Whether it has an entity tag, or the tag.
        """
        head = [_disposition(self.name, as_attachment)]
        if mimetype is None:
            mimetype, encoding = mimetypes.guess_type(self.name)
            if encoding is not None and not as_attachment:
                head.insert(0, ("Content-Encoding", encoding))
        type_header = type_header_of(mimetype or "application/octet-stream")
        if type_header is None:
            return None
        head += type_header, ("Content-Length", str(self.size)), ("Last-Modified", _date(self.mtime))
        if max_age is None:
            head.append(("Cache-Control", "no-cache"))
        else:
            head.append(("Cache-Control", f"{'public' if max_age > 0 else 'no-cache'}, max-age={max_age}"))
            head.append(("Expires", _date(int(time() + max_age))))
        if isinstance(etag, str):
            head.append(("ETag", quote_etag(etag)))
        elif etag:
            head.append(("ETag", _tag(self.path, self.mtime, self.size)))
        return head

    def respond(self, head: list[tuple[str, str]], environ: WSGIEnvironment, conditional: bool) -> Response:
        """Return the response to a request.

        Args:
            head: What `headers` has returned.
            environ: The WSGI environment.
            conditional: Whether the conditions and the range in the request are evaluated.
        """
        is_evaluated = conditional and not _CONDITIONS.isdisjoint(environ)
        if conditional and environ["REQUEST_METHOD"] in _READING:
            if is_evaluated and _has_version(environ, head):
                return _not_modified(head)
            if not is_evaluated:
                head += ("Date", _date(int(time()))), ("Accept-Ranges", "bytes")
        # Without a buffer: a server reads whole blocks.
        body = wrap_file(environ, open(self.path, "rb", 0))  # noqa: PTH123, SIM115
        response = Response(body, direct_passthrough=True)
        response.headers = Headers(items=head)
        if is_evaluated or (conditional and environ["REQUEST_METHOD"] not in _READING):
            response.make_conditional(environ, True, self.size)
        return response


def _has_version(environ: WSGIEnvironment, head: list[tuple[str, str]]) -> bool:
    """Return whether a client asks only if it has the current version, and does (RFC 9110, 13.1.2, 13.1.3).

    A browser that has an entity tag sends the date too, which is not evaluated then.
    """
    if any(key in environ for key in ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")):
        return False
    tag = environ.get("HTTP_IF_NONE_MATCH")
    if tag is not None:
        return head[-1] == ("ETag", tag)
    return ("Last-Modified", environ.get("HTTP_IF_MODIFIED_SINCE")) in head


def _not_modified(head: list[tuple[str, str]]) -> Response:
    """Return a 304, without what describes the body (RFC 9110, 15.4.5)."""
    kept = [item for item in head if not item[0].startswith("Content-")]
    response = Response(status=304)
    response.headers = Headers(items=[*kept, ("Date", _date(int(time()))), ("Accept-Ranges", "bytes")])
    return response
