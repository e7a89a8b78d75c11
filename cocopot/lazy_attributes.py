"""The lazy attributes of a request: how each is computed, and which error it raises for bad input."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from werkzeug.datastructures import (
    Accept,
    CharsetAccept,
    HeaderSet,
    IfRange,
    ImmutableMultiDict,
    MultiDict,
)
from werkzeug.http import parse_date
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as _WerkzeugRequest

from cocopot.accept import LanguageAccept, MIMEAccept, parse_accept, parse_cache_control
from cocopot.arguments import ImmutableMultiDict as Arguments
from cocopot.arguments import combine
from cocopot.body import PARSE_ERRORS, BodyStream, body_stream
from cocopot.datastructures import EnvironHeaders
from cocopot.header_parsers import is_plain_list, parse_cookies, split_plain_list
from cocopot.hosts import get_host, sent_host, server_of
from cocopot.speedups import Lazy, LazyArguments, LazyHeaders, method_loader, plain_cookies, plain_host
from cocopot.speedups.bodies import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import ModuleType
    from typing import IO

    from werkzeug.datastructures import CombinedMultiDict, RequestCacheControl

    from cocopot.json import JSONProvider
    from cocopot.request import Request


_is_plain_etag = re.compile(r'"[!#-~]+"', re.ASCII).fullmatch


class _RaiseBadRequest:
    """Mixin for the lazy attributes of a request: the docstring of their loader, and a 4xx for bad input."""

    name: str

    def __init__(self, load: Callable[[Any], object], *args: object) -> None:
        super().__init__(load, *args)  # type: ignore[call-arg]  # of the class beside this one
        self.__doc__ = load.__doc__

    def on_error(self, error: Exception) -> None:
        """Raise an HTTP exception if the client caused the error."""
        if isinstance(error, PARSE_ERRORS):
            raise bad_request(self.name, error) from error


class _Lazy(_RaiseBadRequest, Lazy):
    pass


class _LazyArguments(_RaiseBadRequest, LazyArguments):
    pass


class _LazyHeaders(_RaiseBadRequest, LazyHeaders):
    pass


class _Setting:
    """A setting: the value set on the request, else the application's, else Werkzeug's.

    It defines no `__set__`, so that a value in the instance's dict takes precedence.
    """

    def __init__(self, key: str, default: object) -> None:
        self.key = key
        self.default = default

    def __get__(self, instance: Request | None, owner: type | None = None) -> object:
        app = None if instance is None else instance.app
        return self.default if app is None else app.config.get(self.key, self.default)


class RequestProperty:
    """A property that plugins may add to the requests of an application; see `add_request_property`.

    It defines no `__set__`, so that a value in the instance's dict takes precedence. The class of requests
    has it for all applications, and each application its own function.

    Args:
        name: Name of the attribute.
        cure: What adds the attribute, if an application has no such property, for the error.
    """

    def __init__(self, name: str, cure: str = "") -> None:
        self.name = name
        self.cure = cure

    def __get__(self, instance: Request | None, owner: type | None = None) -> Any:
        app = None if instance is None else instance.app
        found = None if app is None else app.request_properties.get(self.name)
        if instance is None or app is None or found is None:
            cls = owner if instance is None else type(instance)
            message = f"{getattr(cls, '__name__', cls)!r} object has no attribute {self.name!r}"
            raise AttributeError(f"{message}: {self.cure}" if self.cure else message)
        value = found.compute(app, instance)
        if found.cached:
            instance.__dict__[self.name] = value
        return value


class _JSONLibrary:
    """The JSON library: the one set on the request, else the application's, else Python's."""

    def __get__(self, instance: Request | None, owner: type | None = None) -> JSONProvider | ModuleType:
        app = None if instance is None else instance.app
        return json if app is None else app.json


def lazy(load: Callable[[Any], object]) -> Any:
    """Declare a lazy attribute; typed so that the attribute keeps the type it is annotated with."""
    return _Lazy(load)


def lazy_headers(cls: type[EnvironHeaders]) -> Any:
    return _LazyHeaders(cls)


def setting(key: str, default: object) -> Any:
    return _Setting(key, default)


def json_library() -> Any:
    return _JSONLibrary()


def _decoded(value: str) -> str:
    """Decode a WSGI string (PEP 3333) as UTF-8; bytes that are not UTF-8 become U+FFFD."""
    return value if value.isascii() else value.encode("latin1").decode(errors="replace")


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


def werkzeug_loader(name: str) -> Callable[[Any], Any]:
    """Return how Werkzeug computes one of its cached properties."""
    return _WERKZEUG_LOADERS[name]


def werkzeug_lazy(name: str) -> Any:
    """Declare one of Werkzeug's cached properties as a lazy attribute."""
    return _Lazy(_WERKZEUG_LOADERS[name])


def _header(request: Request, name: str, key: str) -> str | None:
    """Return a header, which is in the environment under `key`, unless the headers have been replaced."""
    headers = request.headers
    if type(headers) is EnvironHeaders:
        value: str | None = headers.environ.get(key)
        return value
    return headers.get(name)


@method_loader
def load_method(request: Request) -> str:
    """The request's method in upper case, such as `GET`."""
    method: str = request.environ.get("REQUEST_METHOD", "GET")
    return method.upper()


def load_scheme(request: Request) -> str:
    """The URL's scheme, such as `https`."""
    scheme: str = request.environ.get("wsgi.url_scheme", "http")
    return scheme


def load_server(request: Request) -> tuple[str, int | None] | None:
    """The server's address: `(host, port)`, `(path, None)` for a Unix socket, `None` if not known."""
    return server_of(request.environ)


def load_host(request: Request) -> str:
    """The host that the request was made to, with its port unless that is the scheme's.

    Raises:
        BadHost: It is not valid (RFC 9112, 3.2).
        SecurityError: It is not one of `trusted_hosts`.
    """
    sent, trusted_hosts = _header(request, "Host", "HTTP_HOST"), request.trusted_hosts
    if trusted_hosts is None and sent:
        host = plain_host(sent, request.scheme)
        if host is not None:
            return host
    header = sent or sent_host(request.environ, sent)
    server = request.server if header is None else None
    return get_host(request.scheme, header, server, trusted_hosts)


def load_root_path(request: Request) -> str:
    """The path under which the application is mounted, without a trailing slash."""
    return _decoded(request.environ.get("SCRIPT_NAME") or "").rstrip("/")


def load_path(request: Request) -> str:
    """The path after `root_path`, with exactly one leading slash."""
    return "/" + _decoded(request.environ.get("PATH_INFO") or "").lstrip("/")


def load_remote_addr(request: Request) -> str | None:
    """The address of the client."""
    address: str | None = request.environ.get("REMOTE_ADDR")
    return address


def load_content_type(request: Request) -> str:
    return _header(request, "Content-Type", "CONTENT_TYPE") or ""


def load_content_length(request: Request) -> int | None:
    """The announced length of the body, in bytes, or `None` if it is not known."""
    headers = request.headers
    if type(headers) is EnvironHeaders:
        environ = headers.environ
        announced: str | None = environ.get("CONTENT_LENGTH")
        if announced is None or environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
            return None
        is_number = announced.isdecimal() and announced.isascii() and len(announced) < 16
        if is_number and "HTTP_TRANSFER_ENCODING" not in environ:
            return int(announced)
    length: int | None = _werkzeug_value(request, "content_length")
    return length


def load_cookies(request: Request) -> ImmutableMultiDict[str, str]:
    """The cookies that the client sent, decoded as UTF-8; bytes that are not UTF-8 become U+FFFD."""
    headers = request.headers
    cookie: str
    if type(headers) is EnvironHeaders:
        cookie = headers.environ.get("HTTP_COOKIE") or ""
    else:
        cookie = ";".join(headers.getlist("Cookie"))
    cls: Any = request.dict_storage_class
    if cls is ImmutableMultiDict:
        cls = Arguments
        cookies = plain_cookies(cookie, cls)
        if cookies is not None:
            return cookies
    return cast("ImmutableMultiDict[str, str]", cls(parse_cookies(_decoded(cookie))))


def load_accept_mimetypes(request: Request) -> MIMEAccept:
    """The media types that the client accepts."""
    return parse_accept(_header(request, "Accept", "HTTP_ACCEPT"), MIMEAccept)


def load_accept_languages(request: Request) -> LanguageAccept:
    """The languages that the client accepts."""
    return parse_accept(_header(request, "Accept-Language", "HTTP_ACCEPT_LANGUAGE"), LanguageAccept)


def load_accept_encodings(request: Request) -> Accept:
    """The codings of a response, such as `gzip`, that the client accepts."""
    return parse_accept(_header(request, "Accept-Encoding", "HTTP_ACCEPT_ENCODING"), Accept)


def load_accept_charsets(request: Request) -> CharsetAccept:
    """The charsets that the client accepts."""
    return parse_accept(_header(request, "Accept-Charset", "HTTP_ACCEPT_CHARSET"), CharsetAccept)


def load_cache_control(request: Request) -> RequestCacheControl:
    """The directives for caches that the client sent."""
    return parse_cache_control(_header(request, "Cache-Control", "HTTP_CACHE_CONTROL"))


def load_access_route(request: Request) -> list[str]:
    """The addresses of the client and of the proxies, if these have sent them, else the client's."""
    header = _header(request, "X-Forwarded-For", "HTTP_X_FORWARDED_FOR")
    if header is None or not is_plain_list(header):
        route: list[str] = _werkzeug_value(request, "access_route")
        return route
    return request.list_storage_class(split_plain_list(header))


def load_pragma(request: Request) -> HeaderSet:
    """The directives of the `Pragma` header (RFC 9111, 5.4)."""
    header = _header(request, "Pragma", "HTTP_PRAGMA")
    if header is None or not is_plain_list(header):
        pragma: HeaderSet = _werkzeug_value(request, "pragma")
        return pragma
    return HeaderSet(split_plain_list(header))


def load_values(request: Request) -> CombinedMultiDict[str, str]:
    """The arguments of the query, and the fields of the form unless the method is GET."""
    sources = [request.args] if request.method == "GET" else [request.args, request.form]
    if not all(isinstance(source, MultiDict) for source in sources):
        values: CombinedMultiDict[str, str] = _werkzeug_value(request, "values")
        return values
    return combine(sources)


def load_if_range(request: Request) -> IfRange:
    """The condition of a range: a date or an entity tag, or neither if there is none that is valid."""
    header = _header(request, "If-Range", "HTTP_IF_RANGE")
    if header and _is_plain_etag(header):  # and not a date, which has blanks
        return IfRange(header[1:-1])
    condition: IfRange = _werkzeug_value(request, "if_range")
    is_invalid = condition.etag is not None and '"' in condition.etag  # RFC 9110, 8.8.3
    return IfRange() if is_invalid else condition


def load_stream(request: Request) -> IO[bytes]:
    """The body as a stream that can be read once, and that ends where the body ends.

    Raises:
        BadRequest: The `Content-Length` is not a number.
        LengthRequired: The body is chunked, and the server does not terminate it (RFC 9110, 15.5.12).
        RequestEntityTooLarge: The body is longer than `max_content_length`; raised here or while reading.
    """
    if request.shallow and not request.form_is_parsed:
        stream: IO[bytes] = _werkzeug_value(request, "stream")
        return stream
    if request.body_is_read:
        return cast("IO[bytes]", BodyStream(BytesIO(), 0))
    return body_stream(request.environ, request.max_content_length)


def load_date(value: str) -> datetime | None:
    try:
        return parse_date(value)
    except PARSE_ERRORS as error:
        raise bad_request("date", error) from error


def lazy_arguments(query_string: property) -> Any:
    """Declare the arguments of a request.

    Args:
        query_string: The attribute of the request's class that they are parsed from.
    """
    return _LazyArguments(_WERKZEUG_LOADERS["args"], "args", Arguments, ImmutableMultiDict, query_string)
