"""A request, from top to bottom, in the order in which it happens.

This is the only module that calls the hooks of a request. `handle_request` is the entry point; what it calls
follows below it in the order in which it is called. Every step is also a method of the application, so that a
subclass can override it; a step that nobody overrides is not called through the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Token
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.context import CURRENT, Context
from cocopot.error_handlers import error_scopes
from cocopot.functions import blueprints_of
from cocopot.logs import run_every
from cocopot.request import Request
from cocopot.urls import domain_of

if TYPE_CHECKING:
    from cocopot.types import Application, StartResponse, WSGIEnvironment

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULT = "_cocopot_default_step"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_MISSING = Token.MISSING


def default_step(method: F) -> F:
    """Mark a method of the application as the default of a step, which need not be called as a method."""
    setattr(method, _DEFAULT, True)
    return method


def _override(app: Application, name: str) -> Callable[..., Any] | None:
    method: Callable[..., Any] = getattr(app, name)
    return None if getattr(method, _DEFAULT, False) else method


class Calls:
    """What one endpoint needs for its requests: the compiled hooks, and the steps that are overridden.

    A hook that nobody implements, and a step with nothing to do, is `None`.

    Args:
        app: The application.
        endpoint: The endpoint, or `None` for requests that matched nothing.
    """

    #: The steps that a subclass of the application may override, and that are not always called as methods.
    STEPS = (
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "make_response",
        "process_response",
        "do_teardown_request",
        "do_teardown_app_context",
    )

    __slots__ = (
        "after",
        "after_request",
        "before",
        "before_request",
        "dispatch",
        "dispatch_request",
        "full_dispatch",
        "make_response",
        "request_started",
        "respond",
        "tears_down",
        "url_value_preprocessor",
    )

    def __init__(self, app: Application, endpoint: str | None) -> None:
        scopes = blueprints_of(endpoint)
        compiled = app.plugins.compile
        self.request_started = compiled("cocopot_request_started", scopes, results=False)
        self.url_value_preprocessor = compiled("cocopot_url_value_preprocessor", scopes, results=False)
        self.before_request = compiled("cocopot_before_request", scopes)
        self.dispatch_request = compiled("cocopot_dispatch_request", scopes)
        self.make_response = compiled("cocopot_make_response", scopes)
        self.after_request = compiled("cocopot_after_request", scopes)
        self._choose_steps(app)
        self.tears_down = (
            compiled("cocopot_teardown_request", scopes) is not None
            or compiled("cocopot_teardown_app_context") is not None
            or _override(app, "do_teardown_request") is not None
            or _override(app, "do_teardown_app_context") is not None
        )

    def _choose_steps(self, app: Application) -> None:
        """Set what is called for each step: the hook itself, or the method that overrides the step."""
        self.full_dispatch = _override(app, "full_dispatch_request")
        before = _override(app, "preprocess_request")
        dispatch = _override(app, "dispatch_request")
        respond = _override(app, "make_response")
        after = _override(app, "process_response")
        self.before: Callable[[Context], Any] | None = None
        if before is not None:
            self.before = lambda _: before()
        elif self.url_value_preprocessor is not None or self.before_request is not None:
            self.before = preprocess_request
        self.dispatch = self.dispatch_request if dispatch is None else lambda _app, _request: dispatch()
        self.respond = self.make_response if respond is None else lambda _app, _request, value: respond(value)
        self.after: Callable[[Context, Any], Any] | None = None
        if after is not None:
            self.after = lambda context, response: _checked(context, after(response))
        elif self.after_request is not None:
            self.after = process_response


def calls_for(app: Application, endpoint: str | None) -> Calls:
    """Return the calls for an endpoint; made when it is first asked for after a registration."""
    compiled: dict[Any, Any] = app.plugins.compiled
    calls = compiled.get(endpoint)
    if calls is None:
        with app.plugins.frozen():
            compiled = app.plugins.compiled
            calls = compiled[endpoint] = Calls(app, endpoint)
    return calls


def _compiled(app: Application, hook: str, scopes: Iterable[str] = ()) -> Callable[..., Any] | None:
    """Return the compiled call of a hook that is not needed in every request."""
    key = (hook, *scopes)
    compiled: dict[Any, Any] = app.plugins.compiled
    if key not in compiled:
        with app.plugins.frozen():
            compiled = app.plugins.compiled
            compiled[key] = app.plugins.compile(hook, key[1:], results=False)
    return compiled[key]  # type: ignore[no-any-return]


# -------------------------------------------------------------------------
# The request
# -------------------------------------------------------------------------


def handle_request(
    app: Application, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Serve one request; the application proper, to be wrapped in middleware.

    Makes the request's context, runs the request, sends the response, and tears the context down.

    Example:
        ```python
        app.wsgi_app = MyMiddleware(app.wsgi_app)
        ```

    Args:
        app: The application.
        environ: The WSGI environment (PEP 3333).
        start_response: Takes the status, the headers and optionally an exception context.
    """
    if not app.started:
        app.start()
    request = app.request_class(environ, False)  # not put into the environ, which would be a circle
    request.app = app
    context = Context(app, request)
    context._holds = 1  # noqa: SLF001 - hold(), without the call
    token = CURRENT.set(context)
    if token.old_value is not _MISSING:
        context.share_with(token.old_value)
    error: BaseException | None = None
    calls = None
    try:
        try:
            endpoint = match_request(app, request, environ)
            calls = app.plugins.compiled.get(endpoint) or calls_for(app, endpoint)
            context.calls = calls
            response = (
                full_dispatch_request(context) if calls.full_dispatch is None else calls.full_dispatch()
            )
        except Exception as exc:  # noqa: BLE001 - the one place where every exception arrives
            error = exc
            response = app.handle_exception(exc)
        return response(environ, start_response)
    except BaseException as exc:
        error = exc
        raise
    finally:
        # With nobody to tell, and nobody who wants to keep the context, there is nothing to tear down.
        if (
            calls is None
            or calls.tears_down
            or context._holds != 1  # noqa: SLF001
            or request.holds_files
            or "werkzeug.debug.preserve_context" in environ
        ):
            _end(context, token, environ, error)
        else:
            CURRENT.reset(token)


def _end(
    context: Context, token: Token[Context], environ: WSGIEnvironment, error: BaseException | None
) -> None:
    """Let go of the context, unless a test client or the debugger wants to keep it."""
    try:
        if (keep := environ.get("werkzeug.debug.preserve_context")) is not None:
            keep(context)
        context.release(error)
    finally:
        CURRENT.reset(token)


def match_request(app: Application, request: Request, environ: WSGIEnvironment) -> str | None:
    """Match the URL: set the request's rule and view arguments, or its routing exception.

    Returns:
        The endpoint, or `None` if nothing matched.
    """
    try:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        # In the plain case the request, which nobody has asked yet, would only repeat the environment.
        if type(request) is not Request or method not in _METHODS or not path.isascii():
            path, method = request.path, request.method
            if not path.isascii():
                _check_utf8(environ)
        if (length := environ.get("CONTENT_LENGTH")) and not length.isdecimal():
            raise BadRequest("The Content-Length header is not a number.")
        if (trusted := app.config["TRUSTED_HOSTS"]) is not None:
            request.trusted_hosts = trusted
            request.host  # noqa: B018 - raises SecurityError
        domain = () if app.config["SERVER_NAME"] is None else domain_of(app)
        rule, request.view_args = app.router.match_request(environ, path, method, *domain)
    except HTTPException as exc:
        request.routing_exception = exc
        return None
    request.url_rule = rule
    return rule.endpoint  # type: ignore[no-any-return]


def _check_utf8(environ: WSGIEnvironment) -> None:
    for key in ("SCRIPT_NAME", "PATH_INFO"):
        try:
            environ.get(key, "").encode("latin-1").decode()
        except UnicodeDecodeError:
            raise BadRequest("The path of the URL is not valid UTF-8.") from None


def full_dispatch_request(context: Context) -> WerkzeugResponse:
    """Run a request from its first hook to the finished response."""
    app, request, calls = context.app, context.request, context.calls
    try:
        if calls.request_started is not None:
            calls.request_started(app, request)
        value = None if calls.before is None else calls.before(context)
        if value is None:
            value = calls.dispatch(app, request)
            if value is None:
                _refuse_no_answer(request)
    except Exception as exc:  # noqa: BLE001 - the error handlers decide
        value = app.handle_user_exception(exc)
    if calls.after is None and context.after_functions is None:  # finalize_request, without the call
        response = calls.respond(app, request, value)
        if isinstance(response, WerkzeugResponse):
            return response
        _refuse_value(context, value, response)
    return finalize_request(context, value)


def preprocess_request(context: Context) -> Any:
    """Run the URL value preprocessors and the before-request hooks; a result is the response."""
    app, request, calls = context.app, context.request, context.calls
    if calls.url_value_preprocessor is not None:
        calls.url_value_preprocessor(app, request, request.endpoint, request.view_args)  # type: ignore[union-attr]
    if calls.before_request is not None:
        return calls.before_request(app, request)
    return None


def dispatch_request(context: Context) -> Any:
    """Call the view."""
    value = context.calls.dispatch_request(context.app, context.request)
    if value is None:
        _refuse_no_answer(context.request)
    return value


def _refuse_no_answer(request: Any) -> NoReturn:
    raise TypeError(
        f"No implementation of cocopot_dispatch_request answered for the endpoint {request.endpoint!r}. "
        "A wrapper around it, or an override of dispatch_request, must return what it wraps returned."
    )


def finalize_request(context: Context, value: Any, *, from_error_handler: bool = False) -> WerkzeugResponse:
    """Turn a value into a response, and run the after-request hooks on it.

    An exception on the way, for the response of an error handler, is logged and the response sent as it is.
    """
    calls = context.calls
    response = calls.respond(context.app, context.request, value)
    if not isinstance(response, WerkzeugResponse):
        _refuse_value(context, value, response)
    if calls.after is None and context.after_functions is None:
        return response
    try:
        return (calls.after or process_response)(context, response)
    except Exception:
        if not from_error_handler:
            raise
        context.app.logger.exception("Request finalizing failed with an error while handling an error")
    return response


def make_response(context: Context, value: Any) -> WerkzeugResponse:
    """Turn what a view, a before-request function or an error handler returned into a response."""
    response = context.calls.make_response(context.app, context.request, value)
    if not isinstance(response, WerkzeugResponse):
        _refuse_value(context, value, response)
    return response


def _refuse_value(context: Context, value: object, response: object) -> NoReturn:
    request: Any = context.request
    raise TypeError(
        f"cocopot_make_response gave {response!r:.100} for a {type(value).__name__!r} "
        f"from the endpoint {request.endpoint!r}; it must give a Response."
    )


def process_response(context: Context, response: WerkzeugResponse) -> WerkzeugResponse:
    """Run the functions of `after_this_request`, then the after-request hooks."""
    while context.after_functions:
        result = context.after_functions.pop(0)(response)
        response = response if result is None else result
    after_request = context.calls.after_request
    if after_request is not None:
        response = after_request(context.app, context.request, response)
    return _checked(context, response)


def _checked(context: Context, response: object) -> WerkzeugResponse:
    if isinstance(response, WerkzeugResponse):
        return response
    names = [impl.plugin_name for impl in context.app.plugins.call_order("cocopot_after_request")]
    raise TypeError(
        f"After the after-request functions the response was {response!r:.100}. A wrapper around "
        "cocopot_after_request must return the result of its yield, an override of process_response and "
        f"a function given to after_this_request a response. Registered: {', '.join(names) or 'none'}."
    )


# -------------------------------------------------------------------------
# When something goes wrong
# -------------------------------------------------------------------------


def handle_user_exception(context: Context, exc: Exception) -> Any:
    """Turn an exception into a response value, or raise it again for `handle_exception`."""
    app = context.app
    if isinstance(exc, BadRequestKeyError) and (app.debug or app.config["TRAP_BAD_REQUEST_ERRORS"]):
        exc.show_exception = True
    if isinstance(exc, HTTPException) and not _is_trapped(app, exc):
        return app.handle_http_exception(exc)
    value = _ask_handlers(context, exc)
    if value is None or value is exc:
        raise exc
    return value


def _is_trapped(app: Application, exc: HTTPException) -> bool:
    if app.config["TRAP_HTTP_EXCEPTIONS"]:
        return True
    trap: bool | None = app.config["TRAP_BAD_REQUEST_ERRORS"]
    if trap is None and app.debug and isinstance(exc, BadRequestKeyError):
        return True
    return bool(trap) and isinstance(exc, BadRequest)


def handle_http_exception(context: Context, exc: HTTPException) -> Any:
    """Ask the error handlers about an HTTP exception; without one it is the response itself."""
    if exc.code is None or isinstance(exc, RoutingException):
        return exc  # a response already, such as a redirect of the router
    value = _ask_handlers(context, exc)
    return exc if value is None else value


def _ask_handlers(context: Context, exc: Exception) -> Any:
    app, request = context.app, context.request
    handle = _compiled(app, "cocopot_handle_exception", error_scopes(app, request))  # type: ignore[arg-type]
    return None if handle is None else handle(app, request, exc)


def handle_exception(context: Context, exc: Exception) -> WerkzeugResponse:
    """Answer an exception that nobody handled: report it, then raise it again or send a 500."""
    app, request = context.app, context.request
    if context.calls is None:
        context.calls = calls_for(app, None)
    report = _compiled(app, "cocopot_got_request_exception")
    if report is not None:
        report(app, request, exc)
    if app.propagate_exceptions:
        raise exc
    app.log_exception((type(exc), exc, exc.__traceback__))
    error = InternalServerError(original_exception=exc)
    value = _ask_handlers(context, error)
    return finalize_request(context, error if value is None else value, from_error_handler=True)


# -------------------------------------------------------------------------
# The end
# -------------------------------------------------------------------------


def do_teardown_request(context: Context, exc: BaseException | None) -> None:
    """Run the teardown-request hooks, every one of them."""
    request: Any = context.request
    call = _compiled(context.app, "cocopot_teardown_request", request.blueprints)
    if call is not None:
        run_every(context.app, call, context.app, request, exc)


def do_teardown_app_context(app: Application, exc: BaseException | None) -> None:
    """Run the teardown-app-context hooks, every one of them."""
    call = _compiled(app, "cocopot_teardown_app_context")
    if call is not None:
        run_every(app, call, app, exc)
