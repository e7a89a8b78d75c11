"""The request: Werkzeug's, with nothing parsed before it is asked for.

A `Request` keeps the WSGI environment and no more. What Werkzeug's constructor computes, and what its cached
properties compute, is read at the first access and from then on is a plain attribute of the instance.

Where it differs from Werkzeug's on purpose, so that bad input is a 4xx and never a 500 (RFC 9110, 15.5):

- An attribute that cannot be read because of what the client sent raises `BadRequest`, with the parser's
  error as its cause, where Werkzeug lets that error through.
- A form that cannot be parsed (no boundary, a truncated part, a part without a name, an urlencoded body that
  is not UTF-8) raises `BadRequest` where Werkzeug answers with an empty form, or with the name ``None``.
  A request without a body still has an empty form.
- A `Content-Length` that is no plain number raises `BadRequest` when the body is read.
- Where the server terminates the input, a body that is longer than `max_content_length` raises
  `RequestEntityTooLarge`, one that is shorter than announced `ClientDisconnected`, and one that the server
  cannot read `BadRequest`. Werkzeug cuts the first off, takes the second, and lets the server's error out.
- A chunked body raises `LengthRequired` where the server does not terminate it; to Werkzeug it is empty.
- Deleting an attribute such as `path` reads it again from the environment at the next access.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import parse_date
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property, header_property
from werkzeug.wrappers import Request as _WerkzeugRequest
from werkzeug.wsgi import LimitedStream

from cocopot.body import PARSE_ERRORS, bad_request, body_stream, client_is_gone, read_body
from cocopot.datastructures import Arguments, EnvironHeaders
from cocopot.exceptions import BadRequest, ClientDisconnected, HTTPException
from cocopot.scopes import blueprints_of
from cocopot.speedups import Lazy, LazyArguments, LazyHeaders

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import IO

    from werkzeug.datastructures import Headers
    from werkzeug.formparser import FormDataParser
    from werkzeug.routing import Rule

    from cocopot.types import JSONModule, RequestSettings, WSGIEnvironment


class _OfRequest:
    """What the lazy attributes of a request have in common: a docstring, and that bad input is a 4xx."""

    name: str

    def __init__(self, load: Callable[[Any], Any], *args: Any) -> None:
        super().__init__(load, *args)  # type: ignore[call-arg]  # of the class beside this one
        self.__doc__ = load.__doc__

    def on_error(self, error: Exception) -> None:
        """Raise what the client has to be told."""
        if isinstance(error, PARSE_ERRORS):
            raise bad_request(self.name, error) from error
        if isinstance(error, OSError) and client_is_gone(error):
            raise ClientDisconnected from error


class _Lazy(_OfRequest, Lazy):
    pass


class _LazyArguments(_OfRequest, LazyArguments):
    pass


class _LazyHeaders(_OfRequest, LazyHeaders):
    pass


class _Setting:
    """A limit: the value set on the request, else the application's, else Werkzeug's.

    It defines no ``__set__``, so that a value in the instance's dict wins.
    """

    def __init__(self, key: str, default: int | None) -> None:
        self.key = key
        self.default = default

    def __get__(self, instance: Request | None, owner: type | None = None) -> int | None:
        app = None if instance is None else instance.app
        if app is None:
            return self.default
        return cast("int | None", app.config.get(self.key, self.default))


class _JSONLibrary:
    """The JSON library: the one set on the request, else the application's, else Python's."""

    def __get__(self, instance: Request | None, owner: type | None = None) -> Any:
        app = None if instance is None else instance.app
        return json if app is None else app.json


# With one of these set, the body or what is known of it does not come from the environment any more.
_BODY_ATTRIBUTES = frozenset(
    {"stream", "_cached_data", "form", "headers", "mimetype", "is_json", "content_length"}
)


def _lazy(load: Callable[[Any], Any]) -> Any:
    """Declare a lazy attribute; typed so that the attribute keeps the type it is annotated with."""
    return _Lazy(load)


def _setting(key: str, default: int | None) -> Any:
    return _Setting(key, default)


def _decoded(value: str) -> str:
    """Decode a WSGI string (PEP 3333) as UTF-8; bytes that are not UTF-8 become U+FFFD."""
    return value if value.isascii() else value.encode("latin1").decode(errors="replace")


def _load_method(request: Request) -> str:
    """The request's method in upper case, such as ``GET``."""
    return cast("str", request.environ.get("REQUEST_METHOD", "GET").upper())


def _load_scheme(request: Request) -> str:
    """The URL's scheme, such as ``https``."""
    return cast("str", request.environ.get("wsgi.url_scheme", "http"))


def _load_server(request: Request) -> tuple[str, int | None] | None:
    """The server's address: ``(host, port)``, ``(path, None)`` for a Unix socket, ``None`` if not known."""
    environ = request.environ
    name = environ.get("SERVER_NAME")
    if name is None:
        return None
    try:
        return name, int(environ.get("SERVER_PORT"))  # type: ignore[arg-type]  # the error is caught
    except (TypeError, ValueError):
        return name, None


def _load_root_path(request: Request) -> str:
    """The path under which the application is mounted, without a trailing slash."""
    return _decoded(request.environ.get("SCRIPT_NAME") or "").rstrip("/")


def _load_path(request: Request) -> str:
    """The path after `root_path`, with exactly one leading slash."""
    return "/" + _decoded(request.environ.get("PATH_INFO") or "").lstrip("/")


def _load_remote_addr(request: Request) -> str | None:
    """The address of the client."""
    return cast("str | None", request.environ.get("REMOTE_ADDR"))


def _load_cookies(request: Request) -> ImmutableMultiDict[str, str]:
    """The cookies that the client sent."""
    headers = request.headers
    if type(headers) is not EnvironHeaders:
        return cast("ImmutableMultiDict[str, str]", _werkzeug_value(request, "cookies"))
    cookies = parse_cookie(headers.environ.get("HTTP_COOKIE"), cls=request.dict_storage_class)
    return cast("ImmutableMultiDict[str, str]", cookies)


def _load_stream(request: Request) -> IO[bytes]:
    """The body as a stream that can be read once, and that ends where the body ends.

    Raises:
        BadRequest: The ``Content-Length`` is not a number.
        LengthRequired: The body is chunked, and the server does not tell where it ends (RFC 9110, 15.5.12).
        RequestEntityTooLarge: The body is longer than `max_content_length`; raised here or while reading.
    """
    if request.shallow:
        return cast("IO[bytes]", _werkzeug_value(request, "stream"))
    if request.body_is_read:
        return cast("IO[bytes]", LimitedStream(BytesIO(), 0))
    return body_stream(request.environ, request.max_content_length)


def _load_date(value: str) -> datetime | None:
    try:
        return parse_date(value)
    except PARSE_ERRORS as error:
        raise bad_request("date", error) from error


class Request(_WerkzeugRequest):
    """An incoming HTTP request; see `werkzeug.wrappers.Request` for all that it can tell.

    Args:
        environ: The WSGI environment.
        populate_request: Whether to put the request into the environment under ``werkzeug.request``.
        shallow: Whether reading the body is an error, as a middleware may want it.
    """

    shallow = False

    #: The application, for its limits and its JSON library; set by the framework.
    app: RequestSettings | None = None
    #: The rule that matched the URL; ``None`` before matching and when nothing matched.
    url_rule: Rule | None = None
    #: The arguments of the view, taken from the URL; ``None`` when nothing matched.
    view_args: dict[str, Any] | None = None
    #: Why no rule matched: not found, method not allowed, or a redirect.
    routing_exception: HTTPException | None = None

    method: str = _lazy(_load_method)
    scheme: str = _lazy(_load_scheme)
    server: tuple[str, int | None] | None = _lazy(_load_server)
    root_path: str = _lazy(_load_root_path)
    path: str = _lazy(_load_path)
    headers: Headers = cast("Any", _LazyHeaders(EnvironHeaders))
    remote_addr: str | None = _lazy(_load_remote_addr)

    #: The longest body that is read, in bytes; else ``MAX_CONTENT_LENGTH``, else no limit.
    max_content_length: int | None = _setting("MAX_CONTENT_LENGTH", _WerkzeugRequest.max_content_length)
    #: The longest field of a multipart form, in bytes; else ``MAX_FORM_MEMORY_SIZE``, else 500,000.
    max_form_memory_size: int | None = _setting("MAX_FORM_MEMORY_SIZE", _WerkzeugRequest.max_form_memory_size)
    #: The most parts a multipart form may have; else ``MAX_FORM_PARTS``, else 1000.
    max_form_parts: int = _setting("MAX_FORM_PARTS", _WerkzeugRequest.max_form_parts)
    #: What parses JSON; else the application's JSON provider, else Python's `json`.
    json_module: JSONModule = cast("Any", _JSONLibrary())  # type: ignore[assignment]  # a module in Werkzeug

    _query_string: bytes | None = None
    #: Whether the body has been read in one piece, so that there is nothing left to stream.
    body_is_read = False
    #: Whether uploaded files have been read, which `close` has to close.
    holds_files: bool = False

    date = header_property("Date", None, _load_date, read_only=True, doc=_WerkzeugRequest.date.__doc__)

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        # Werkzeug's constructor is not called: it computes what is lazy here.
        self.environ = environ
        if shallow:
            self.shallow = shallow
        elif populate_request:
            environ["werkzeug.request"] = self

    def __repr__(self) -> str:
        """Return what Werkzeug returns, with the parser's own words where the URL cannot be read."""
        try:
            url = self.url
        except Exception as error:  # noqa: BLE001 - as in Werkzeug, a repr does not raise
            url = f"(invalid URL: {error.__cause__ or error})"
        return f"<{type(self).__name__} {url!r} [{self.method}]>"

    @property
    def query_string(self) -> bytes:
        """What stands in the URL after the question mark, as it was sent."""
        if self._query_string is None:
            try:
                self._query_string = self.environ.get("QUERY_STRING", "").encode("latin1")
            except ValueError as error:
                raise bad_request("query_string", error) from error
        return self._query_string

    @query_string.setter
    def query_string(self, value: bytes) -> None:
        self._query_string = value

    @query_string.deleter
    def query_string(self) -> None:
        self._query_string = None

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the rule that matched, or ``None``."""
        rule = self.url_rule
        return None if rule is None else cast("str | None", rule.endpoint)

    @property
    def blueprint(self) -> str | None:
        """The current blueprint, its parents' names in front, such as ``admin.users``; or ``None``."""
        endpoint = self.endpoint
        if endpoint is None or "." not in endpoint:
            return None
        return endpoint.rpartition(".")[0]

    @property
    def blueprints(self) -> list[str]:
        """The current blueprint and its parents, innermost first; empty outside a blueprint."""
        return blueprints_of(self.endpoint)

    def make_form_data_parser(self) -> FormDataParser:
        """Return a parser for the form that complains about a broken one, provided that there is a body."""
        parser = super().make_form_data_parser()
        if self._has_unread_body():
            parser.silent = False
        return parser

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body parsed as JSON (RFC 8259).

        Args:
            force: Whether to parse whatever the content type is.
            silent: Whether to return ``None`` instead of raising.
            cache: Whether to keep the body and the result.

        Raises:
            UnsupportedMediaType: The content type is not that of JSON.
            BadRequest: The body is not JSON, or is nested too deeply.
        """
        if (
            cache
            and not silent
            and self.environ.get("CONTENT_TYPE") == "application/json"
            and type(self) is Request
            and self._cached_json[0] is ...
            and self._read_plain_json()
        ):
            try:
                value = self.json_module.loads(self._cached_data)
            except (ValueError, RecursionError):
                pass  # once more below, for the error
            else:
                self._cached_json = (value, value)
                return value
        try:
            return super().get_json(force, silent, cache)
        except RecursionError:
            failure = ValueError("nested too deeply")
        value = None if silent else self.on_json_loading_failed(failure)
        if cache:
            normal, quiet = self._cached_json
            self._cached_json = (normal, None) if silent else (value, quiet)
        return value

    def _read_plain_json(self) -> bool:
        """Read the body of a request that says plainly that it is JSON; Werkzeug guards a stream."""
        if self.shallow or not _BODY_ATTRIBUTES.isdisjoint(vars(self)):
            return False
        body = read_body(self.environ, self.max_content_length)
        if body is None:
            return False
        self._cached_data = body
        self.body_is_read = True
        return True

    if not TYPE_CHECKING:  # the signature, with its overloads, is Werkzeug's

        def get_data(self, *args: Any, **kwargs: Any) -> Any:
            """Return the body as bytes or text, as Werkzeug's method does.

            Raises:
                ClientDisconnected: The body ended early.
            """
            try:
                return super().get_data(*args, **kwargs)
            except OSError as error:
                if client_is_gone(error):
                    raise ClientDisconnected from error
                raise

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except HTTPException:
            raise
        except ValueError as error:
            raise bad_request("form", error) from error
        self.holds_files = bool(self.files)
        if None in self.form or None in self.files:
            raise BadRequest("A part of this request's form has no name.")

    def _has_unread_body(self) -> bool:
        announced = self.content_length or "HTTP_TRANSFER_ENCODING" in self.environ
        return bool(announced) and not getattr(self._get_stream_for_parsing(), "is_exhausted", False)


def _cached_properties() -> dict[str, Callable[[Any], Any]]:
    """Return how Werkzeug computes each of its cached properties, by name."""
    members = {name: getattr(_WerkzeugRequest, name) for name in dir(_WerkzeugRequest)}
    return {
        name: cast("Callable[[Any], Any]", member.fget)
        for name, member in members.items()
        if isinstance(member, cached_property)
    }


_WERKZEUG_LOADERS = _cached_properties()


def _werkzeug_value(request: Request, name: str) -> Any:
    return _WERKZEUG_LOADERS[name](request)


def _make_lazy() -> None:
    """Replace every cached property by a lazy attribute: quicker, and bad input is a `BadRequest`."""
    own = {"cookies": _load_cookies, "stream": _load_stream}
    for name, load in (_WERKZEUG_LOADERS | own).items():
        setattr(Request, name, _Lazy(load, name))
    args = _LazyArguments(
        _WERKZEUG_LOADERS["args"], "args", Arguments, ImmutableMultiDict, Request.query_string
    )
    setattr(Request, args.name, args)


_make_lazy()
