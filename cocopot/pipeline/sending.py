"""Send a response to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import InternalServerError

from cocopot.exceptions import StartupTimeout
from cocopot.logs import log_failure
from cocopot.pipeline.closing import observed
from cocopot.response import Response
from cocopot.wsgi import START_FAILED, send_checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.types import StartResponse, WSGIEnvironment


def send(
    response: WerkzeugResponse, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Send a response; one of a class that does this by itself is checked.

    Args:
        response: The response.
        environ: The WSGI environment.
        start_response: As in PEP 3333.

    Raises:
        ValueError: The status or a header must not reach a server.
    """
    if type(response).__call__ is Response.__call__:
        return response(environ, start_response)
    return send_checked(response, environ, start_response)


def serve_observed(
    context: Context, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Run a request and send the response, as `lifecycle.serve` does; `cocopot_response_closed` sees its end.

    Args:
        context: The request's context.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
    """
    response = (context.pipeline or context.get_pipeline()).full_dispatch_request(context)
    return observed(context, response, environ, send(response, environ, start_response))


def send_error(
    context: Context,
    response: WerkzeugResponse,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    exc: Exception,
) -> Iterable[bytes]:
    """Send the response to an exception, in place of one that has been started (PEP 3333).

    A plain 500 is sent in place of a response that raises before the server is called.

    Args:
        context: The request's context.
        response: The response to the exception.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
        exc: The exception.

    Raises:
        Exception: `exc`, if the server raises for this response too; what it raises is logged.
    """
    if environ.pop(START_FAILED, False):
        start_response = _restarting(start_response, exc)
    for answer in _answers(response):
        try:
            return observed(context, answer, environ, send(answer, environ, start_response))
        except Exception as error:  # noqa: BLE001 - logged
            if error is not exc:
                log_failure(context.app, "Sending the response to an exception failed too", error=error)
            if environ.pop(START_FAILED, False):
                break
    try:
        raise exc
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def send_without_request(
    app: Cocopot, environ: WSGIEnvironment, start_response: StartResponse, exc: Exception
) -> Iterable[bytes]:
    """Send a plain 500 for an exception of the request class: no hook can run without a request.

    Args:
        app: The application.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
        exc: The exception.

    Raises:
        Exception: `exc`, where exceptions propagate.
    """
    try:
        if app.propagate_exceptions:
            raise exc
        log_failure(app, "The request cannot be created; a plain 500 is sent", error=exc)
        return _plain_error()(environ, start_response)
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame


def _answers(response: WerkzeugResponse) -> Iterator[WerkzeugResponse]:
    yield response
    yield _plain_error()


def _plain_error() -> Response:
    return Response(InternalServerError().get_body(), 500)


def _restarting(start_response: StartResponse, exc: Exception) -> StartResponse:
    """Return a `start_response` that replaces what an earlier call has passed, because of an exception."""
    exc_info: Any = type(exc), exc, exc.__traceback__
    return lambda status, head, _=None: start_response(status, head, exc_info)


def start_or_time_out(app: Cocopot) -> StartupTimeout | None:
    """Start an application, or return the response to a request that has waited too long for the start."""
    try:
        app.start()
    except StartupTimeout as unavailable:
        return unavailable
    return None
