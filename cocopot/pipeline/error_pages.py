"""The pages of HTTP exceptions: the same bytes as Werkzeug's, made with fewer calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from cocopot.exceptions import MethodNotAllowed
from cocopot.speedups import is_plain_value, redirect_body
from cocopot.statuses import STATUSES

if TYPE_CHECKING:
    from werkzeug.routing import RequestRedirect

    from cocopot.types import WSGIEnvironment

    #: A page with its status code, and its headers except for its type and its length.
    Page: TypeAlias = tuple[bytes, int, dict[str, str] | None]

#: The content type of a page.
PAGE_TYPE = dict(HTTPException().get_headers())["Content-Type"]
_ONLY_TYPE = HTTPException().get_headers()
#: The other headers of Werkzeug's exceptions.
_NAMES = frozenset({"Allow", "Content-Range", "Retry-After", "WWW-Authenticate"})
#: Exceptions whose pages are built only once, where they have no text of their own.
_PLAIN_EXCEPTIONS = frozenset(default_exceptions.values())
#: What is sent for each, once it has been built.
PAGES: dict[type[HTTPException], Page] = {}
#: What precedes the description, by code.
_HEADS: dict[int, str] = {}


def redirect_page(exc: RequestRedirect) -> Page | None:
    """Return the page of a redirect of the router, or `None` if its URL has to be encoded.

    Args:
        exc: The redirect, which has no response of its own.
    """
    url: object = exc.new_url
    code: int | None = exc.code
    if code is None or type(url) is not str or not is_plain_value(url):
        return None
    return redirect_body(url).encode(), code, {"Location": url}


def page_of(exc: HTTPException, environ: WSGIEnvironment) -> Page | None:
    """Return the page of an HTTP exception, or `None` if it has a response, own headers or an unusual code.

    Args:
        exc: The exception.
        environ: The WSGI environment.
    """
    cls, code = type(exc), exc.code
    if exc.response is not None or cls.get_response is not HTTPException.get_response:
        return None
    if type(code) is not int or code not in STATUSES:
        return None
    headers = _headers_of(exc, environ) if cls.get_headers is not HTTPException.get_headers else {}
    if headers is None:
        return None
    is_plain = cls in _PLAIN_EXCEPTIONS and exc.description is cls.description and code is cls.code
    page = PAGES.get(cls) if is_plain else None
    if page is None:
        try:
            page = body_of(exc, environ).encode(), code, None
        except UnicodeEncodeError:
            return None
        if is_plain:
            PAGES[cls] = page
    return page if not headers else (page[0], code, headers)


def _headers_of(exc: HTTPException, environ: WSGIEnvironment) -> dict[str, str] | None:
    """Return the headers of an exception except for its type, or `None` if they are not the usual ones."""
    if type(exc) is MethodNotAllowed:  # the most frequent one
        headers = {"Allow": ", ".join(exc.valid_methods)} if exc.valid_methods else {}
    else:
        found = list(exc.get_headers(environ))
        if found[:1] != _ONLY_TYPE or not all(type(item) is tuple and len(item) == 2 for item in found):
            return None
        headers = dict(found[1:])
        if len(headers) != len(found) - 1 or not _NAMES.issuperset(headers):
            return None
    is_plain = all(type(value) is str and is_plain_value(value) for value in headers.values())
    return headers if is_plain else None


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
        name = _escaped(HTTP_STATUS_CODES.get(exc.code, "Unknown Error"))
        head = f"<!doctype html>\n<html lang=en>\n<title>{exc.code} {name}</title>\n<h1>{name}</h1>\n<p>"
        if exc.code in HTTP_STATUS_CODES:
            _HEADS[exc.code] = head
    return f"{head}{_escaped(text) if text else ''}</p>\n"


def _escaped(text: str) -> str:
    """Return a text with the entities of MarkupSafe, and with what Werkzeug makes of the end of a line."""
    # Faster than `str.translate`, which looks each character up.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("'", "&#39;").replace('"', "&#34;").replace("\n", "<br>")
