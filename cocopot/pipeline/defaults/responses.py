"""Turn what a view returned into a response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request


@hookimpl(trylast=True)
def cocopot_make_response(app: Cocopot, request: Request, value: Any) -> Any:
    """Know strings, bytes, dicts, lists, tuples, iterators, responses, HTTP exceptions and WSGI callables."""
    kind = type(value)
    if kind is str or kind is bytes:
        return app.response_class(value)
    if kind is dict or kind is list:
        return app.json.response(value)
    if isinstance(value, app.response_class):
        return value
    if isinstance(value, tuple):
        return _from_tuple(app, request, value)
    return _from_body(app, request, value, None, None)


def _from_tuple(app: Cocopot, request: Request, value: tuple[Any, ...]) -> Any:
    """Take `(body, status)`, `(body, headers)` or `(body, status, headers)` apart."""
    status = headers = None
    if len(value) == 3:
        body, status, headers = value
    elif len(value) == 2 and isinstance(value[1], (Mapping, Headers, list, tuple)):
        body, headers = value
    elif len(value) == 2:
        body, status = value
    else:
        _refuse(request, value, f"a tuple of {len(value)}")
    if body is None:
        _refuse(request, value, "a tuple whose body is None")
    return _from_body(app, request, body, status, headers)


def _from_body(app: Cocopot, request: Request, body: Any, status: Any, headers: Any) -> Any:
    response_class = app.response_class
    if isinstance(body, (str, bytes, bytearray)):
        return response_class(body, status, headers)  # type: ignore[arg-type]  # Werkzeug takes a bytearray
    if isinstance(body, (dict, list)):
        response = app.json.response(body)
    elif isinstance(body, response_class):
        response = body
    elif isinstance(body, HTTPException):
        response = _from_exception(app, request, body)
    elif isinstance(body, Iterator):
        return response_class(body, status, headers)
    elif isinstance(body, WerkzeugResponse) or callable(body):
        response = _forced(app, request, body)
    else:
        _refuse(request, body, f"a {type(body).__name__!r}")
    if status is not None:
        response.status = status
    if headers:
        response.headers.update(headers)
    return response


def _from_exception(app: Cocopot, request: Request, exc: HTTPException) -> Any:
    """Return the response of an HTTP exception; a page without own text is built only once."""
    kind = type(exc)
    if exc.response is not None or kind.get_response is not HTTPException.get_response:
        return app.response_class.force_type(exc.get_response(request.environ), request.environ)
    is_plain = kind in _PLAIN_EXCEPTIONS and exc.description is kind.description and exc.code is kind.code
    page = _PAGES.get(kind) if is_plain else None
    if page is None:
        page = exc.get_body(request.environ)
        if is_plain:
            _PAGES[kind] = page
    headers = list(exc.get_headers(request.environ))
    if headers and headers[0][0] == "Content-Type":  # which a response takes more quickly as such
        return app.response_class(page, exc.code, headers[1:] or None, content_type=headers[0][1])
    return app.response_class(page, exc.code, headers)


_PLAIN_EXCEPTIONS = frozenset(default_exceptions.values())
_PAGES: dict[type[HTTPException], str] = {}


def _forced(app: Cocopot, request: Request, body: Any) -> Any:
    try:
        return app.response_class.force_type(body, request.environ)
    except TypeError as exc:
        _refuse(
            request, body, f"a {type(body).__name__!r} that cannot be called as a WSGI application ({exc})"
        )


def _refuse(request: Request, value: object, what: str) -> NoReturn:
    raise TypeError(
        f"The view for {request.endpoint!r} returned {what}, which cannot be made into a response: "
        f"{value!r:.200}. "
        "Return a str, bytes, dict, list, iterator, Response, WSGI callable, or one of these in a tuple "
        "(body, status), (body, headers) or (body, status, headers)."
    )
