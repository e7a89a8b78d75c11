"""Hooks of an exception that leaves a view or a hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.types import ResponseValue


@hookspec(since="1.0", firstresult=True, order="out")
def cocopot_handle_exception(app: Cocopot, request: Request, exc: Exception) -> ResponseValue | None:
    """Turn an exception into a response.

    Fires for an exception that left the view or a hook before it, HTTP exceptions included, but not for
    redirects of the router; and again with an `InternalServerError`, whose `original_exception` is unhandled.

    Args:
        app: The application.
        request: The request.
        exc: The exception. May be changed in place, for example its `description`.

    Returns:
        A response value, as of a view, or `None` to leave the exception to the next implementation.

    The first result stops the rest. Order: out. In an application or a blueprint, use `@errorhandler`: those
    handlers have precedence over plugins, the most specific one first; only a plugin with `tryfirst=True`
    runs before them. The built-in implementation uses an HTTP exception itself as the response. An exception
    that is raised here is not handled again: it becomes a 500.
    """


@hookspec(since="1.0", order="out")
def cocopot_got_request_exception(app: Cocopot, request: Request, exc: Exception) -> None:
    """Report an unhandled exception, which is about to become a 500.

    Fires before the exception is logged, raised again (in debug and test mode), or becomes the response.

    Args:
        app: The application.
        request: The request.
        exc: The exception that was not handled.

    A return value is ignored. All implementations run. Order: out. A further exception is logged and stops
    the implementations that have not run yet; the first is then processed as if the hook had returned.
    """
