"""The steps of a request as methods of the application that a subclass may override.

The steps themselves are in `cocopot.pipeline.lifecycle`, in the order in which they happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast, overload

from werkzeug.exceptions import BadRequest, BadRequestKeyError

from cocopot import coroutines, urls
from cocopot.context import Context, current_or_none, current_request_context, new_context
from cocopot.escapes import printable
from cocopot.head import MAKER
from cocopot.helpers import URLS
from cocopot.pipeline import entry, lifecycle, sessions, teardown
from cocopot.pipeline.defaults.dispatch import default_options_response, raise_routing_exception
from cocopot.pipeline.endpoint import STEPS, EndpointPipeline, make_view_synchronous
from cocopot.scopes import blueprints_of
from cocopot.sessions import SessionInterface
from cocopot.speedups import ApplicationState

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from werkzeug.routing import BuildError, MapAdapter

    from cocopot.app import Cocopot
    from cocopot.config import Config
    from cocopot.exceptions import HTTPException
    from cocopot.hooks import PluginManager
    from cocopot.pipeline.endpoint import Step
    from cocopot.request import Request
    from cocopot.response import Response
    from cocopot.sessions import Session
    from cocopot.types import ExcInfo, Options, ResponseValue, StartResponse, WSGIApplication, WSGIEnvironment

P = ParamSpec("P")
T = TypeVar("T")

#: Attributes that pipelines are compiled from, so that changing one requires compiling them again.
_COMPILED_IN = STEPS.keys() | {"response_class"}
#: Attributes that each request reads.
_READ_BY_REQUESTS = frozenset(
    {
        *("_outermost", "config", "overridden", "plugins", "request_class", "response_class"),
        *("router", "started", "subdomain_matching", "view_functions", "wsgi_app"),
        *("app_ctx_globals_class", "inject_url_defaults", "url_for"),
    }
)
#: Steps that are run without a call of the application's method, unless it is overridden.
_CALLED_IF_OVERRIDDEN = frozenset(
    {"app_context", "create_url_adapter", "raise_routing_exception", "request_context", "should_ignore_error"}
)


class RequestOverrides(ApplicationState):
    """What an application does with a request.

    The pipeline of an endpoint calls a step directly, unless a subclass or the instance overrides the method.
    """

    plugins: PluginManager
    started: bool
    config: Config
    #: The steps that are overridden, of those that are otherwise run without a call of a method.
    overridden: frozenset[str] = frozenset()
    #: Opens and saves the sessions of requests for which no plugin does; assigned before the first request.
    session_interface: SessionInterface = SessionInterface()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.overridden = _with_implied(
            name for name in _CALLED_IF_OVERRIDDEN if getattr(cls, name) is not _DEFAULTS[name]
        )

    def __setattr__(self, name: str, value: object) -> None:
        if name == "session_interface":
            sessions.check_assigned(self, value)
        super().__setattr__(name, value)
        if name in _COMPILED_IN and hasattr(self, "plugins"):
            self.plugins.invalidate()
        if name in _CALLED_IF_OVERRIDDEN:
            self.overridden = _with_implied({*self.overridden, name})
        if name in _READ_BY_REQUESTS:
            entry.HANDLER.read_attributes(self)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in _COMPILED_IN:
            self.plugins.invalidate()
        if name in _READ_BY_REQUESTS:
            entry.HANDLER.read_attributes(self)

    #: What plugins have put around `wsgi_app`; until the start, what starts the application.
    _outermost: WSGIApplication | None = None

    @overload
    def ensure_sync(self, func: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]: ...
    @overload
    def ensure_sync(self, func: Callable[P, T]) -> Callable[P, T]: ...
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a plain function: `func` itself, or for a coroutine function what `async_to_sync` returns.

        Every function that is registered with `async def` is called through this method; plain ones are not.

        Args:
            func: The function.
        """
        return coroutines.ensure_sync(cast("Cocopot", self), func)

    def async_to_sync(self, func: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
        """Return a plain function that runs a coroutine function, waits for it, and returns what it returns.

        The hook `cocopot_run_coroutine` runs the coroutine. It sees the context variables of the caller, such
        as the request, and the caller sees those that it sets.

        Args:
            func: The coroutine function.
        """
        return coroutines.async_to_sync(cast("Cocopot", self), func)

    @entry.HANDLER.as_call
    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        outermost = self._outermost
        if outermost is None:
            return self.wsgi_app(environ, start_response)
        return outermost(environ, start_response)

    wsgi_app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = entry.handle_request  # type: ignore[assignment]  # a method

    # -- contexts ------------------------------------------------------

    def app_context(self) -> Context:
        """Return an application context, for `with`: `current_app` and its own `g` are available inside.

        Where a subclass overrides the method, it is also called for each request: the request's context is
        what it returns, with the request added.
        """
        return Context(cast("Cocopot", self))

    def request_context(self, environ: WSGIEnvironment) -> Context:
        """Return a request context for a WSGI environment, for `with`; no hook has run yet.

        Args:
            environ: The WSGI environment.
        """
        app = cast("Cocopot", self)
        context = lifecycle.new_context(app, environ)
        environ["werkzeug.request"] = request = context.existing_request
        context = new_context(app, request) if "app_context" in self.overridden else context
        lifecycle.match_request(app, request, environ)
        return context

    # -- URLs ----------------------------------------------------------

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return the URL adapter for a request, or outside of one for SERVER_NAME; `None` without it.

        Args:
            request: The request, or `None`. Where a subclass overrides the method, requests are matched with
                the adapter.
        """
        return urls.create_url_adapter(cast("Cocopot", self), request)

    @URLS.inject
    def inject_url_defaults(self, endpoint: str, values: Options) -> None:
        """Let the URL-defaults hooks fill in the values of a URL that is about to be built.

        Args:
            endpoint: The endpoint.
            values: The values, which are changed in place.
        """
        call = urls.defaults_hook(cast("Cocopot", self), endpoint)
        if call is not None:
            call(self, endpoint, values)

    def handle_url_build_error(self, error: BuildError, endpoint: str, values: Options) -> str:
        """Return what a build-error handler supplies for a URL that could not be built.

        Args:
            error: The error.
            endpoint: The endpoint.
            values: The values, with the underscored arguments of `url_for`.

        Raises:
            BuildError: If no handler does.
        """
        if len(endpoint) > urls.LONGEST_USUAL:
            vars(error)["suggested"] = None
        call = self.plugins.compiled_hook("cocopot_url_build_error")
        url: str | None = call(self, error, endpoint, values) if call is not None else None
        if url is None:
            raise error
        return url

    # -- the steps of a request ----------------------------------------

    def full_dispatch_request(self) -> Response:
        """Run the request from its first hook to the finished response, errors included."""
        return lifecycle.full_dispatch_request(current_request_context())

    def preprocess_request(self) -> ResponseValue | None:
        """Run the URL value preprocessors and before-request hooks; a result replaces the view's."""
        return lifecycle.preprocess_request(current_request_context())

    def dispatch_request(self) -> ResponseValue:
        """Call the view, and return what it returns."""
        return lifecycle.dispatch_request(current_request_context())

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Raise the exception of a request that matches no rule, or that is redirected.

        In debug mode, a redirect that would lose the body of the request is explained.

        Args:
            request: The request.
        """
        raise_routing_exception(cast("Cocopot", self), request)

    def finalize_request(self, rv: ResponseValue, from_error_handler: bool = False) -> Response:
        """Turn a value into a response, and run the after-request hooks on it.

        Args:
            rv: What a view, a before-request function or an error handler has returned.
            from_error_handler: Whether a further exception is logged, and the response sent as it is.
        """
        return lifecycle.finalize_request(current_request_context(), rv, from_error_handler)

    @MAKER.method
    def make_response(self, rv: ResponseValue) -> Response:
        """Turn what a view may return into a response.

        Raises:
            TypeError: If it cannot be made into one.
        """
        return lifecycle.make_response(current_request_context(), rv)

    def process_response(self, response: Response) -> Response:
        """Run the after-request hooks, and return the response to be sent.

        Args:
            response: The response.
        """
        return lifecycle.process_response(current_request_context(), response)

    def open_session(self, request: Request) -> Session | None:
        """Return the session of a request; called at its first use.

        Args:
            request: The request.

        Returns:
            The session, or `None` to use that of `make_null_session`.
        """
        hook = current_request_context().get_pipeline().open_session_hook
        session: Session | None = None if hook is None else hook(self, request)
        return session

    def make_null_session(self) -> Session:
        """Return what is used where no session has been opened: an empty session that refuses changes."""
        return sessions.make_null_session(self)

    def save_session(self, session: Session, response: Response) -> None:
        """Save a session that has been used in the current request.

        Args:
            session: The session.
            response: The response, which may be changed in place.

        Raises:
            RuntimeError: If the session has been changed, and nothing saves it.
        """
        sessions.save_with_hook(current_request_context(), session, response)

    def make_default_options_response(self) -> Response:
        """Return the response to OPTIONS: empty, with the methods of the URL."""
        context = current_request_context()
        return default_options_response(context.app, context.request)  # type: ignore[arg-type]  # it has one

    @entry.HANDLER.as_trap
    def trap_http_exception(self, e: Exception) -> bool:
        """Return whether an HTTP exception is treated like any other, instead of being a response.

        By default this depends on TRAP_HTTP_EXCEPTIONS, TRAP_BAD_REQUEST_ERRORS and debug mode.

        Args:
            e: The exception.
        """
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        cls = type(e)  # `isinstance` may run code of the exception
        trap: bool | None = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None and self.config["DEBUG"] and issubclass(cls, BadRequestKeyError):
            return True
        return bool(trap) and issubclass(cls, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the teardown functions of a request get `None` in place of an exception.

        Args:
            error: The exception that has ended the request.
        """
        return False

    def handle_user_exception(self, e: Exception) -> ResponseValue:
        """Turn an exception into a response value with the error handlers, or raise it again."""
        try:
            return lifecycle.handle_user_exception(current_request_context(), e)
        finally:
            del e  # break the reference cycle exception -> traceback -> frame

    def handle_http_exception(self, e: HTTPException) -> ResponseValue:
        """Return the error handlers' value for an HTTP exception, or the exception if there is none."""
        return lifecycle.handle_http_exception(current_request_context(), e)

    def handle_exception(self, e: Exception) -> Response:
        """Handle an unhandled exception: raise it again where exceptions propagate, else send a 500."""
        return lifecycle.handle_exception(current_request_context(), e)

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Log an exception without an error handler, as an error.

        What the client sent is escaped: it cannot begin a line of its own.

        Args:
            exc_info: As from `sys.exc_info()`.
        """
        context = current_request_context()
        path, method = (_shown(context.request, name) for name in ("path", "method"))
        context.app.logger.error("Exception on %s [%s]", path, method, exc_info=exc_info)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the teardown-request hooks; called when the request context is popped."""
        teardown.do_teardown_request(current_request_context(), exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run the teardown-app-context hooks; called when the context is popped."""
        context = current_or_none()
        is_own = context is not None and context.app is self
        teardown.do_teardown_appcontext(context if is_own and context else self.app_context(), exc)


def _shown(request: Request | None, name: str) -> str:
    """Return an attribute of a request for a log, also if it cannot be read."""
    try:
        return printable(str(getattr(request, name)))
    except Exception:  # noqa: BLE001 - what is logged is more important
        return f"(unreadable {name})"


_DEFAULTS = vars(RequestOverrides)


def _with_implied(names: Iterable[str]) -> frozenset[str]:
    """Return overridden steps; a request asks only for `request_context`, which calls `app_context`."""
    steps = frozenset(names)
    return steps | {"request_context"} if "app_context" in steps else steps


def _overrides(app: RequestOverrides) -> dict[str, Step]:
    """Return the methods that override steps, by the step's name."""
    methods = {name: getattr(app, name) for name in STEPS}
    return {
        name: method
        for name, method in methods.items()
        if getattr(method, "__func__", None) is not _DEFAULTS[name]
    }


def pipeline_for(app: Cocopot, endpoint: str | None) -> EndpointPipeline:
    """Return what is compiled for an endpoint; see `Cocopot.pipeline_for`."""
    pipeline: EndpointPipeline | None = app.plugins.compiled.get(endpoint)
    if pipeline is None:
        with app.plugins.locked():
            compiled = app.plugins.compiled
            make_view_synchronous(app, endpoint)
            key = (EndpointPipeline, *blueprints_of(endpoint))  # shared by the endpoints of a blueprint
            pipeline = compiled.get(key)
            if pipeline is None:
                pipeline = compiled[key] = EndpointPipeline(app, endpoint, _overrides(app))
            compiled[endpoint] = pipeline
    return pipeline
