"""A request, from top to bottom, in the order in which it happens.

This is the only module that calls the hooks of a request. `handle_request` is the entry point; what it calls
follows below it in the order in which it is called. Every step is also a method of the application, so that a
subclass can override it; a step that nobody overrides is not called through the application.
"""

from __future__ import annotations

from contextvars import Token
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.body import check_content_length
from cocopot.context import CURRENT, Context
from cocopot.logs import report_errors, run_every
from cocopot.pipeline.defaults.dispatch import WITH_VIEW, refuse_none
from cocopot.pipeline.endpoint import calls_for
from cocopot.request import Request
from cocopot.response import Response, send_text, text_response
from cocopot.routing import Router
from cocopot.speedups import match_plain, new
from cocopot.urls import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.types import Application, StartResponse, WSGIEnvironment

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_MISSING = Token.MISSING


# -------------------------------------------------------------------------
# The request
# -------------------------------------------------------------------------


def handle_request(  # noqa: C901, PLR0912 - the hot path
    app: Application, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Serve one request; the application proper, to be wrapped in middleware.

    Makes the request's context, runs the request, sends the response, and tears the context down.

    Example:
        `app.wsgi_app = MyMiddleware(app.wsgi_app)` runs a middleware around every request.

    Args:
        app: The application.
        environ: The WSGI environment (PEP 3333).
        start_response: Takes the status, the headers and optionally an exception context.
    """
    if not app.started:
        app.start()
    # Not put into the environ, which would be a circle. What follows is Request(environ, False), then
    # Context(app, request) and hold(), without the calls. An attribute that is set here is read more quickly
    # than a default of the class.
    if app.request_class is Request:
        request = new(Request)
        request.environ = environ
    else:
        request = app.request_class(environ, False)
    request.app = app
    request.holds_files = False
    context = new(Context)
    context.app = app
    context.request = request
    context.after_functions = None
    context._holds = 1  # noqa: SLF001
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
            if calls.full_dispatch is None:
                response = full_dispatch_request(context, True)
                kind = type(response)
                if kind is str:
                    return send_text(response, None, environ, start_response)
                if kind is tuple:
                    return send_text(response[0], response[1], environ, start_response)
            else:
                response = calls.full_dispatch()
            # Slower: response(...)
            return response.__call__(environ, start_response)  # type: ignore[no-any-return]
        except Exception as exc:  # noqa: BLE001 - the one place where every exception arrives
            error = exc
            return app.handle_exception(exc)(environ, start_response)  # type: ignore[no-any-return]
    except BaseException as exc:
        error = exc
        raise
    finally:
        if (
            calls is None
            or calls.teardown_is_overridden
            or context._holds != 1  # noqa: SLF001 - somebody else wants to keep the context
            or request.holds_files
            or "werkzeug.debug.preserve_context" in environ
        ):
            _end(context, token, environ, error)
        else:  # as context.release() would do it
            context._holds = 0  # noqa: SLF001
            try:
                if calls.teardown_request is not None or calls.teardown_app_context is not None:
                    tear_down(context, error)
            finally:
                CURRENT.reset(token)
        error = None  # a frame that holds an exception of its own traceback is a circle


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
        if environ.get("CONTENT_LENGTH"):
            check_content_length(environ)
        config, router = app.config, app.router
        if (
            match_plain is not None
            and type(request) is Request
            and type(router) is Router
            and (table := router._matcher.table) is not None  # noqa: SLF001
            and (found := match_plain(environ, table.hosts, config)) is not None
        ):
            rule, request.view_args = found
            request.url_rule = rule
            return rule.endpoint  # type: ignore[no-any-return]
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        # In the plain case the request, which nobody has asked yet, would only repeat the environment.
        if type(request) is not Request or method not in _METHODS or not path.isascii():
            path, method = request.path, request.method
            if not path.isascii():
                _check_utf8(environ)
        if (trusted := config["TRUSTED_HOSTS"]) is not None:
            request.trusted_hosts = trusted
            request.host  # noqa: B018 - raises SecurityError
        if config["SERVER_NAME"] is None:
            rule, request.view_args = router.match_request(environ, path, method)
        else:
            rule, request.view_args = router.match_request(environ, path, method, *domain_of(app))
    except HTTPException as exc:
        request.routing_exception = exc.with_traceback(None)
        return None
    request.url_rule = rule
    return rule.endpoint  # type: ignore[no-any-return]


def _check_utf8(environ: WSGIEnvironment) -> None:
    for key in ("SCRIPT_NAME", "PATH_INFO"):
        if not _is_utf8(environ.get(key, "").encode("latin-1")):
            raise BadRequest("The path of the URL is not valid UTF-8.")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def full_dispatch_request(  # noqa: C901, PLR0912 - the hot path
    context: Context, text_will_do: bool = False
) -> Any:
    """Run a request from its first hook to the finished response.

    Args:
        context: The request's context.
        text_will_do: Whether a text, or a text with a dict of headers, may be returned as it is, if nobody is
            going to look at the response.
    """
    # The hot path: preprocess_request, the built-in cocopot_dispatch_request, finalize_request and
    # process_response stand here once more, without the calls.
    app, calls = context.app, context.calls
    request: Any = context.request
    try:
        value: Any = None
        if calls.request_started is not None:
            calls.request_started(app, request)
        if calls.preprocess is not None:
            value = calls.preprocess()
        elif calls.url_value_preprocessor is not None:
            value = preprocess_request(context)
        elif calls.before_request is not None:
            value = calls.before_request(app, request)
        if value is None:
            rule = request.url_rule
            if (
                calls.dispatches_by_default
                and rule is not None
                and request.environ["REQUEST_METHOD"] in WITH_VIEW
                and (view := app.view_functions.get(rule.endpoint)) is not None
            ):
                arguments = request.view_args
                value = view(**arguments) if arguments else view()
                if value is None:
                    refuse_none(rule)
            else:
                value = calls.dispatch(app, request)
                if value is None:
                    _refuse_no_answer(request)
    except Exception as exc:  # noqa: BLE001 - the error handlers decide
        # Not kept in a variable: a frame that holds an exception of its own traceback is a circle.
        response = finalize_request(context, app.handle_user_exception(exc))
        if request is not None and exc is request.routing_exception:
            exc.__traceback__ = None  # its frames hold the request, which holds the exception
        return response
    if calls.process is not None or context.after_functions is not None:
        return finalize_request(context, value)
    kind: Any = type(value)
    if not calls.responds_by_default or app.response_class is not Response:
        kind = None
    if kind is Response:
        response = value
    elif kind is str:
        if text_will_do and calls.after_request is None:
            return value
        response = text_response(value)
    elif (
        kind is tuple
        and text_will_do
        and calls.after_request is None
        and len(value) == 2
        and type(value[0]) is str
        and type(value[1]) is dict
    ):
        return value
    else:
        response = calls.respond(app, request, value)
        if not isinstance(response, WerkzeugResponse):
            _refuse_value(context, value, response)
    if calls.after_request is not None:
        response = calls.after_request(app, request, response)
        if type(response) is not Response and not isinstance(response, WerkzeugResponse):
            _refuse_response(context, response)
    return response


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
    try:
        if calls.process is None:
            return process_response(context, response)
        processed: Any = calls.process(response)
        return processed if isinstance(processed, WerkzeugResponse) else _refuse_response(context, processed)
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
    result: Any = response
    while context.after_functions:
        changed = context.after_functions.pop(0)(result)
        result = result if changed is None else changed
    after_request = context.calls.after_request
    if after_request is not None:
        result = after_request(context.app, context.request, result)
    return result if isinstance(result, WerkzeugResponse) else _refuse_response(context, result)


def _refuse_response(context: Context, response: object) -> NoReturn:
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
        try:
            raise exc
        finally:
            del exc, value
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
    handle = context.calls.handle_exception
    return None if handle is None else handle(app, request, exc)


def handle_exception(context: Context, exc: Exception) -> WerkzeugResponse:
    """Answer an exception that nobody handled: report it, then raise it again or send a 500."""
    app, request = context.app, context.request
    if context.calls is None:
        context.calls = calls_for(app, None)
    if context.calls.got_request_exception is not None:
        try:
            context.calls.got_request_exception(app, request, exc)
        except Exception:
            app.logger.exception("A report of an exception failed; the exception itself goes on")
    if app.propagate_exceptions:
        raise exc
    app.log_exception((type(exc), exc, exc.__traceback__))
    error = InternalServerError(original_exception=exc)
    try:
        value = _ask_handlers(context, error)
        return finalize_request(context, error if value is None else value, from_error_handler=True)
    except Exception:
        app.logger.exception("The answer to an exception failed too; a plain 500 is sent")
        return app.response_class(error.get_body(), 500)  # type: ignore[no-any-return]


# -------------------------------------------------------------------------
# The end
# -------------------------------------------------------------------------


def tear_down(context: Context, exc: BaseException | None) -> None:
    """Run the teardown hooks of a request, and unless the context around it will, of its application
    context.
    """
    app, calls = context.app, context.calls
    try:
        if calls.teardown_request is not None:
            calls.teardown_request(app, context.request, exc)
    except Exception as error:  # noqa: BLE001 - it is logged, or raised again
        report_errors(app, error)
    finally:
        if calls.teardown_app_context is not None and not context.shares_app_context:
            run_every(app, calls.teardown_app_context, app, exc)


def do_teardown_request(context: Context, exc: BaseException | None) -> None:
    """Run the teardown-request hooks, every one of them."""
    request: Any = context.request
    calls = context.calls or calls_for(context.app, request.endpoint)
    if calls.teardown_request is not None:
        run_every(context.app, calls.teardown_request, context.app, request, exc)


def do_teardown_appcontext(app: Application, exc: BaseException | None) -> None:
    """Run the teardown-app-context hooks, every one of them."""
    call = app.plugins.compiled_hook("cocopot_teardown_app_context")
    if call is not None:
        run_every(app, call, app, exc)
