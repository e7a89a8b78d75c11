"""The pure-Python twin of `_multipart.pxi`, and its documentation.

It parses multipart forms (RFC 7578) that are written as browsers and HTTP libraries write them.

Werkzeug's parser decides about all others: where this one returns `None`, nothing has been decided. It does
so where the form could be read in more than one way, as Werkzeug's parser also accepts a line feed alone, or
blanks, at the end of a line.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: The longest boundary, in characters (RFC 2046, 5.1.1).
MAX_BOUNDARY = 70
#: One part of a form: the name of the field, the name of the file or `None`, the headers of a file as they
#: were sent, the index of the first byte of the content in the body, and the index after the last one.
Part = tuple[str, str | None, list[tuple[str, str]], int, int]

#: The characters of a boundary that need not be quoted in the header (likewise).
BOUNDARY_CHARACTERS = f"{string.digits}{string.ascii_letters}'_+.-"
_BOUNDARY = rf"multipart/form-data; ?boundary=([{BOUNDARY_CHARACTERS}]{{1,{MAX_BOUNDARY}}})"
# What a text in quotes may consist of, where nothing has to be decoded but UTF-8.
_TEXT = rb'[^\x00-\x1f"%\\\x7f]*+'
_HEAD = re.compile(
    rb'Content-Disposition: (form-data; name="(%(text)b)"(?:; filename="(%(text)b)")?)'
    rb"(?:\r\nContent-Type: ([!-~](?:[ -~]*[!-~])?))?" % {b"text": _TEXT}
)


def boundary_of(content_type: str, read: Callable[[], dict[str, str]]) -> bytes:
    """Return the boundary of a multipart form, empty if there is none.

    Args:
        content_type: The content type.
        read: Returns its parameters, where they have to be parsed.

    Raises:
        ValueError: It is not ASCII.
    """
    plain = re.fullmatch(_BOUNDARY, content_type)
    return (read().get("boundary", "") if plain is None else plain[1]).encode("ascii")


def split_form(body: bytes, boundary: bytes, max_parts: int | None) -> list[Part] | None:
    """Return the parts of a form, or `None` if Werkzeug's parser has to decide.

    Args:
        body: The body of the request.
        boundary: The boundary.
        max_parts: How many parts the form may have.
    """
    delimiter = b"--" + boundary
    if not boundary or type(body) is not bytes or not body.startswith(delimiter):
        return None
    parts: list[Part] = []
    index = len(delimiter)
    while not body.startswith(b"--", index):
        # Whatever begins like the delimiter is one, or the form is not read here.
        end = body.find(delimiter, index)
        if end < 0 or body[end - 2 : end] != b"\r\n" or len(parts) == max_parts:
            return None
        part = _part(body, index, end - 2)
        if part is None:
            return None
        parts.append(part)
        index = end + len(delimiter)
    return parts


def _part(body: bytes, start: int, end: int) -> Part | None:
    """Return the part between the delimiters that end at `start` and begin at `end`."""
    blank_line = body.find(b"\r\n\r\n", start, end)
    head = _HEAD.fullmatch(body, start + 2, blank_line) if body.startswith(b"\r\n", start) else None
    if head is None:
        return None
    try:
        disposition, name = head[1].decode(), head[2].decode()
        filename = None if head[3] is None else head[3].decode()
    except UnicodeDecodeError:
        return None
    content_type = "" if head[4] is None else head[4].decode()
    if filename is None:
        # The charset would be that of the field's text.
        return None if "charset" in content_type.lower() else (name, None, [], blank_line + 4, end)
    headers = [("Content-Disposition", disposition)]
    if content_type:
        headers.append(("Content-Type", content_type))
    return name, filename, headers, blank_line + 4, end
