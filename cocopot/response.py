"""The response: Werkzeug's, with a short path for plain bodies.

A response whose body is one string has its headers in a plain list until `Response.headers` is read; from
then on they are in the `Headers` object. Called as a WSGI application it passes on status, headers and the
body's list if nothing needs more: no callback on close, no `HEAD`, no status without a body, no location to
rewrite. Everything else is done by Werkzeug.

It differs from Werkzeug's on purpose:

- What must not reach a server raises `ValueError` where it is set: a status outside 200 to 599, a header with
  an invalid name or value, a cookie whose name is not a token. What a subclass or Werkzeug's response adds by
  itself is checked when it is sent.
- Every function of `call_on_close` is called, also after one that raises.
- Conditional and range requests are those of RFC 9110, for every method; see `cocopot.conditions`.
- `default_mimetype` is `text/html`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar, cast

from werkzeug.datastructures import Headers as _WerkzeugHeaders
from werkzeug.http import dump_cookie
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as _WerkzeugResponse
from werkzeug.wsgi import ClosingIterator

from cocopot.conditions import ConditionalResponse
from cocopot.cookies import check_cookie, clean_domain, clean_expires, clean_max_age, max_cookie_size
from cocopot.datastructures import Headers as PlainHeaders
from cocopot.head import (
    CONTENT_TYPES,
    TYPE_HEADERS,
    encode_text,
    final_headers,
    plain_header,
    plain_headers,
    type_header_of,
)
from cocopot.hosts import is_acceptable
from cocopot.speedups import LENGTH_HEADERS, new
from cocopot.statuses import STATUSES, clean_status
from cocopot.wsgi import START_FAILED, NestedApplication, call_all, close_unsent, send_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta
    from http import HTTPStatus

    from werkzeug.datastructures import Headers

    from cocopot.types import StartResponse, WSGIEnvironment

T = TypeVar("T")

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


def _own_headers(value: object) -> Headers:
    """Return headers as an object that checks them, unless they are of a class of the application's own."""
    if type(value) is _WerkzeugHeaders:
        return PlainHeaders.adopt(value)
    return value if isinstance(value, _WerkzeugHeaders) else PlainHeaders(value)


class Response(ConditionalResponse):
    """An outgoing HTTP response; see `werkzeug.wrappers.Response` for its methods.

    Args:
        response: The body: text, bytes, or an iterable of either.
        status: The status as a number or a line; `default_status` if omitted.
        headers: The headers.
        mimetype: The media type; a charset is added for text. `default_mimetype` if omitted.
        content_type: The whole content type, in place of `mimetype`.
        direct_passthrough: Whether to pass the body to the server as it is.

    Raises:
        ValueError: The status, or the name or value of a header, must not reach a server. A body that has a
            method `close` is closed.

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
            body = bytes(cast("Any", response)) if isinstance(response, _BUFFERS) else None
        if content_type is None:
            media = self.default_mimetype if mimetype is None else mimetype
            type_header = TYPE_HEADERS.get(media) or type_header_of(media)
        else:
            type_header = CONTENT_TYPES.get(content_type) or plain_header("Content-Type", content_type)
        head = () if headers is None else plain_headers(headers)
        if (
            body is None
            or type_header is None
            or head is None
            or direct_passthrough
            or not (type(self) is Response or self._has_short_path)
        ):
            try:
                if headers is None:
                    headers = PlainHeaders(items=[])
                elif not isinstance(headers, _WerkzeugHeaders):
                    headers = PlainHeaders(headers)
                super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)
            except Exception as error:
                close_unsent(response, error)
                raise
            return
        length = len(body)
        length_header = LENGTH_HEADERS.get(length) or ("Content-Length", str(length))
        self._head = [*head, type_header, length_header] if head else [type_header, length_header]
        self.response = [body]
        self._is_plain = True
        if status is None:
            status = self.default_status
        if type(status) is int and (known := STATUSES.get(status)) is not None:
            self._status, self._status_code = known
        else:
            self.status = cast("str", status)

    @classmethod
    def force_type(
        cls, response: _WerkzeugResponse, environ: WSGIEnvironment | None = None
    ) -> _WerkzeugResponse:
        """Convert a response, or with an environment a WSGI application, to this class, in place.

        Raises:
            ValueError: Its status, or the name or value of a header, must not reach a server.
            TypeError: It is not an application, or has not called `start_response`.
        """
        is_application = not isinstance(cast("object", response), _WerkzeugResponse)
        forced = (
            cls._run(response, environ)
            if is_application
            else cast("Response", super().force_type(response, environ))
        )
        if not cls._has_short_path:
            vars(forced).pop("_is_plain", None)
        forced.headers  # noqa: B018 - checks them
        forced._status, forced._status_code = clean_status(forced.status)  # noqa: SLF001
        return forced

    @classmethod
    def _run(cls, application: Any, environ: WSGIEnvironment | None) -> Response:
        nested = NestedApplication(application)
        try:
            response = super().force_type(cast("Any", nested), environ)
        except TypeError as error:
            if nested.is_called and not nested.is_started:
                raise TypeError("It has not called start_response (PEP 3333).") from error
            raise
        nested.is_sent = True
        return cast("Response", response)

    @property
    def headers(self) -> Headers:
        """The headers, as an object that is created when it is first read."""
        headers = self._headers
        if headers is None:
            if self._head is None:  # Werkzeug has made the response
                headers = _own_headers(vars(self).pop("headers"))
            else:
                headers = PlainHeaders(items=self._head)
            self._headers, self._head = headers, None
        return headers

    @headers.setter
    def headers(self, value: Headers) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._headers = _own_headers(value)
        self._head = None

    max_cookie_size = property(max_cookie_size)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: str | datetime | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Set a cookie (RFC 6265); `delete_cookie` deletes it.

        Args:
            key: The name, a token.
            value: The value; characters that are not allowed in it are quoted.
            max_age: How many seconds the browser keeps it; by default until it is closed.
            expires: When it expires: a date, or seconds since 1970.
            path: The path that it is sent to.
            domain: The domain that it is sent to; by default only the host that sets it.
            secure: Whether it is sent by HTTPS only.
            httponly: Whether it is hidden from JavaScript.
            samesite: `"Strict"`, `"Lax"` or `"None"`.
            partitioned: Whether each top-level site has its own; implies `secure`.

        Raises:
            ValueError: The name is not a token, the domain or a date is invalid, or browsers would drop the
                cookie, as its name begins with `__Secure-` or `__Host-` without what these demand.
        """
        check_cookie(key, path=path, domain=domain, secure=secure or partitioned, samesite=samesite)
        header = dump_cookie(
            key,
            value,
            clean_max_age(max_age),
            clean_expires(expires),
            path,
            clean_domain(domain),
            secure,
            httponly,
            max_size=0,
            samesite=samesite,
            partitioned=partitioned,
        )
        limit = self.max_cookie_size
        if 0 < limit < len(header):
            # Unlike Werkzeug's, a constant text: Python keeps each one, and a client may choose the length.
            warnings.warn(f"A cookie is larger than {limit} bytes: browsers may ignore it.", stacklevel=2)
        self.headers.add("Set-Cookie", header)

    def call_on_close(self, func: Callable[[], T]) -> Callable[[], T]:
        """Register `func` to be called when the response has been sent; return it, for use as a decorator."""
        if self._on_close:
            self._on_close.append(func)
        else:
            self._on_close = [func]
        self._is_plain = False
        return func

    def close(self) -> None:
        """Close the body and call the functions of `call_on_close`, each also after one that raises.

        Raises:
            BaseException: The first exception; the others are notes on it.
        """
        call_all(self._closing_functions())

    def _closing_functions(self) -> Iterator[Callable[[], object]]:
        if (close := getattr(self.response, "close", None)) is not None:
            yield close
        yield from self._on_close  # to which a function may add another

    def set_data(self, value: bytes | str) -> None:
        """Set the body.

        Args:
            value: Bytes, or text, which is encoded as UTF-8.
        """
        super().set_data(_as_bytes(value) if isinstance(cast("object", value), _BUFFERS) else value)

    data = property(_WerkzeugResponse.get_data, set_data, doc="The body, as bytes.")

    def iter_encoded(self) -> Iterator[bytes]:
        """Return the parts of the body as bytes: a server need not take anything else (PEP 3333)."""
        return map(_as_bytes, self.response)

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are sent; see Werkzeug's method.

        With `autocorrect_location_header`, a location stays relative if the host of the request is not valid,
        or not trusted.

        Args:
            environ: The WSGI environment.
        """
        location = self.headers.get("Location") if self.autocorrect_location_header else None
        if location is None or is_acceptable(environ):
            return super().get_wsgi_headers(environ)
        headers = super().get_wsgi_headers({**environ, "HTTP_HOST": "localhost"})
        headers["Location"] = iri_to_uri(location)
        return headers

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """Return what is sent as the body; see Werkzeug's method.

        Unlike Werkzeug's, it calls the functions of `call_on_close` in direct passthrough, too.
        """
        body = super().get_app_iter(environ)
        if self._on_close and body is self.response:
            return ClosingIterator(self.iter_encoded(), self.close)
        return body

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response, as a WSGI application (PEP 3333).

        Raises:
            ValueError: The status or a header that a subclass has added must not reach a server.
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
            head = final_headers(self._headers) if head is None else head.copy()
            if head is not None:
                try:
                    start_response(self._status, head)
                except Exception:
                    environ[START_FAILED] = True
                    raise
                return body
        try:
            return send_checked(super().__call__, environ, start_response)
        except BaseException as error:
            close_unsent(self, error)
            raise

    def _clean_status(self, value: str | int | HTTPStatus) -> tuple[str, int]:
        return clean_status(value)


_BUFFERS = (bytearray, memoryview)


def _as_bytes(item: Any) -> Any:
    """Return a part of a body as bytes; a server reports what cannot be one."""
    if type(item) is bytes:
        return item
    if isinstance(item, str):
        return item.encode()
    return bytes(item) if isinstance(item, (bytes, *_BUFFERS)) else item


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
