"""The fast path: `lifecycle.serve` for endpoints whose requests are run by the defaults alone.

Chosen once per endpoint, when its pipeline is compiled. The steps of `lifecycle.full_dispatch_request` are
inlined, and a text is sent without a `Response` where nothing would inspect one. It saves a third of the
request's time for a text, and a fifth with hooks around it. `tests/pipeline/test_fastpath.py` compares it
with the plain path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequestKeyError, HTTPException
from werkzeug.routing import RequestRedirect, RoutingException
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.exceptions import MethodNotAllowed, NotFound
from cocopot.head import TYPE_HEADERS, encode_text
from cocopot.pipeline import lifecycle
from cocopot.pipeline.closing import observed
from cocopot.pipeline.defaults.dispatch import WITH_VIEW, cocopot_dispatch_request, raise_view_returned_none
from cocopot.pipeline.defaults.responses import cocopot_make_response
from cocopot.pipeline.error_pages import page_of, redirect_page
from cocopot.pipeline.mistakes import raise_bad_processed_response, raise_bad_response, raise_no_result
from cocopot.pipeline.sending import send
from cocopot.pipeline.sessions import save_or_close
from cocopot.response import Response, text_response
from cocopot.teardown_functions import report_exception
from cocopot.wsgi import START_FAILED, close_unsent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.pipeline.endpoint import EndpointPipeline
    from cocopot.pipeline.error_pages import Page
    from cocopot.request import Request
    from cocopot.types import StartResponse, WSGIEnvironment

#: The steps that are inlined in `recover`.
INLINED_IN_RECOVERY = frozenset({"handle_user_exception", "handle_http_exception"})
#: The steps that are inlined here.
INLINED = frozenset(
    {
        "finalize_request",
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "make_response",
        "process_response",
    }
)


def serves(app: Cocopot, pipeline: EndpointPipeline, overrides: Collection[str]) -> bool:
    """Return whether the requests of an endpoint may take the fast path.

    Args:
        app: The application.
        pipeline: The endpoint's pipeline, with its hooks compiled.
        overrides: The names of the steps that are overridden.
    """
    return (
        INLINED.isdisjoint(overrides)
        and pipeline.make_response_hook is cocopot_make_response
        and _is_plain(app.response_class)
    )


def _is_plain(response_class: type[Response]) -> bool:
    """Return whether responses of a class are made and sent as plain ones, perhaps with other defaults."""
    return response_class is Response or (
        getattr(response_class, "_has_short_path", False)
        and all(getattr(response_class, name) is getattr(Response, name) for name in _OF_PLAIN_CLASS)
    )


#: What a class of responses must not override on the fast path, besides what its own short path needs.
_OF_PLAIN_CLASS = ("__class__", "__getattribute__", "__init__", "__new__", "__setattr__")


def serve(  # noqa: C901, PLR0912 - the hot path
    context: Context, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Run a request and send the response, as `lifecycle.serve` does.

    Args:
        context: The request's context.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
    """
    app = context.app
    pipeline: EndpointPipeline = context.pipeline  # type: ignore[assignment]  # set by `handle_request`
    request: Any = context.request
    try:
        value: Any = None
        if pipeline.request_started_hook is not None:
            pipeline.request_started_hook(app, request)
        if pipeline.url_value_preprocessor_hook is not None:
            pipeline.url_value_preprocessor_hook(app, request, request.endpoint, request.view_args)
        if pipeline.before_request_hook is not None:
            value = pipeline.before_request_hook(app, request)
        if value is None:
            rule = request.url_rule
            if pipeline.own_dispatch_hook is not None:
                value = pipeline.own_dispatch_hook(app, request)
                if value is None:
                    raise_no_result(context)
            elif (
                rule is not None
                and environ["REQUEST_METHOD"] in WITH_VIEW
                and (view := app.view_functions.get(rule.endpoint)) is not None
            ):
                arguments = request.view_args
                value = view(**arguments) if arguments else view()
                if value is None:
                    raise_view_returned_none(rule)
            elif rule is not None or not pipeline.answers_errors or (value := unraised(app, request)) is None:
                value = cocopot_dispatch_request(app, request)
    except Exception as exc:  # noqa: BLE001 - the error handlers decide
        return recover(context, environ, start_response, exc)
    if pipeline.after_request_hook is None and context.after_functions is None and not pipeline.is_observed:
        text = headers = None
        cls = type(value)
        if cls is str:
            text = value
        elif cls is tuple and len(value) == 2 and type(value[0]) is str and type(value[1]) is dict:
            text, headers = value
        response_class = app.response_class
        type_header = TYPE_HEADERS.get(response_class.default_mimetype)
        if (
            text is not None
            and type_header is not None
            and response_class.default_status == 200
            and environ["REQUEST_METHOD"] != "HEAD"
            and (encoded := encode_text(text, headers, type_header)) is not None
        ):
            body, head = encoded
            try:
                start_response("200 OK", head)
            except Exception:
                environ[START_FAILED] = True
                raise
            return body
    return serve_value(context, environ, start_response, value)


def unraised(app: Cocopot, request: Request) -> WerkzeugResponse | None:
    """Return the response of a request's routing exception, if it would only be raised to become that.

    Args:
        app: The application, without error handlers.
        request: The request.
    """
    error = request.routing_exception
    if (
        type(error) not in UNRAISED
        or error is None
        or error.__context__ is not None  # which is released after it was raised
        or "raise_routing_exception" in app.overridden
        or app.config["DEBUG"]  # in which it is explained
        or app.trap_http_exception(error)
    ):
        return None
    return cocopot_make_response(app, request, error)


#: The classes of routing exceptions that need not be raised.
UNRAISED = frozenset({NotFound, MethodNotAllowed, RequestRedirect})


def recover(
    context: Context, environ: WSGIEnvironment, start_response: StartResponse, exc: Exception
) -> Iterable[bytes]:
    """Send the response of the error handlers for an exception, or raise it again.

    The steps of `lifecycle.recover` are inlined, unless one is overridden.
    """
    try:
        if context.pipeline is None or not context.pipeline.recovers_here:
            response = lifecycle.recover(context, exc)
            return observed(context, response, environ, send(response, environ, start_response))
        if context.teardown_functions:
            report_exception(context, exc)
        return serve_value(context, environ, start_response, handled(context, exc))
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def handled(context: Context, exc: Exception) -> object:
    """Return the error handlers' value for an exception, or raise it again."""
    app, pipeline, cls = context.app, context.pipeline or context.get_pipeline(), type(exc)
    value: Any
    try:
        if issubclass(cls, BadRequestKeyError):
            value = pipeline.handle_user_exception(context, exc)
        else:
            hook, value = pipeline.handle_exception_hook, None
            is_http = issubclass(cls, HTTPException) and not app.trap_http_exception(exc)
            if hook is not None and not (is_http and _is_response(exc)):
                value = hook(app, context.request, exc)
            if is_http:
                value = exc if value is None else value
            elif value is None or value is exc:
                raise exc
        context.answered = exc
        return value
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def _is_response(exc: Exception) -> bool:
    """Return whether an HTTP exception is a response already, such as a redirect of the router."""
    return exc.code is None or issubclass(type(exc), RoutingException)  # type: ignore[attr-defined]


def error_value(
    app: Cocopot, exc: HTTPException, environ: WSGIEnvironment
) -> Response | Page | HTTPException:
    """Return what is sent for an HTTP exception, in the simplest form: its response or its page, else itself.

    Args:
        app: The application.
        exc: The exception.
        environ: The WSGI environment.
    """
    response = exc.response
    if response is None:
        if app.response_class.default_mimetype != "text/html":
            return exc
        page = redirect_page(exc) if type(exc) is RequestRedirect else page_of(exc, environ)
        return exc if page is None else page
    is_plain = type(response) is Response and type(exc).get_response is HTTPException.get_response
    return response if is_plain else exc  # type: ignore[return-value]  # it is one


def serve_value(
    context: Context, environ: WSGIEnvironment, start_response: StartResponse, value: Any
) -> Iterable[bytes]:
    """Make a response of what a view or a before-request hook has returned, and send it.

    Args:
        context: The request's context.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
        value: What was returned.
    """
    pipeline: EndpointPipeline = context.pipeline  # type: ignore[assignment]  # set by `handle_request`
    response: Any
    if context.after_functions is not None or pipeline.is_observed:
        response = lifecycle.finalize_request(context, value)
        return observed(context, response, environ, send(response, environ, start_response))
    app, request = context.app, context.existing_request
    after_request, cls = pipeline.after_request_hook, type(value)
    if cls is app.response_class:
        response = value
    elif cls is str and app.response_class is Response:
        response = text_response(value)
    else:
        response = cocopot_make_response(app, request, value)
        if not isinstance(response, WerkzeugResponse):
            raise_bad_response(context, value, response)
        if context.after_functions is not None:  # of what makes the response, such as a JSON provider
            return send(lifecycle.finalize_request(context, response), environ, start_response)  # type: ignore[unreachable]  # set since
    if after_request is not None:
        context.after_functions = ()
        try:
            processed = after_request(app, request, response)
            if type(processed) is not Response and not isinstance(processed, WerkzeugResponse):
                raise_bad_processed_response(context, processed)
        except Exception as exc:
            close_unsent(response, exc)
            raise
        response = processed
    return send_processed(context, environ, start_response, response)


def send_processed(
    context: Context, environ: WSGIEnvironment, start_response: StartResponse, response: Any
) -> Iterable[bytes]:
    """Send what the after-request hooks have returned; save a session that has been used."""
    if context.opened_session is not None:  # by a hook, or by what makes the response
        save_or_close(context, response)
    if type(response) is Response:
        return response.__call__(environ, start_response)  # slower: response(...)
    return send(response, environ, start_response)
