"""The response: Werkzeug's, with a short path for plain bodies.

A response whose body is one string has its headers in a plain list until `Response.headers` is read; from
then on they are in the `Headers` object. `cocopot.head` makes the list that is sent of either. What it does
not recognize is done by Werkzeug: locations that have to be converted, and what a subclass overrides.

It differs from Werkzeug's on purpose:

- What must not reach a server raises `ValueError` where it is set: a status outside 200 to 599, a header with
  an invalid name or value, a cookie whose name is not a token. What a subclass or Werkzeug's response adds by
  itself is checked when it is sent.
- Every function of `call_on_close` is called, also after one that raises.
- Conditional and range requests are those of RFC 9110, for every method; see `cocopot.conditions`.
- `default_mimetype` is `text/html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from werkzeug.datastructures import Headers as _WerkzeugHeaders
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as _WerkzeugResponse

from cocopot.cookies import CookieResponse
from cocopot.datastructures import Headers as PlainHeaders
from cocopot.datastructures import own_headers, replaced
from cocopot.head import (
    CONTENT_TYPES,
    MAKER,
    SHORT_PATH_NEEDS,
    TYPE_HEADERS,
    WITHOUT_BODY,
    encode_text,
    final_head,
    has_no_location,
    plain_head,
    plain_header,
    plain_items,
    type_header_of,
)
from cocopot.hosts import is_acceptable
from cocopot.speedups import LENGTH_HEADERS, ResponseMethods, encoded, new
from cocopot.speedups.streams import BUFFERS, as_bytes
from cocopot.statuses import STATUSES, clean_status
from cocopot.wsgi import (
    TEXTS,
    NestedApplication,
    ResponseBody,
    call_all,
    close_unsent,
    close_unstarted,
    send_checked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from http import HTTPStatus

    from werkzeug.datastructures import Headers

    from cocopot.types import StartResponse, WSGIEnvironment

T = TypeVar("T")

#: Replaces methods of the class by what is compiled of them.
METHODS = ResponseMethods(MAKER, close_unstarted)


@MAKER.with_fast_call
class Response(CookieResponse):
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
    _status, _status_code = "200 OK", 200  # of an instance that has no others: setting them takes time
    # One of them holds the headers; in a response made by Werkzeug neither does. A list is final: it contains
    # type and length, and no location, and the body is one string.
    _head: list[tuple[str, str]] | None = None
    _headers: Headers | None = None
    # Replaced by a list of the instance's own for the first item, which ends the short path.
    _on_close: list[Callable[[], object]] = cast("list[Callable[[], object]]", ())

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_short_path = cls.automatically_set_content_length and all(
            getattr(cls, name, None) is getattr(Response, name, None) for name in SHORT_PATH_NEEDS
        )
        if type(cls) is type:  # else its class may define what a call does
            MAKER.with_fast_call(cls)

    @MAKER.constructor
    def __init__(  # noqa: C901, PLR0912 - the hot path
        self,
        response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        # Long, to avoid calls.
        cls = type(response)
        body: bytes | None = None
        if cls is str:
            body = response.encode()  # type: ignore[union-attr]  # a call of `cast` is slow
        elif cls is bytes:
            body = response  # type: ignore[assignment]
        elif isinstance(response, TEXTS):
            body = response.encode() if isinstance(response, str) else bytes(cast("Any", response))
        if content_type is not None:
            type_header = CONTENT_TYPES.get(content_type) or plain_header("Content-Type", content_type)
        else:
            media = self.default_mimetype if mimetype is None else mimetype
            type_header = TYPE_HEADERS.get(media) or type_header_of(media)
        length_header = None
        if body is not None:
            length = len(body)
            length_header = LENGTH_HEADERS.get(length) or ("Content-Length", str(length))
        if type_header is None or not (type(self) is Response or self._has_short_path):
            self._init_slowly(response, status, headers, mimetype, content_type, direct_passthrough)
            return
        if headers is None:
            head = [type_header] if length_header is None else [type_header, length_header]
            is_final = True
        else:
            is_default = content_type is None and mimetype is None
            plain = plain_head(headers, type_header, length_header, is_default)
            if plain is None:
                self._init_slowly(response, status, headers, mimetype, content_type, direct_passthrough)
                return
            head, is_final = plain
        if status is None:
            status = self.default_status
        if type(status) is int and (known := STATUSES.get(status)) is not None:
            self._status, self._status_code = known
        else:
            try:
                self._status, self._status_code = clean_status(status)
            except Exception as error:
                close_unsent(response, error)
                raise
        if body is None:
            self.response = cast("Any", [] if response is None else response)
            self._headers = PlainHeaders(items=head)
        else:
            self.response = [body]
            if is_final:
                self._head = head
            else:
                self._headers = PlainHeaders(items=head)
        if direct_passthrough:
            self.direct_passthrough = direct_passthrough

    def _init_slowly(
        self, body: Any, status: Any, headers: Any, mimetype: Any, content_type: Any, passthrough: bool
    ) -> None:
        """Initialize it as Werkzeug does, where its head is not a plain one."""
        try:
            if headers is None:
                headers = PlainHeaders(items=[])
            elif not isinstance(headers, _WerkzeugHeaders):
                headers = PlainHeaders(headers)
            super().__init__(body, status, headers, mimetype, content_type, passthrough)
        except Exception as error:
            close_unsent(body, error)
            raise

    @classmethod
    def force_type(
        cls, response: _WerkzeugResponse, environ: WSGIEnvironment | None = None
    ) -> _WerkzeugResponse:
        """Convert a response, or with an environment a WSGI application, to this class, in place.

        The response, or the body of the application, is closed if that raises an exception.

        Raises:
            ValueError: Its status, or the name or value of a header, must not reach a server.
            TypeError: It is not an application, or has not called `start_response`.
        """
        if not isinstance(cast("object", response), _WerkzeugResponse):
            return cls._run(response, environ)
        forced = cast("Response", super().force_type(response, environ))
        try:
            forced.headers  # noqa: B018 - checks them
            forced._status, forced._status_code = clean_status(forced.status)  # noqa: SLF001
        except Exception as error:
            close_unsent(forced, error)
            raise
        return forced

    @classmethod
    def _run(cls, application: Any, environ: WSGIEnvironment | None) -> Response:
        if environ is None:
            raise TypeError("A WSGI application is run with an environment, which is missing.")
        body, status, head = NestedApplication(application).run(environ)
        try:
            headers = PlainHeaders(head)
        except Exception as error:
            close_unsent(body, error)
            raise
        # Made of our class, since a constructor of a subclass may have other parameters.
        response = Response(body, status, headers, None if "Content-Type" in headers else "text/plain")
        if cls is not Response:
            response.__class__ = cls
        return response

    @property
    @METHODS.headers
    def headers(self) -> Headers:
        """The headers, as an object that is created when it is first read."""
        headers = self._headers
        if headers is None:
            if self._head is None:  # Werkzeug has made the response
                headers = own_headers(vars(self).pop("headers"))
            else:
                headers = PlainHeaders(items=self._head)
            self._headers, self._head = headers, None
        return headers

    @headers.setter
    def headers(self, value: Headers) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._headers = own_headers(value)
        self._head = None

    def call_on_close(self, func: Callable[[], T]) -> Callable[[], T]:
        """Register `func` to be called when the response has been sent; return it, for use as a decorator."""
        if self._on_close:
            self._on_close.append(func)
        else:
            self._on_close = [func]
        return func

    def close(self) -> None:
        """Close the body and call the functions of `call_on_close`, each also after one that raises.

        Raises:
            BaseException: The first exception; the others are notes on it.
        """
        if self._on_close:
            call_all(self._closing_functions())
        elif (close := getattr(self.response, "close", None)) is not None:
            close()

    def _closing_functions(self) -> Iterator[Callable[[], object]]:
        if (close := getattr(self.response, "close", None)) is not None:
            yield close
        yield from self._on_close  # to which a function may add another

    @METHODS.set_data
    def set_data(self, value: bytes | str) -> None:
        """Set the body.

        Args:
            value: Bytes, or text, which is encoded as UTF-8.
        """
        super().set_data(as_bytes(value) if isinstance(cast("object", value), BUFFERS) else value)

    data = property(_WerkzeugResponse.get_data, set_data, doc="The body, as bytes.")

    def iter_encoded(self) -> Iterator[bytes]:
        """Return the parts of the body as bytes: a server need not take anything else (PEP 3333)."""
        return encoded(iter(self.response))

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
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code in WITHOUT_BODY:
            return ResponseBody((), self.close)
        if self.direct_passthrough and not self._on_close:
            return cast("Iterable[bytes]", self.response)
        return ResponseBody(self.iter_encoded(), self.close)

    def _plain_body(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """Return what is sent as the body, as `get_app_iter` does: a list where nothing has to be closed."""
        body = self.response
        if not isinstance(body, (list, tuple)) or self._on_close or self.direct_passthrough:
            return self.get_app_iter(environ)
        if environ["REQUEST_METHOD"] == "HEAD" or self._status_code in WITHOUT_BODY:
            return []
        return [*map(as_bytes, body)]

    @METHODS.call
    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response, as a WSGI application (PEP 3333).

        Raises:
            ValueError: The status or a header that a subclass has added must not reach a server.
        """
        head = self._head
        body: Any = self.response
        if head is None or (
            type(body) is not list
            or len(body) != 1
            or type(body[0]) is not bytes
            or environ["REQUEST_METHOD"] == "HEAD"
            or self._status_code in WITHOUT_BODY
            or self._on_close
        ):
            head = final_head(self, self.headers if head is None else head) if self._has_short_path else None
            if head is None:
                return self._send_checked(environ, start_response)
            body = self._plain_body(environ)
        else:
            head = head.copy()
        try:
            start_response(self._status, head)
        except Exception as error:
            close_unstarted(self, environ, error)
            raise
        return body  # type: ignore[no-any-return]

    def _send_checked(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response as Werkzeug does, and check what a subclass has added."""
        try:
            return send_checked(super().__call__, environ, start_response)
        except BaseException as error:
            close_unsent(self, error)
            raise

    def _clean_status(self, value: str | int | HTTPStatus) -> tuple[str, int]:
        return clean_status(value)


def text_response(text: str) -> Response:
    """Return `Response(text)`, without the checks of the constructor."""
    type_header = TYPE_HEADERS.get(Response.default_mimetype)
    if type_header is None or Response.default_status != 200:
        return Response(text)
    response: Response = new(Response)
    response.response, response._head = encode_text(text, None, type_header)  # type: ignore[misc]  # noqa: SLF001
    return response


def set_headers(response: _WerkzeugResponse, headers: Any) -> None:
    """Set headers on a response: all of one name, in place of those that the response has.

    Args:
        response: The response.
        headers: Headers, as in the constructor.

    Raises:
        ValueError: A name or a value must not reach a server.
    """
    plain = plain_items(headers)
    items = list(PlainHeaders(headers)) if plain is None else plain[0]
    head = response._head if type(response) is Response else None  # noqa: SLF001
    if head is not None and plain is not None and has_no_location(plain[1]):
        response._head = replaced(head, items)  # type: ignore[attr-defined]  # noqa: SLF001
    elif isinstance(response.headers, PlainHeaders):
        response.headers.replace(items)
    else:
        response.headers.update(PlainHeaders(items=items))
