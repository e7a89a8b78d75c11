"""The pages of HTTP exceptions: the same bytes as Werkzeug's, made with fewer calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from cocopot.exceptions import MethodNotAllowed
from cocopot.speedups import is_plain_value
from cocopot.statuses import STATUSES

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment

    #: A page with its status code, and its headers except for its type and its length.
    Page: TypeAlias = tuple[bytes, int, dict[str, str] | None]

#: The content type of a page.
PAGE_TYPE = dict(HTTPException().get_headers())["Content-Type"]
_ONLY_TYPE = HTTPException().get_headers()
#: Exceptions whose pages are built only once, where they have no text of their own.
_PLAIN_EXCEPTIONS = frozenset(default_exceptions.values())
#: What is sent for each, once it has been built.
PAGES: dict[type[HTTPException], Page] = {}
#: The entities of MarkupSafe, and what Werkzeug makes of the end of a line.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;", "\n": "<br>"})
#: What precedes the description, by code.
_HEADS: dict[int, str] = {}


def page_of(exc: HTTPException, environ: WSGIEnvironment) -> Page | None:
    """Return the page of an HTTP exception, or `None` if it has a response, own headers or an unusual code.

    Args:
        exc: The exception.
        environ: The WSGI environment.
    """
    cls, code = type(exc), exc.code
    is_plain = cls in _PLAIN_EXCEPTIONS and exc.description is cls.description and code is cls.code
    if exc.response is not None or cls.get_response is not HTTPException.get_response:
        return None
    if type(code) is not int or code not in STATUSES:
        return None
    allow = None
    if cls is MethodNotAllowed:
        if exc.valid_methods:  # type: ignore[attr-defined]  # it is one
            allow = ", ".join(exc.valid_methods)  # type: ignore[attr-defined]
            if not is_plain_value(allow):
                return None
    elif cls.get_headers is not HTTPException.get_headers and exc.get_headers(environ) != _ONLY_TYPE:
        return None
    page = PAGES.get(cls) if is_plain else None
    if page is None:
        try:
            page = body_of(exc, environ).encode(), code, None
        except UnicodeEncodeError:
            return None
        if is_plain:
            PAGES[cls] = page
    return page if allow is None else (page[0], code, {"Allow": allow})


def body_of(exc: HTTPException, environ: WSGIEnvironment) -> str:
    """Return what `exc.get_body(environ)` returns.

    Args:
        exc: The exception.
        environ: The WSGI environment.
    """
    cls, text = type(exc), exc.description
    if (
        cls.get_body is not HTTPException.get_body
        or cls.get_description is not HTTPException.get_description
        or cls.name is not HTTPException.name
        or type(exc.code) is not int
        or (type(text) is not str and text is not None)
    ):
        return exc.get_body(environ)
    head = _HEADS.get(exc.code)
    if head is None:
        name = HTTP_STATUS_CODES.get(exc.code, "Unknown Error").translate(_ESCAPED)
        head = f"<!doctype html>\n<html lang=en>\n<title>{exc.code} {name}</title>\n<h1>{name}</h1>\n<p>"
        if exc.code in HTTP_STATUS_CODES:
            _HEADS[exc.code] = head
    return f"{head}{text.translate(_ESCAPED) if text else ''}</p>\n"
