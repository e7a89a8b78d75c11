"""The request: Werkzeug's, with nothing parsed before it is read.

A `Request` holds the WSGI environment and nothing else. What Werkzeug's constructor and its cached properties
compute is computed at the first access, and is a plain attribute of the instance from then on.

It differs from Werkzeug's on purpose, so that bad input is a 4xx and never a 500 (RFC 9110, 15.5):

- An attribute that cannot be read because of what the client sent raises `BadRequest`, with the parser's
  error as its cause; Werkzeug raises the parser's error.
- A form that cannot be parsed (no boundary, a truncated part, a part without a name, an urlencoded body that
  is not UTF-8) raises `BadRequest`; Werkzeug returns an empty form, or a part with the name `None`.
  A request without a body still has an empty form.
- A `Content-Length` that is not a plain number raises `BadRequest` when the body is read.
- A body that is longer than `max_content_length` raises `RequestEntityTooLarge`, one that is shorter than
  announced `ClientDisconnected`, and one that the server cannot read `BadRequest`, whichever attribute or
  method reads it. Where the server terminates the input, Werkzeug truncates the first, accepts the second,
  and raises the server's error.
- A chunked body raises `LengthRequired` where the server does not terminate it, or hides that it is truncated
  (granian); to Werkzeug it is empty, or complete.
- Cookies are UTF-8; Werkzeug reads their bytes as Latin-1.
- A host that is not valid, or not trusted, raises `BadHost` or `SecurityError`, and so does each URL with it;
  Werkzeug's host is empty for the first. The URLs are those that the client asked for: see
  `cocopot.request_urls`.
- Deleting an attribute such as `path` reads it again from the environment at the next access.
"""

from __future__ import annotations

from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Literal, overload

from werkzeug.utils import header_property
from werkzeug.wrappers import Request as _WerkzeugRequest

from cocopot.body import read_body
from cocopot.datastructures import EnvironHeaders
from cocopot.escapes import printable
from cocopot.forms import FORM_METHODS, FormRequest
from cocopot.header_parsers import parse_options
from cocopot.lazy_attributes import (
    RequestProperty,
    json_library,
    lazy,
    lazy_arguments,
    lazy_headers,
    load_accept_charsets,
    load_accept_encodings,
    load_accept_languages,
    load_accept_mimetypes,
    load_access_route,
    load_cache_control,
    load_content_length,
    load_cookies,
    load_date,
    load_host,
    load_if_range,
    load_method,
    load_path,
    load_pragma,
    load_remote_addr,
    load_root_path,
    load_scheme,
    load_server,
    load_values,
    setting,
    werkzeug_lazy,
    werkzeug_loader,
)
from cocopot.missing_names import install_hint
from cocopot.request_urls import load_base_url, load_full_path, load_host_url, load_root_url, load_url
from cocopot.scopes import blueprints_of
from cocopot.speedups import json_reader
from cocopot.speedups.bodies import bad_request

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import ModuleType

    from werkzeug.datastructures import Headers

    from cocopot.hooks.results import Answer
    from cocopot.json import JSONProvider
    from cocopot.registry.error_handlers import Found
    from cocopot.types import F, WSGIEnvironment


# The attributes that the compiled `get_json` reads in the environment: of a class that overrides one it does
# not use them.
_BODY_ATTRIBUTES = (
    *("_content_type", "_load_form_data", "_read_plain", "app", "content_length", "environ", "get_data"),
    *("headers", "is_json", "json_module", "mimetype", "shallow", "stream"),
)


def _json_reader(general: F) -> F:
    return json_reader(general, EnvironHeaders, read_body)


class Request(FormRequest):
    """An incoming HTTP request; see `werkzeug.wrappers.Request` for its attributes.

    A subclass that is assigned to `request_class` of an application may add attributes and methods, and
    change limits, without making requests slower. One that overrides the constructor, or what a URL is
    matched by, such as `path`, `host` or `trusted_hosts`, is served by general code, which takes longer.

    Args:
        environ: The WSGI environment.
        populate_request: Whether to put the request into the environment under `werkzeug.request`.
        shallow: Whether reading the body is an error, as a middleware may want it.
    """

    shallow = False

    # Who returned the last result of a hook, for messages; see `cocopot.hooks.results`.
    answered_by: Answer | None = None
    handled_by: Found | None = None

    method: str = lazy(load_method)
    scheme: str = lazy(load_scheme)
    server: tuple[str, int | None] | None = lazy(load_server)
    root_path: str = lazy(load_root_path)
    path: str = lazy(load_path)
    headers: Headers = lazy_headers(EnvironHeaders)
    remote_addr: str | None = lazy(load_remote_addr)

    #: The hosts that the request may be for; else `TRUSTED_HOSTS`, else any.
    trusted_hosts: Collection[str] | None = setting("TRUSTED_HOSTS", None)  # type: ignore[assignment]
    #: The longest body that is read, in bytes; else `MAX_CONTENT_LENGTH`, else no limit.
    max_content_length: int | None = setting("MAX_CONTENT_LENGTH", _WerkzeugRequest.max_content_length)
    #: The longest field of a multipart form, in bytes; else `MAX_FORM_MEMORY_SIZE`, else 500,000.
    max_form_memory_size: int | None = setting("MAX_FORM_MEMORY_SIZE", _WerkzeugRequest.max_form_memory_size)
    #: The most parts a multipart form may have; else `MAX_FORM_PARTS`, else 1000.
    max_form_parts: int = setting("MAX_FORM_PARTS", _WerkzeugRequest.max_form_parts)
    #: The JSON library; else the application's JSON provider, else Python's `json`.
    json_module: JSONProvider | ModuleType = json_library()  # type: ignore[assignment]  # Werkzeug's is a module

    _query_string: bytes | None = None
    # Whether no class between this one and the instance's overrides what a body is read by.
    _has_plain_bodies = True

    if not TYPE_CHECKING:  # the types are Werkzeug's
        csp_nonce = RequestProperty("csp_nonce", f"the plugin headers adds it: {install_hint('headers')}")
        db = RequestProperty("db", f"the plugin sqlalchemy adds it: {install_hint('sqlalchemy')}")
        # Its cached properties: read faster, and a `BadRequest` for bad input.
        accept_charsets = lazy(load_accept_charsets)
        accept_encodings = lazy(load_accept_encodings)
        accept_languages = lazy(load_accept_languages)
        accept_mimetypes = lazy(load_accept_mimetypes)
        access_route = lazy(load_access_route)
        authorization = werkzeug_lazy("authorization")
        cache_control = lazy(load_cache_control)
        content_length = lazy(load_content_length)
        data = lazy(FORM_METHODS.data(werkzeug_loader("data")))
        if_match = werkzeug_lazy("if_match")
        if_modified_since = werkzeug_lazy("if_modified_since")
        if_none_match = werkzeug_lazy("if_none_match")
        if_range = lazy(load_if_range)
        if_unmodified_since = werkzeug_lazy("if_unmodified_since")
        pragma = lazy(load_pragma)
        range = werkzeug_lazy("range")
        user_agent = werkzeug_lazy("user_agent")
        values = lazy(load_values)
        host = lazy(load_host)
        host_url = lazy(load_host_url)
        root_url = lazy(load_root_url)
        url_root = lazy(load_root_url)
        base_url = lazy(load_base_url)
        url = lazy(load_url)
        full_path = lazy(load_full_path)
        cookies = lazy(load_cookies)

    date = header_property("Date", None, load_date, read_only=True, doc=_WerkzeugRequest.date.__doc__)

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        # Werkzeug's constructor is not called: it computes what is lazy here.
        self.environ = environ
        if shallow:
            self.shallow = shallow
        elif populate_request:
            environ["werkzeug.request"] = self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_plain_bodies = all(
            getattr_static(cls, name, None) is getattr_static(Request, name, None)
            for name in _BODY_ATTRIBUTES
        )

    def __repr__(self) -> str:
        """Return Werkzeug's repr, with the parser's message if the URL cannot be read."""
        try:
            url = self.url
        except Exception as error:  # noqa: BLE001 - as in Werkzeug, a repr does not raise
            url = f"(invalid URL: {error.__cause__ or error})"
        return f"<{type(self).__name__} {url!r} [{printable(self.method)}]>"

    @property
    def last_event_id(self) -> str | None:
        """The id of the last server-sent event that the client has received; `None` at its first connection.

        From `Last-Event-ID`, which browsers send in UTF-8 (WHATWG HTML, section 9.2.4).
        """
        value: str = self.environ.get("HTTP_LAST_EVENT_ID", "")
        return value.encode("latin-1", "replace").decode("utf-8", "replace") or None

    @property
    def query_string(self) -> bytes:
        """The raw query string."""
        query = self._query_string
        if query is None:
            try:
                query = self._query_string = self.environ.get("QUERY_STRING", "").encode("latin1")
            except ValueError as error:
                raise bad_request("query_string", error) from error
        return query

    @query_string.setter
    def query_string(self, value: bytes) -> None:
        self._query_string = value

    @query_string.deleter
    def query_string(self) -> None:
        self._query_string = None

    if not TYPE_CHECKING:  # the type is Werkzeug's
        args = lazy_arguments(query_string)

    @property
    def mimetype(self) -> str:
        """The content type in lower case, without parameters such as the charset."""
        return self._content_type.partition(";")[0].strip().lower()

    def _parse_content_type(self) -> None:
        if "_parsed_content_type" not in vars(self):
            self._parsed_content_type = parse_options(self._content_type)

    @property
    def is_json(self) -> bool:
        """Whether the content type is that of JSON: `application/json`, or another that ends with `+json`."""
        mimetype = self.mimetype
        return mimetype == "application/json" or (
            mimetype.startswith("application/") and mimetype.endswith("+json")
        )

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the rule that matched, or `None`."""
        rule = self.url_rule
        endpoint: str | None = None if rule is None else rule.endpoint
        return endpoint

    @property
    def blueprint(self) -> str | None:
        """The current blueprint, with its parents' names in front, such as `admin.users`, or `None`."""
        endpoint = self.endpoint
        if endpoint is None or "." not in endpoint:
            return None
        return endpoint.rpartition(".")[0]

    @property
    def blueprints(self) -> list[str]:
        """The current blueprint and its parents, innermost first; empty outside a blueprint."""
        return blueprints_of(self.endpoint)

    @_json_reader
    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body parsed as JSON (RFC 8259).

        Args:
            force: Whether to parse whatever the content type is.
            silent: Whether to return `None` instead of raising.
            cache: Whether to cache the body and the result.

        Raises:
            UnsupportedMediaType: The content type is not that of JSON.
            BadRequest: The body is not JSON, or is nested too deeply.
        """
        value = self._cached_json[silent] if cache else ...
        if value is not ...:
            return value
        if not (force or self.is_json):
            return None if silent else self.on_json_loading_failed(None)
        data = self.get_data(cache)
        try:
            value = self.json_module.loads(data)
        except (ValueError, RecursionError) as error:
            return self._note_json_failure(error, silent, cache)
        if cache:
            self._cached_json = (value, value)
        return value

    def _note_json_failure(self, error: Exception, silent: bool, cache: bool = True) -> Any:
        """Return what `get_json` returns for a body that is not JSON, or raise `BadRequest`."""
        failure = error if isinstance(error, ValueError) else ValueError("nested too deeply")
        value = None if silent else self.on_json_loading_failed(failure)
        if cache:
            normal, quiet = self._cached_json
            self._cached_json = (normal, None) if silent else (value, quiet)
        return value

    @overload
    def get_data(  # pyright: ignore[reportOverlappingOverload] - as Werkzeug's
        self, cache: bool = True, as_text: Literal[False] = False, parse_form_data: bool = False
    ) -> bytes: ...

    @overload
    def get_data(
        self, cache: bool = True, as_text: Literal[True] = ..., parse_form_data: bool = False
    ) -> str: ...

    @FORM_METHODS.body
    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> bytes | str:
        """Return the body.

        Args:
            cache: Whether to cache it, so that it can be read again.
            as_text: Whether to decode it as UTF-8; bytes that are not UTF-8 become U+FFFD.
            parse_form_data: Whether to parse a form first: what it consists of is not returned.

        Raises:
            ClientDisconnected: The body is shorter than its `Content-Length`.
            RequestEntityTooLarge: The body is longer than `max_content_length`.
            BadRequest: The server cannot read the body.
        """
        data: bytes | None = getattr(self, "_cached_data", None)
        if data is None:
            if parse_form_data:
                self._load_form_data()
            data = self._read_plain()
            if data is None:
                data = self.stream.read()
            if cache:
                self._cached_data = data
        return data.decode(errors="replace") if as_text else data
