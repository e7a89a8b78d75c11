"""The headers of a response as a plain list, where Werkzeug does not have to inspect them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from werkzeug.utils import get_content_type

from cocopot.datastructures import PLAIN_NAMES, Headers, is_token, special_name
from cocopot.speedups import TextEncoder, is_plain_value

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers as WerkzeugHeaders


def plain_header(name: str, value: object) -> tuple[str, str] | None:
    """Return the header, or `None` if Werkzeug has to inspect its value."""
    return (name, value) if type(value) is str and is_plain_value(value) else None


@lru_cache(maxsize=256)
def type_header_of(mimetype: str | None) -> tuple[str, str] | None:
    """Return the `Content-Type` header for a mimetype, or `None` if Werkzeug has to inspect it."""
    if not isinstance(mimetype, str):
        return None
    return plain_header("Content-Type", get_content_type(mimetype, "utf-8"))


# The headers of nearly every response: looking one up is faster than creating one.
TYPE_HEADERS: dict[str | None, tuple[str, str] | None] = {
    mimetype: type_header_of(mimetype) for mimetype in ("text/html", "text/plain")
}
CONTENT_TYPES = {header[1]: header for header in TYPE_HEADERS.values() if header is not None}
CONTENT_TYPES["application/json"] = ("Content-Type", "application/json")


def _needs_inspection(name: str) -> bool:
    return not is_token(name) or special_name(name) != ""


#: Encodes a text and its headers for the server, or returns `None` if Werkzeug has to inspect the headers.
encode_text = TextEncoder(PLAIN_NAMES, _needs_inspection).encode


def plain_headers(headers: object) -> list[tuple[str, str]] | None:
    """Return headers as a list of pairs, or `None` if Werkzeug has to inspect them."""
    items: list[Any]
    if type(headers) is dict:
        items = [*headers.items()]
    elif type(headers) is list and all(type(item) is tuple and len(item) == 2 for item in headers):
        items = headers.copy()
    else:
        return None
    for name, value in items:
        if type(name) is not str or type(value) is not str or not is_plain_value(value):
            return None
        if name not in PLAIN_NAMES and _needs_inspection(name):
            return None
    return items


def final_headers(headers: WerkzeugHeaders | None) -> list[tuple[str, str]] | None:
    """Return the headers as they are sent, or `None` if Werkzeug has to inspect them."""
    if type(headers) is not Headers:
        return None
    head = headers._list.copy()  # noqa: SLF001 - to_wsgi_list() copies one by one
    has_length = False
    for name, _ in head:
        if name == "Content-Length":
            has_length = True
        elif name not in PLAIN_NAMES and name != "Content-Type" and (special := special_name(name)):
            if special == "content-length":
                has_length = True
            elif special != "content-type":
                return None
    return head if has_length else None
