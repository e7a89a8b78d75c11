"""Turn what a view returned into a response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.exceptions import add_blame, add_note
from cocopot.hooks import hookimpl
from cocopot.hooks.results import VALUES, ResultError, source_of
from cocopot.locations import shown
from cocopot.pipeline.error_pages import PAGE_TYPE, body_of, page_of
from cocopot.redirects import redirect_response
from cocopot.response import Response, set_headers
from cocopot.speedups import is_plain_value
from cocopot.streaming import AsyncReader
from cocopot.wsgi import close_unsent

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.hooks.results import Source
    from cocopot.request import Request
    from cocopot.types import Function


@hookimpl(trylast=True)
def cocopot_make_response(app: Cocopot, request: Request, value: Any) -> WerkzeugResponse:
    """Convert strings, bytes, dicts, lists, tuples, iterators, responses, exceptions and WSGI callables."""
    cls = type(value)
    if cls is str or cls is bytes:
        return app.response_class(value)
    if cls is dict or cls is list:
        return app.json.response(value)
    if issubclass(cls, HTTPException):
        return _from_exception(app, request, value)
    if isinstance(value, app.response_class):
        return value
    try:
        if isinstance(value, tuple):
            return _from_tuple(app, request, value)
        return _from_body(app, request, value, None, None)
    except ValueError as exc:  # of a status or a header
        _note_source(request, value, exc)
        raise


def _from_tuple(app: Cocopot, request: Request, value: tuple[Any, ...]) -> WerkzeugResponse:
    """Unpack `(body, status)`, `(body, headers)` or `(body, status, headers)`."""
    status = headers = None
    if len(value) == 3:
        body, status, headers = value
    elif len(value) == 2:
        body, second = value
        if isinstance(second, (dict, list)) or (
            not isinstance(second, (int, *_TEXTS)) and isinstance(second, Iterable)
        ):
            headers = second
        else:
            status = second
    else:
        raise_bad_value(request, value, f"a tuple of {len(value)}")
    if body is None:
        raise_bad_value(request, value, "a tuple whose body is None")
    if status is not None and not isinstance(status, (int, str)):
        raise_bad_value(request, value, f"a tuple whose status is a {type(status).__name__!r}")
    if headers is not None and type(headers) is not dict:
        headers = _checked_form(request, value, headers)
    cls = type(body)
    if cls is str or cls is bytes:
        return app.response_class(body, status, headers)
    try:
        return _from_body(app, request, body, status, headers)
    except ValueError as exc:  # of the status or a header
        if isinstance(body, WerkzeugResponse):
            close_unsent(body, exc)
        raise


def _checked_form(request: Request, value: tuple[Any, ...], headers: Any) -> Any:
    """Return the headers of a tuple, if they are a mapping or pairs."""
    form = type(headers).__name__
    if isinstance(headers, Iterable) and not isinstance(headers, (list, Mapping, *_TEXTS)):
        # Such as `dict.items()`, or a generator, which is read once, or `Headers`, to which a response adds.
        headers = list(headers)
    if headers and not _are_headers(headers):
        raise_bad_value(request, value, f"a tuple whose headers are a {form!r}")
    return headers


_ITERATORS = (Iterator, AsyncIterator)
_TEXTS = (str, bytes, bytearray, memoryview)


def _are_headers(value: object) -> bool:
    """Return whether a value is a mapping, or a list of pairs."""
    if isinstance(value, list):
        return all(isinstance(item, (list, tuple)) and len(item) == 2 for item in value)
    return isinstance(value, (Mapping, WerkzeugHeaders))


def _from_body(app: Cocopot, request: Request, body: object, status: Any, headers: Any) -> WerkzeugResponse:
    response: WerkzeugResponse
    response_class = app.response_class
    if isinstance(body, bytearray):
        body = bytes(body)  # a server need not take anything else (PEP 3333)
    if isinstance(body, (str, bytes)):
        return response_class(body, status, headers)
    if isinstance(body, (dict, list)):
        response = app.json.response(body)
    elif isinstance(body, response_class):
        response = body
    elif isinstance(body, HTTPException):
        response = _from_exception(app, request, body)
    elif isinstance(body, WerkzeugResponse) or (callable(body) and not isinstance(body, _ITERATORS)):
        response = _forced(app, request, body)
    elif isinstance(body, _ITERATORS):
        pieces = AsyncReader(app, body) if isinstance(body, AsyncIterator) else body
        return response_class(pieces, status, headers)
    else:
        raise_bad_value(request, body, f"a {type(body).__name__!r}")
    if status is not None:
        response.status = status
    if headers:
        set_headers(response, headers)
    return response


def _from_exception(app: Cocopot, request: Request, exc: HTTPException) -> WerkzeugResponse:
    """Return the response of an HTTP exception."""
    cls = type(exc)
    made: Any = exc.response
    if type(made) is Response is app.response_class and cls.get_response is HTTPException.get_response:
        return made
    if made is not None or cls.get_response is not HTTPException.get_response:
        if isinstance(exc, RequestRedirect):
            if not is_plain_value(exc.new_url):
                exc.new_url = iri_to_uri(exc.new_url)  # it may have control characters of the client's
            if cls is RequestRedirect and made is None and exc.code is not None:
                return redirect_response(exc.new_url, exc.code, app.response_class)
        return app.response_class.force_type(exc.get_response(request.environ), request.environ)
    environ = request.environ
    page = page_of(exc, environ)
    if page is not None:
        return app.response_class(*page, content_type=PAGE_TYPE)
    headers = list(exc.get_headers(environ))
    if headers and headers[0][0] == "Content-Type":  # which a response processes faster as `content_type`
        text = body_of(exc, environ)
        return app.response_class(text, exc.code, headers[1:] or None, content_type=headers[0][1])
    return app.response_class(body_of(exc, environ), exc.code, headers)


def _forced(app: Cocopot, request: Request, body: WerkzeugResponse | Function) -> WerkzeugResponse:
    try:
        return app.response_class.force_type(body, request.environ)  # type: ignore[arg-type]
    except TypeError as exc:
        raise_bad_value(
            request, body, f"a {type(body).__name__!r} that cannot be called as a WSGI application ({exc})"
        )


def raise_bad_value(request: Request, value: object, what: str) -> NoReturn:
    """Report a value that cannot be converted into a response, with who returned it.

    Raises:
        TypeError: Always.
    """
    source = source_of(request, VALUES)
    cure = (
        "Return a str, bytes, dict, list, iterator, Response, WSGI callable, or one of these in a tuple "
        "(body, status), (body, headers) or (body, status, headers)."
    )
    if isinstance(value, Coroutine):
        value.close()  # otherwise it would be reported as never awaited
        cure = (
            "A function that is not declared with `async def` returned the coroutine of one that is. Put "
            "@functools.wraps on the decorator, or call it with app.ensure_sync(function)()."
        )
    error = ResultError(
        f"{_returned(request, source, what)}, which cannot be made into a response: {shown(value)}. {cure}",
        None if source is None else source.blame,
    )
    if isinstance(value, tuple) and value and isinstance(value[0], WerkzeugResponse):
        close_unsent(value[0], error)
    raise error


def _note_source(request: Request, value: object, error: ValueError) -> None:
    """Note on an error about the status or the headers of a value who returned it."""
    if isinstance(value, HTTPException):
        return  # usually raised
    source = source_of(request, VALUES)
    add_note(error, f"{_returned(request, source, shown(value))}.")
    if source is not None:
        add_blame(error, source.blame._replace(action="returned"))


def _returned(request: Request, source: Source | None, what: str) -> str:
    """Return who returned a value, without a full stop."""
    if source is not None:
        return f"{source.subject} returned {what} from {source.blame.hook}"
    if request.endpoint is None:
        return f"An override of a step returned {what} for {shown(request.path)}"
    return f"The view for {request.endpoint!r} returned {what}"
