"""Hooks of a response, until its last byte has been sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.response import Response


@hookspec(since="1.0", firstresult=True, order="out")
def cocopot_make_response(app: Cocopot, request: Request, value: object) -> Response | None:
    """Turn the return value of a view into a response.

    Fires for the value of a view, a before-request function, or an error handler. The built-in implementation
    accepts strings, bytes, dicts, lists, tuples, iterators, responses and WSGI callables.

    Args:
        app: The application.
        request: The request.
        value: What was returned; never `None`.

    Returns:
        A `cocopot.Response`, or `None` to leave the value to the next implementation.

    The first result stops the rest. Order: out. An exception becomes a 500.
    """


@hookspec(since="1.0", threaded="response", result_type="werkzeug.wrappers:Response", order="out")
def cocopot_after_request(app: Cocopot, request: Request, response: Response) -> Response | None:
    """Change or replace the response.

    Fires for every response that is about to be sent, also for responses of error handlers and before-request
    hooks. Functions that were passed to `after_this_request` have run before.

    Args:
        app: The application.
        request: The request.
        response: The response that the previous implementation returned. May be changed in place.

    Returns:
        A response, which is passed to the next implementation; `None` means unchanged. Anything else is a
        `TypeError` that names the implementation.

    Threaded: each implementation gets what the previous one returned. Order: out. An exception becomes a 500,
    whose response goes through the hook once more. In an application or a blueprint, use `@after_request`,
    whose functions take only the response; functions of a blueprint run only for its endpoints, before the
    application's, and those run before the plugins'.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_response_closed(
    app: Cocopot, request: Request, response: Response, exc: BaseException | None
) -> None:
    """Act at the end of a response: record its duration, release what its body needed.

    Fires once for each response, error pages included: when the server closes the body, after its last byte
    or because the client is gone. That is after the teardown hooks, unless a test client preserves the
    context. In the hook `request` and `current_app` work; `g` is a new one, and torn down if it is used.

    Args:
        app: The application.
        request: The request.
        response: The response, whose status and headers have been sent.
        exc: What the body raised, a `ClientDisconnected` if it was closed before its end, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name, and never raised. Does not fire without a response of the application,
    as for an exception that propagates to the server.
    """
