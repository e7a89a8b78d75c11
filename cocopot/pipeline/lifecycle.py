"""A request, from top to bottom, in the order in which it happens.

This is the only module that calls the hooks of a request, except for the fast path and the teardown.
`handle_request` is the entry point; what it calls follows below it in the order in which it is called. Each
step takes the context, and is also a method of the application that a subclass can override; the endpoint's
pipeline holds what runs the step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.body import BAD_INPUT, check_content_length
from cocopot.context import CURRENT, Context
from cocopot.logs import log_failure
from cocopot.pipeline.matching import check_case, check_utf8, match_with_adapter, routing_error
from cocopot.pipeline.mistakes import raise_bad_processed_response, raise_bad_response, raise_no_result
from cocopot.pipeline.sending import send, send_error, send_without_request, start_or_time_out
from cocopot.pipeline.sessions import save_session
from cocopot.pipeline.teardown import tear_down
from cocopot.request import Request
from cocopot.response import Response
from cocopot.routing import Router
from cocopot.sessions import SessionUnavailable
from cocopot.speedups import new
from cocopot.teardown_functions import report_exception
from cocopot.urls import domain_of
from cocopot.wsgi import close_unsent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.app import Cocopot
    from cocopot.types import ResponseValue, StartResponse, WSGIEnvironment

_CONTEXT = "request_context"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
# Called on an imported name, a method is compiled to a slower lookup (CPython 3.11).
_set_context, _reset_context = CURRENT.set, CURRENT.reset


# -------------------------------------------------------------------------
# The request
# -------------------------------------------------------------------------


def handle_request(app: Cocopot, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request, from its context to its teardown; middleware may be put around it.

    Example:
        ```python
        from cocopot import Cocopot
        from werkzeug.middleware.proxy_fix import ProxyFix

        app = Cocopot("shop")
        app.wsgi_app = ProxyFix(app.wsgi_app)
        ```

    Args:
        app: The application.
        environ: The WSGI environment (PEP 3333).
        start_response: Takes the status, the headers and optionally an exception context.
    """
    if not app.started and (unavailable := start_or_time_out(app)) is not None:
        return unavailable(environ, start_response)
    try:
        context = app.request_context(environ) if _CONTEXT in app.overridden else new_context(app, environ)
    except Exception as exc:  # noqa: BLE001 - of a request class of the application's own
        return send_without_request(app, environ, start_response, exc)
    request: Any = context.request
    context.holds = 1
    token = _set_context(context)
    error: BaseException | None = None
    body: Any = None
    pipeline = None
    try:
        try:
            endpoint = match_request(app, request, environ)
            pipeline = app.plugins.compiled.get(endpoint) or app.pipeline_for(endpoint)
            context.pipeline = pipeline
            body = pipeline.serve(context, environ, start_response)
        except Exception as exc:  # noqa: BLE001 - the one place where every exception arrives
            error = exc
            body = answer_exception(context, environ, start_response, exc)
        return body  # type: ignore[no-any-return]  # noqa: TRY300 - read below
    except BaseException as exc:
        error, context.answered = exc, None
        raise
    finally:
        if context.holds != 1 or request.holds_files or "werkzeug.debug.preserve_context" in environ:
            context.finish(token, environ.get("werkzeug.debug.preserve_context"), error, body)
        else:
            context.holds = 0
            try:
                if pipeline is None or pipeline.tear_down is not None:
                    tear_down(context, error)
            finally:
                # The first is for what a teardown hook has opened.
                context.end_late(token, error) if request.holds_files else _reset_context(token)
        if context.answered is not None:
            context.forget_frames()
        error = None  # break the reference cycle exception -> traceback -> frame


def answer_exception(
    context: Context, environ: WSGIEnvironment, start_response: StartResponse, exc: Exception
) -> Iterable[bytes]:
    """Send the response to an exception that has left the endpoint's pipeline."""
    try:
        pipeline = context.pipeline = context.pipeline or context.app.pipeline_for(None)
        if context.teardown_functions:
            report_exception(context, exc)
        response = pipeline.handle_exception(context, exc)
        context.answered = exc
        return send_error(context, response, environ, start_response, exc)
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def new_context(app: Cocopot, environ: WSGIEnvironment) -> Context:
    """Return the context of a new request, which is not in the environment: that would be a reference cycle.

    Args:
        app: The application.
        environ: The WSGI environment.
    """
    # Request(environ, False) and Context(app, request), without calling the constructors. An attribute that
    # is set here is read faster than a default of the class.
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
    context.holds = 0
    context.after_functions = context.pipeline = context.opened_session = None
    return context


def match_request(  # noqa: C901 - the hot path
    app: Cocopot, request: Request, environ: WSGIEnvironment, is_tried: bool = False
) -> str | None:
    """Match the URL: set the request's rule and view arguments, or its routing exception.

    Args:
        app: The application.
        request: The request.
        environ: The WSGI environment.
        is_tried: Whether `match_plain` has found nothing already.

    Returns:
        The endpoint, or `None` if nothing matched.
    """
    try:
        if environ.get("CONTENT_LENGTH"):
            check_content_length(environ)
        if "create_url_adapter" in app.overridden:
            request.url_rule, request.view_args = match_with_adapter(app, request)
            return request.url_rule.endpoint  # type: ignore[no-any-return]
        config, router = app.config, app.router
        is_plain = not is_tried and type(request) is Request
        if is_plain and (found := router.match_plain(environ, config, app.subdomain_matching)) is not None:
            if not isinstance(found, tuple):
                request.routing_exception = found  # type: ignore[assignment]  # a list only with a method
                return None
            rule, request.view_args = found
            request.url_rule = rule
            return rule.endpoint  # type: ignore[no-any-return]
        # The router rejects a host that is not valid.
        if request.trusted_hosts is not None or type(router) is not Router:
            request.host  # noqa: B018 - raises for a host that is not valid or not trusted
        path, method = environ.get("PATH_INFO", ""), environ.setdefault("REQUEST_METHOD", "GET")
        # In the plain case the request, which nothing has read yet, would only repeat the environment.
        if type(request) is not Request or method not in _METHODS or not path.isascii():
            path, method = request.path, request.method
            if not path.isascii():
                check_utf8(environ)
        if config["SERVER_NAME"] is None:
            rule, request.view_args = router.match_request(environ, path, method)
        else:
            rule, request.view_args = router.match_request(environ, path, method, *domain_of(app))
        if method != environ["REQUEST_METHOD"]:
            check_case(request, environ["REQUEST_METHOD"], method, rule)
    except (HTTPException, UnicodeEncodeError) as exc:
        request.routing_exception = routing_error(request, environ, exc)
        return None
    request.url_rule = rule
    return rule.endpoint  # type: ignore[no-any-return]


def serve(context: Context, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Run a request and send the response; `fastpath.serve` does the same for endpoints without overrides.

    Args:
        context: The request's context.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
    """
    response = (context.pipeline or context.get_pipeline()).full_dispatch_request(context)
    return send(response, environ, start_response)


def full_dispatch_request(context: Context) -> Response:
    """Run a request from its first hook to the finished response."""
    app, pipeline = context.app, context.pipeline or context.get_pipeline()
    try:
        if pipeline.request_started_hook is not None:
            pipeline.request_started_hook(app, context.request)
        value = pipeline.preprocess_request(context)
        if value is None:
            value = pipeline.dispatch_request(context)
            if value is None:
                raise_no_result(context)
    except Exception as exc:  # noqa: BLE001 - the error handlers decide
        return recover(context, exc)
    return pipeline.finalize_request(context, value)


def preprocess_request(context: Context) -> ResponseValue | None:
    """Run the URL value preprocessors and the before-request hooks; a result is the response."""
    app, pipeline = context.app, context.pipeline or context.get_pipeline()
    request = context.existing_request
    if pipeline.url_value_preprocessor_hook is not None:
        pipeline.url_value_preprocessor_hook(app, request, request.endpoint, request.view_args)
    if pipeline.before_request_hook is None:
        return None
    value: ResponseValue | None = pipeline.before_request_hook(app, request)
    return value


def dispatch_request(context: Context) -> ResponseValue:
    """Call the view."""
    hook: Any = (context.pipeline or context.get_pipeline()).dispatch_request_hook
    value: ResponseValue | None = hook(context.app, context.request)
    if value is None:
        raise_no_result(context)
    return value


def finalize_request(context: Context, value: object, from_error_handler: bool = False) -> Response:
    """Turn a value into a response, and run the after-request hooks on it.

    If an exception occurs for the response of an error handler, it is logged and the response sent as it is.
    """
    pipeline = context.pipeline or context.get_pipeline()
    response = pipeline.make_response(context, value)
    if type(response) is not Response and not _is_response(
        response
    ):  # an override may return anything, here and below
        raise_bad_response(context, value, response)
    try:
        processed = pipeline.process_response(context, response)
        if type(processed) is not Response and not _is_response(processed):
            raise_bad_processed_response(context, processed)
    except Exception as error:
        if not from_error_handler:
            close_unsent(response, error)
            raise
        # `isinstance` may run code of the exception, here and below.
        if not issubclass(type(error), BAD_INPUT):
            message = "Request finalizing failed with an error while handling an error"
            log_failure(context.app, message, error=error)
        return response
    return processed


def _is_response(value: object) -> TypeGuard[Response]:
    return isinstance(value, WerkzeugResponse)


def make_response(context: Context, value: object) -> Response:
    """Turn what a view, a before-request function or an error handler returned into a response."""
    hook: Any = (context.pipeline or context.get_pipeline()).make_response_hook
    response: Response = hook(context.app, context.request, value)
    is_response = type(response) is Response or _is_response(response)
    return response if is_response else raise_bad_response(context, value, response)


def process_response(context: Context, response: Response) -> Response:
    """Run the functions of `after_this_request` and the after-request hooks; save a session that was used."""
    result: object = response
    while context.after_functions:
        changed = context.after_functions.pop(0)(result)
        result = result if changed is None else changed
    after_request = (context.pipeline or context.get_pipeline()).after_request_hook
    if after_request is not None:
        context.after_functions = ()
        result = after_request(context.app, context.request, result)
    if type(result) is not Response and not _is_response(result):
        raise_bad_processed_response(context, result)
    if context.opened_session is not None:
        context.after_functions = ()
        save_session(context, result)
    return result


# -------------------------------------------------------------------------
# Errors
# -------------------------------------------------------------------------


def recover(context: Context, exc: Exception) -> Response:
    """Return the response of the error handlers for an exception, or raise it again."""
    try:
        pipeline = context.pipeline or context.get_pipeline()
        if context.teardown_functions:
            report_exception(context, exc)
        response = pipeline.finalize_request(context, pipeline.handle_user_exception(context, exc))
        context.answered = exc
        return response
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def handle_user_exception(context: Context, exc: Exception) -> ResponseValue:
    """Turn an exception into a response value, or raise it again for `handle_exception`."""
    app = context.app
    try:
        cls = type(exc)
        if issubclass(cls, BadRequestKeyError) and (app.debug or app.config["TRAP_BAD_REQUEST_ERRORS"]):
            BaseException.__setattr__(exc, "show_exception", True)
        if issubclass(cls, HTTPException) and not app.trap_http_exception(exc):
            pipeline = context.pipeline or context.get_pipeline()
            return pipeline.handle_http_exception(context, exc)  # type: ignore[arg-type]  # it is one
        value = _call_error_handlers(context, exc)
        if value is None or value is exc:  # type: ignore[comparison-overlap]  # a handler may return it
            raise exc
        return value
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def handle_http_exception(context: Context, exc: HTTPException) -> ResponseValue:
    """Return the error handlers' value for an HTTP exception, or the exception if there is none."""
    if exc.code is None or issubclass(type(exc), RoutingException):
        return exc  # a response already, such as a redirect of the router
    value = _call_error_handlers(context, exc)
    return exc if value is None else value


def _call_error_handlers(context: Context, exc: Exception) -> ResponseValue | None:
    hook = (context.pipeline or context.get_pipeline()).handle_exception_hook
    return None if hook is None else hook(context.app, context.request, exc)


def handle_exception(context: Context, exc: Exception) -> Response:
    """Handle an exception without an error handler: report it, then raise it again or send a 500.

    Bad input that an error handler or an after-request function reads is a 4xx there too, such as the host of
    a request whose host is not trusted. So is a session that cannot be saved a 503.
    """
    app, pipeline = context.app, context.pipeline or context.get_pipeline()
    context.after_functions = context.after_functions or None  # those of an error handler are called
    if issubclass(type(exc), BAD_INPUT) and not app.trap_http_exception(exc):
        return pipeline.finalize_request(context, exc, True)
    if issubclass(type(exc), SessionUnavailable) and not app.trap_http_exception(exc):
        return pipeline.finalize_request(context, _value_for_unavailable(context, exc), True)
    if pipeline.got_request_exception_hook is not None:
        try:
            pipeline.got_request_exception_hook(app, context.request, exc)
        except Exception as error:  # noqa: BLE001 - here and below, an error of reporting replaces no response
            message = "Reporting an exception failed; the exception itself is still handled"
            log_failure(app, message, error=error)
    if app.propagate_exceptions:
        raise exc
    try:
        app.log_exception((type(exc), exc, exc.__traceback__))
    except Exception as error:  # noqa: BLE001
        log_failure(app, "Logging an exception failed; the exception itself is still handled", error=error)
    internal_error = InternalServerError(original_exception=exc)
    try:
        value = _call_error_handlers(context, internal_error)
        value = internal_error if value is None else value
        return pipeline.finalize_request(context, value, True)
    except Exception as error:  # noqa: BLE001
        log_failure(app, "Handling an exception failed too; a plain 500 is sent", error=error)
        return Response(internal_error.get_body(), 500)


def _value_for_unavailable(context: Context, exc: Exception) -> object:
    """Return the error handlers' value for a session that cannot be saved, or opened in an error handler."""
    value: object = None
    try:
        value = _call_error_handlers(context, exc)
    except Exception as error:  # noqa: BLE001 - a plain 503 is sent
        log_failure(context.app, "Handling a session that is not available failed", error=error)
    return exc if value is None else value
