"""The pure-Python twin of `_states.pxi`, `_serving.pxi` and the files of what it calls, documented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from weakref import ReferenceType

    from werkzeug.routing import MapAdapter

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.exceptions import HTTPException
    from cocopot.globals import Globals
    from cocopot.pipeline.endpoint import EndpointPipeline
    from cocopot.pipeline.sessions import RequestSession
    from cocopot.request import Request
    from cocopot.routing import Rule
    from cocopot.speedups.streams import StreamState
    from cocopot.types import F, Function, StartResponse, WSGIEnvironment

    Handler = Callable[[Cocopot, WSGIEnvironment, StartResponse], Iterable[bytes]]


_MISSING = object()


class CallState:
    """What a plugin manager has compiled; a field in the compiled twin."""

    #: What is compiled from the implementations; replaced by an empty one at each change of them.
    compiled: dict[Hashable, Any]


class ApplicationState:
    """A copy of the attributes of an application that each request reads, as fields, in the compiled twin."""


class ContextState:
    """What a context holds: attributes that the compiled twin reads and writes as fields.

    Where they have no default here, the context sets them.
    """

    app: Cocopot
    request: Request | None
    holds: int
    after_functions: list[Function] | tuple[()] | None
    pipeline: EndpointPipeline | None
    opened_session: RequestSession | None
    #: The context whose request this application context sees, because it was pushed inside it.
    request_owner: Context | None = None
    #: The context that this one is a copy of.
    original: Context | None = None
    #: The exception that the request has been answered for, until its end.
    answered: Exception | None = None
    #: The streams that hold this context, some of which have ended, or `None`.
    streams: list[ReferenceType[StreamState]] | None = None
    #: Whether the head of the response has been sent; also after the end of a context that is kept.
    response_is_sent: bool = False
    _url_adapter: MapAdapter | None = None
    _exc: BaseException | None = None
    _globals: Globals | None = None

    @property
    def g(self) -> Globals:
        """The namespace for the time of this context; no other context shares it."""
        if self._globals is None:
            self._globals = self.app.app_ctx_globals_class()
        return self._globals

    @g.setter
    def g(self, value: Globals) -> None:
        self._globals = value


class GlobalsState:
    """The methods of `g`, which find what is set on it as on a dict; `Globals` documents it."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"g has no attribute {name!r}: nothing has set it in this context")

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None: ...

    def get(self, name: str, default: object = None) -> Any:
        """Return the attribute `name`, or `default`."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: object = _MISSING) -> Any:
        """Remove the attribute `name` and return it.

        Raises:
            KeyError: If it is not set, without a default.
        """
        if default is _MISSING:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: object = None) -> Any:
        """Return the attribute `name`, after setting it to `default` if it is not set."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)


class RequestState:
    """What serving a request sets on it: attributes that the compiled twin reads and writes as fields."""

    environ: WSGIEnvironment
    #: The application, for its limits and its JSON library; set by the framework.
    app: Cocopot | None = None
    #: The rule that matched the URL; `None` before matching and when nothing matched.
    url_rule: Rule | None = None
    #: The arguments of the view, taken from the URL; `None` when nothing matched.
    view_args: dict[str, Any] | None = None
    #: Why no rule matched: not found, method not allowed, or a redirect.
    routing_exception: HTTPException | None = None
    #: Whether the end of the request has files to close, which `close` does, or teardown functions to call.
    holds_files: bool = False


class PipelineState:
    """The part of an endpoint's pipeline that the fast path reads."""

    __slots__ = (
        "after_request_hook",
        "answers_errors",
        "before_request_hook",
        "handle_exception_hook",
        "is_observed",
        "own_dispatch_hook",
        "plain_teardown_hook",
        "recovers_here",
        "request_started_hook",
        "serve",
        "tear_down",
        "url_value_preprocessor_hook",
    )

    def read_direct_calls(self) -> None:
        """Note which hooks have a direct call, once they are set."""


class RequestHandler:
    """Serves requests, from the context to the teardown.

    The compiled twin does what `lifecycle.handle_request`, `lifecycle.match_request` and `fastpath.serve` do,
    without calling them. It leaves to `general` what the fast path does not serve: an application that is not
    started, that overrides a step, or whose request class overrides one of `entry.REQUEST_ATTRIBUTES`.

    Args:
        general: `lifecycle.handle_request`.
        parts: What the compiled twin calls; see `cocopot.pipeline.entry`.
    """

    def __init__(self, general: Handler, **parts: object) -> None:  # noqa: ARG002 - of the compiled twin
        self.general = general

    def as_method(self) -> Handler:
        """Return the function that serves requests, which may be a method of the application."""
        return self.general

    def as_call(self, general: F) -> F:
        """Return what an application is called with: `general`, or a function that does the same.

        Args:
            general: `Cocopot.__call__`, which calls `_outermost`, or else `wsgi_app`.
        """
        return general

    def with_fast_call(self, cls: F) -> F:
        """Return the class of applications, whose call finds no method in the compiled twin.

        Args:
            cls: The class, whose `__call__` is that of `as_call`.
        """
        return cls

    def as_trap(self, general: F) -> F:
        """Return the default `trap_http_exception`, which the compiled twin does without calling it.

        Args:
            general: The method of the application.
        """
        return general

    def read_attributes(self, app: ApplicationState) -> None:
        """Copy the attributes of an application that each request reads.

        Args:
            app: The application, one of whose attributes has been assigned.
        """


class ResponseMaker:
    """Makes responses whose body is one string, and those whose body is something else, but not their head.

    The compiled twin does what the constructor in Python, `head.final_head` and
    `cocopot.pipeline.defaults.responses` do, without calling them, where the status is a usual one, and no
    header has to be converted.

    Args:
        parts: What the compiled twin calls and looks up; see `cocopot.head`.
    """

    def __init__(self, **parts: object) -> None:
        pass

    def constructor(self, general: F) -> F:
        """Return the constructor of `Response`: `general`, or a function that does the same.

        The compiled twin does what it does, without calling it, in the plain case.

        Args:
            general: The constructor in Python.
        """
        return general

    def with_fast_call(self, cls: F) -> F:
        """Return `Response` or a subclass; the compiled twin calls it without a tuple and a dict.

        Args:
            cls: The class, whose constructor is `constructor`'s.
        """
        return cls

    def function(self, general: F) -> F:
        """Return `make_response` of views: `general`, or a function that does the same.

        Args:
            general: The function in Python.
        """
        return general

    def method(self, general: F) -> F:
        """Return `make_response` of applications, as `function`.

        Args:
            general: The method in Python.
        """
        return general


class ResponseMethods:
    """Decorators for the methods of `Response` that are worth compiling, as for `HeaderMethods`.

    Args:
        maker: The maker of responses.
        on_error: Called with response, environment and error if `start_response` raises.
    """

    def __init__(
        self, maker: ResponseMaker, on_error: Callable[[object, WSGIEnvironment, Exception], object]
    ) -> None:
        pass

    def headers(self, general: F) -> F:
        """Return the function of the property `headers`."""
        return general

    def set_data(self, general: F) -> F:
        """Return `set_data`."""
        return general

    def call(self, general: F) -> F:
        """Return `__call__`, which sends the response."""
        return general


def with_direct_call(general: F, function: Function, places: Sequence[int], **parts: object) -> F:  # noqa: ARG001 - of the compiled twin
    """Return the compiled call of a hook with one implementation.

    The compiled twin notes on it how to call the implementation without it.

    Args:
        general: The compiled call.
        function: The implementation.
        places: The indices of its arguments among those of the hook.
        parts: What the compiled twin does with its result, and after an error.
    """
    return general


def method_loader(general: F) -> F:
    """Return the function that reads the method of a request: `general`, or one that does the same.

    Args:
        general: The function in Python.
    """
    return general
