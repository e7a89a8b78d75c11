"""Send a response to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.logs import log_failure
from cocopot.response import Response
from cocopot.wsgi import START_FAILED, send_checked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Response as WerkzeugResponse

    from cocopot.app import Cocopot
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


def send_error(
    app: Cocopot,
    response: WerkzeugResponse,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    exc: Exception,
) -> Iterable[bytes]:
    """Send the response to an exception, in place of one that has been started (PEP 3333).

    Args:
        app: The application.
        response: The response to the exception.
        environ: The WSGI environment.
        start_response: As in PEP 3333.
        exc: The exception.

    Raises:
        Exception: `exc`, if this response cannot be sent either; why not is logged.
    """
    try:
        if environ.pop(START_FAILED, False):
            exc_info: Any = type(exc), exc, exc.__traceback__
            return send(
                response, environ, lambda status, head, _=None: start_response(status, head, exc_info)
            )
        return send(response, environ, start_response)
    except Exception as error:  # noqa: BLE001 - logged
        if error is not exc:
            log_failure(app, "Sending the response to an exception failed too", error=error)
    try:
        raise exc
    finally:
        del exc  # break the reference cycle exception -> traceback -> frame
