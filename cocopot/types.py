"""Type aliases and small protocols that the rest of the package shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import logging
    import os
    from types import TracebackType

    from _typeshed.wsgi import StartResponse as StartResponse  # noqa: PLC0414 - re-exported
    from _typeshed.wsgi import WSGIApplication as WSGIApplication  # noqa: PLC0414 - re-exported
    from _typeshed.wsgi import WSGIEnvironment as WSGIEnvironment  # noqa: PLC0414 - re-exported
    from werkzeug.datastructures import Headers
    from werkzeug.wrappers import Response as WerkzeugResponse
else:
    # PEP 3333 names these shapes; at run time they are ordinary objects.
    StartResponse = Callable[..., Any]
    WSGIApplication = Callable[..., Iterable[bytes]]
    WSGIEnvironment = dict[str, Any]

F = TypeVar("F", bound=Callable[..., Any])

#: The body of a response, as a view may return it.
Body: TypeAlias = (
    "WerkzeugResponse | str | bytes | bytearray | Mapping[str, Any] | Sequence[Any] "
    "| Iterator[str] | Iterator[bytes] | WSGIApplication"
)
#: What a view may return as headers beside a body.
HeadersValue: TypeAlias = "Headers | Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]]"
#: What a view, an error handler or a before-request function may return.
ResponseValue: TypeAlias = (
    "Body | tuple[Body, HeadersValue] | tuple[Body, int] | tuple[Body, int, HeadersValue]"
)

View: TypeAlias = "Callable[..., ResponseValue]"
#: What `sys.exc_info()` returns.
ExcInfo: TypeAlias = (
    "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]"
)
StrPath: TypeAlias = "str | os.PathLike[str]"


class JSONModule(Protocol):
    """What Werkzeug's requests and responses need of a JSON library."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return ``obj`` as JSON text."""
        ...

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value that the JSON text ``s`` stands for."""
        ...


class RequestSettings(Protocol):
    """What a request reads of its application: limits from the configuration, and the JSON library."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The application's configuration."""
        ...

    @property
    def json(self) -> JSONModule:
        """The application's JSON provider."""
        ...


class Application(RequestSettings, Protocol):
    """The application object, as the modules see it that it is made of; `cocopot.Cocopot` is the one there
    is.

    Members whose type belongs to a later module are `Any` here.
    """

    import_name: str
    config: Any
    debug: bool
    testing: bool
    plugins: Any
    router: Any
    extensions: dict[str, Any]
    view_functions: dict[str, View]
    blueprints: dict[str, Any]
    blueprint_prefixes: dict[str, str]
    root_path: str
    request_class: Any
    response_class: Any
    subdomain_matching: bool
    started: bool

    @property
    def name(self) -> str:
        """The application's name."""
        ...

    @property
    def json(self) -> Any:
        """The application's JSON provider."""
        ...

    @property
    def cli(self) -> Any:
        """The group of the application's own commands."""
        ...

    @property
    def logger(self) -> logging.Logger:
        """The application's logger."""
        ...

    @property
    def propagate_exceptions(self) -> bool:
        """Whether unhandled exceptions are raised again instead of becoming a 500."""
        ...

    def start(self) -> None:
        """Run the startup hooks, once."""
        ...

    def create_url_adapter(self, request: Any) -> Any:
        """Return a Werkzeug `MapAdapter` bound to a request, or to SERVER_NAME."""
        ...

    def make_response(self, rv: Any) -> Any:
        """Turn a view's return value into a response."""
        ...

    def preprocess_request(self) -> Any:
        """Run the hooks that come before the view."""
        ...

    def dispatch_request(self) -> Any:
        """Call the view."""
        ...

    def full_dispatch_request(self) -> Any:
        """Run the request from its first hook to the finished response."""
        ...

    def make_default_options_response(self) -> Any:
        """Return the response that OPTIONS gets."""
        ...

    def process_response(self, response: Any) -> Any:
        """Run the hooks that may change the response."""
        ...

    def handle_user_exception(self, e: Exception) -> Any:
        """Turn an exception into a response value, or raise it again."""
        ...

    def handle_http_exception(self, e: Any) -> Any:
        """Turn an HTTP exception into a response value."""
        ...

    def handle_exception(self, e: Exception) -> Any:
        """Answer an exception that nobody handled."""
        ...

    def log_exception(self, exc_info: Any) -> None:
        """Log an exception that nobody handled."""
        ...

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the teardown-request hooks."""
        ...

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run the teardown-app-context hooks."""
        ...

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Build a URL."""
        ...

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds a file may be cached."""
        ...
