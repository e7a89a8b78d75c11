"""The response: Werkzeug's, with a short path for plain bodies.

A response whose body is one string has its headers in a plain list until `Response.headers` is read; from
then on they are in the `Headers` object. Called as a WSGI application it passes on status, headers and the
body's list if nothing needs more: no callback on close, no `HEAD`, no status without a body, no location to
rewrite. Everything else is done by Werkzeug.

It differs from Werkzeug's on purpose:

- A status with a line break, and a header name that is not a token (RFC 9110, 5.1), raise `ValueError`; the
  name at the latest when the response is sent.
- A conditional header of the client that cannot be read is a `BadRequest`.
- `default_mimetype` is `text/html`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from werkzeug.http import HTTP_STATUS_CODES, parse_date, parse_if_range_header
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Response as _WerkzeugResponse

from cocopot.datastructures import Headers as PlainHeaders
from cocopot.exceptions import BadRequest
from cocopot.speedups import LENGTH_HEADERS, TextEncoder, new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from http import HTTPStatus

    from werkzeug.datastructures import Headers
    from werkzeug.wrappers import Request as WerkzeugRequest

    from cocopot.types import StartResponse, WSGIEnvironment

T = TypeVar("T")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WITHOUT_BODY = frozenset({*range(100, 200), 204, 304})

# The attributes that the short path depends on: a subclass that overrides one does not use it.
_SHORT_PATH_NEEDS = (
    "__call__",
    "_clean_status",
    "call_on_close",
    "close",
    "data",
    "get_app_iter",
    "get_wsgi_headers",
    "get_wsgi_response",
    "headers",
    "is_sequence",
    "iter_encoded",
    "response",
    "set_data",
    "status",
    "status_code",
)


def _known_statuses() -> dict[int | str, tuple[str, int]]:
    """Return line and code for every status that Werkzeug knows, by code and by its usual spellings."""
    table: dict[int | str, tuple[str, int]] = {}
    for code, phrase in HTTP_STATUS_CODES.items():
        line = f"{code} {phrase.upper()}"
        table[code] = table[line] = line, code
        table[f"{code} {phrase}"] = f"{code} {phrase}", code
    return table


_STATUSES = _known_statuses()


def _plain_header(name: str, value: object) -> tuple[str, str] | None:
    """Return the header, or `None` if Werkzeug has to inspect its value."""
    return None if type(value) is not str or "\n" in value or "\r" in value else (name, value)


@lru_cache(maxsize=256)
def _type_header(mimetype: str | None) -> tuple[str, str] | None:
    """Return the `Content-Type` header for a mimetype, or `None` if Werkzeug has to inspect it."""
    if not isinstance(mimetype, str):
        return None
    return _plain_header("Content-Type", get_content_type(mimetype, "utf-8"))


# The headers of nearly every response: looking one up is faster than creating one.
TYPE_HEADERS: dict[str | None, tuple[str, str] | None] = {
    mimetype: _type_header(mimetype) for mimetype in ("text/html", "text/plain")
}
_CONTENT_TYPES = {"application/json": ("Content-Type", "application/json")}


def _special_name(name: str) -> str:
    """Return a header's name in lower case if it needs special handling, and otherwise an empty string.

    Raises:
        ValueError: The name is not a token (RFC 9110, 5.1).
    """
    if name in _PLAIN_NAMES:
        return ""
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not the name of a header.")
    lower = name.lower()
    if lower in _SPECIAL_NAMES:
        return lower
    if len(_PLAIN_NAMES) < 1024 and len(name) < 64 and type(name) is str:
        _PLAIN_NAMES.add(name)
    return ""


_SPECIAL_NAMES = frozenset({"content-length", "content-type", "location", "content-location"})
# Bounded cache of valid header names without special handling.
_PLAIN_NAMES: set[str] = set()

#: Encodes a text and its headers for the server, or returns `None` if Werkzeug has to inspect the headers.
encode_text = TextEncoder(_PLAIN_NAMES, _special_name).encode


def _plain_header_list(headers: object) -> list[tuple[str, str]] | None:
    """Return headers as a list of pairs, or `None` if Werkzeug has to inspect them."""
    items: list[Any]
    if type(headers) is dict:
        items = [*headers.items()]
    elif type(headers) is list and all(type(item) is tuple and len(item) == 2 for item in headers):
        items = headers.copy()
    else:
        return None
    for name, value in items:
        if type(name) is not str or type(value) is not str or "\n" in value or "\r" in value:
            return None
        if name not in _PLAIN_NAMES and _special_name(name):
            return None
    return items


def _final_header_list(headers: Headers | None) -> list[tuple[str, str]] | None:
    """Return the headers as they are sent, or `None` if Werkzeug has to inspect them."""
    if type(headers) is not PlainHeaders:
        return None
    head = headers._list.copy()  # noqa: SLF001 - to_wsgi_list() copies one by one
    has_length = False
    for name, _ in head:
        if name == "Content-Length":
            has_length = True
        elif name not in _PLAIN_NAMES and name != "Content-Type" and (special := _special_name(name)):
            if special == "content-length":
                has_length = True
            elif special != "content-type":
                return None
    return head if has_length else None


def _environ_of(request_or_environ: WSGIEnvironment | WerkzeugRequest) -> WSGIEnvironment:
    return request_or_environ if isinstance(request_or_environ, dict) else request_or_environ.environ


def _has_invalid_conditional_header(environ: WSGIEnvironment) -> bool:
    """Return whether Werkzeug cannot parse a conditional header of the client."""
    try:
        parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
        parse_if_range_header(environ.get("HTTP_IF_RANGE"))
    except (ValueError, OverflowError):
        return True
    return False


class Response(_WerkzeugResponse):
    """An outgoing HTTP response; see `werkzeug.wrappers.Response` for its methods.

    Args:
        response: The body: text, bytes, or an iterable of either.
        status: The status as a number or a line; `default_status` if omitted.
        headers: The headers.
        mimetype: The media type; a charset is added for text. `default_mimetype` if omitted.
        content_type: The whole content type, in place of `mimetype`.
        direct_passthrough: Whether to pass the body to the server as it is.

    Raises:
        ValueError: The status or the value of a header contains a line break.

    Example:
        >>> from cocopot import Response
        >>> Response("Not here", 404).status
        '404 NOT FOUND'
    """

    default_mimetype: str | None = "text/html"
    direct_passthrough = False

    _has_short_path = True
    # Whether `__call__` may take the short path, unless body or status need more.
    _is_plain = False
    # One of them holds the headers; in a response made by Werkzeug neither does.
    _head: list[tuple[str, str]] | None = None
    _headers: Headers | None = None
    # Replaced by a list of the instance's own for the first item, which ends the short path.
    _on_close: list[Callable[[], object]] = cast("list[Callable[[], object]]", ())

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_short_path = cls.automatically_set_content_length and all(
            getattr(cls, name, None) is getattr(Response, name, None) for name in _SHORT_PATH_NEEDS
        )

    def __init__(
        self,
        response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        # This function and __call__ are the hot path of every request: long, to avoid calls.
        body: bytes | None
        if type(response) is str:
            body = response.encode()
        elif type(response) is bytes:
            body = response
        else:
            body = None
        if content_type is None:
            media = self.default_mimetype if mimetype is None else mimetype
            type_header = TYPE_HEADERS.get(media) or _type_header(media)
        else:
            type_header = _CONTENT_TYPES.get(content_type) or _plain_header("Content-Type", content_type)
        head = () if headers is None else _plain_header_list(headers)
        if (
            body is None
            or type_header is None
            or head is None
            or direct_passthrough
            or not (type(self) is Response or self._has_short_path)
        ):
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)
            return
        length = len(body)
        length_header = LENGTH_HEADERS.get(length) or ("Content-Length", str(length))
        self._head = [*head, type_header, length_header] if head else [type_header, length_header]
        self.response = [body]
        self._is_plain = True
        known = _STATUSES.get(self.default_status if status is None else status)
        if known is None:
            self.status = cast("str", self.default_status if status is None else status)
        else:
            self._status, self._status_code = known

    @classmethod
    def force_type(
        cls, response: _WerkzeugResponse, environ: WSGIEnvironment | None = None
    ) -> _WerkzeugResponse:
        """Convert a response, or with an environment a WSGI application, to this class, in place."""
        forced = cast("Response", super().force_type(response, environ))
        if not cls._has_short_path:
            vars(forced).pop("_is_plain", None)
        return forced

    @property
    def headers(self) -> Headers:
        """The headers, as an object that is created when it is first read."""
        headers = self._headers
        if headers is None:
            if self._head is None:
                werkzeugs: Headers = self.__dict__["headers"]
                return werkzeugs
            headers = self._headers = PlainHeaders(items=self._head)
            self._head = None
        return headers

    @headers.setter
    def headers(self, value: Headers) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._headers = value
        self._head = None

    def call_on_close(self, func: Callable[[], T]) -> Callable[[], T]:
        """Register `func` to be called when the response has been sent; return it, for use as a decorator."""
        if self._on_close:
            self._on_close.append(func)
        else:
            self._on_close = [func]
        self._is_plain = False
        return func

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response, as a WSGI application (PEP 3333).

        Raises:
            ValueError: The name of a header is invalid.
        """
        body = self.response
        if (
            self._is_plain
            and environ["REQUEST_METHOD"] != "HEAD"
            and type(body) is list
            and len(body) == 1
            and type(body[0]) is bytes
            and self._status_code not in _WITHOUT_BODY
        ):
            head = self._head
            head = _final_header_list(self._headers) if head is None else head.copy()
            if head is not None:
                start_response(self._status, head)
                return body
        return super().__call__(environ, start_response)

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are sent; see Werkzeug's method.

        Raises:
            ValueError: The name of a header is invalid.
        """
        headers = super().get_wsgi_headers(environ)
        for name, _ in headers:
            _special_name(name)
        return headers

    def make_conditional(
        self,
        request_or_environ: WSGIEnvironment | WerkzeugRequest,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> _WerkzeugResponse:
        """Answer 304, 206 or 412 where the client's conditional headers ask for it (RFC 9110, 13).

        Raises:
            RequestedRangeNotSatisfiable: The range is malformed or outside the body.
            BadRequest: A date or an entity tag that the client sent cannot be read.
        """
        try:
            return super().make_conditional(request_or_environ, accept_ranges, complete_length)
        except (ValueError, OverflowError) as error:
            if _has_invalid_conditional_header(_environ_of(request_or_environ)):
                self.close()  # it may hold a file, and is not sent
                raise BadRequest("A conditional header of this request cannot be read.") from error
            raise

    def _clean_status(self, value: str | int | HTTPStatus) -> tuple[str, int]:
        known = _STATUSES.get(value)
        if known is not None:
            return known
        status, code = super()._clean_status(value)
        if "\r" in status or "\n" in status:
            raise ValueError("The status of a response must not contain line breaks.")
        return status, code


def text_response(text: str) -> Response:
    """Return `Response(text)`, without the checks of the constructor."""
    type_header = TYPE_HEADERS.get(Response.default_mimetype)
    if type_header is None or Response.default_status != 200:
        return Response(text)
    response: Response = new(Response)
    answer: Any = encode_text(text, None, type_header)
    response.response, response._head = answer  # noqa: SLF001
    response._is_plain = True  # noqa: SLF001
    response._status = "200 OK"  # noqa: SLF001
    response._status_code = 200  # noqa: SLF001
    return response
