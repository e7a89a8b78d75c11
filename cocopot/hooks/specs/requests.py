"""Hooks of a request, from its beginning to the end of its context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.types import ResponseValue


@hookspec(since="1.0", order="in")
def cocopot_request_started(app: Cocopot, request: Request) -> None:
    """Act at the beginning of a request: take the time, assign an identifier.

    Fires first in a request, with the URL already matched: `request.url_rule` and `request.view_args` are
    set, or `request.routing_exception` is.

    Args:
        app: The application.
        request: The request; nothing else of it has been parsed. Attributes may be added to it.

    A return value is ignored. All implementations run. Order: in. An exception is handled like a view's.
    """


@hookspec(since="1.0", order="in")
def cocopot_url_value_preprocessor(
    app: Cocopot, request: Request, endpoint: str | None, view_args: dict[str, object] | None
) -> None:
    """Change the values of the URL before they are passed to the view.

    Fires after matching and before the before-request hooks, also if nothing matched.

    Args:
        app: The application.
        request: The request.
        endpoint: The endpoint that matched, or `None`.
        view_args: The values for the view, or `None` if nothing matched. May be changed in place: a value
            that is removed here is not passed to the view.

    A return value is ignored. All implementations run. Order: in. In an application or a blueprint, use
    `@url_value_preprocessor`; functions of a blueprint run only for its endpoints, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="in")
def cocopot_before_request(app: Cocopot, request: Request) -> ResponseValue | None:
    """Act before the view, or respond in its place.

    Fires for every request, also if no route matched (`request.routing_exception` is then the reason), so
    that authentication and preflight handling cover all requests.

    Args:
        app: The application.
        request: The request.

    Returns:
        `None` to continue. Anything else is the response, as a view would have returned it: the view is not
        called, the after-request hooks are.

    The first result stops the rest. Order: in. In an application or a blueprint, use `@before_request`, whose
    functions take no argument; they run after the plugins', and functions of a blueprint only for its
    endpoints, after the application's.
    """


@hookspec(since="1.0", firstresult=True, order="in")
def cocopot_dispatch_request(app: Cocopot, request: Request) -> ResponseValue | None:
    """Call the view.

    Fires after the before-request hooks, unless one of them returned a response. The built-in implementation
    raises `request.routing_exception`, responds to OPTIONS for a rule that provides it, or calls the view
    with `request.view_args`. Return a value to respond in place of the view; more often this hook is wrapped,
    for transactions, timing or caching.

    Args:
        app: The application.
        request: The request.

    Returns:
        What the view returned.

    The first result stops the rest; if the result is `None`, an error names the endpoint. Order: in. An
    exception goes to `cocopot_handle_exception`.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_teardown_request(app: Cocopot, request: Request, exc: BaseException | None) -> None:
    """Release what the request acquired.

    Fires when the request context is popped, also after an exception: after the response has been passed to
    the server, or, with `stream_with_context` and inside a test client's `with`, when that ends.

    Args:
        app: The application.
        request: The request.
        exc: The unhandled exception that ended the request, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    In an application or a blueprint, use `@teardown_request`, whose functions take only the exception; those
    of a blueprint run only for its endpoints, before the application's, which run before the plugins'.
    """


@hookspec(since="1.0", order="out", every=True)
def cocopot_teardown_app_context(app: Cocopot, exc: BaseException | None) -> None:
    """Release what the application context acquired.

    Fires when an application context is popped: after each request and its `cocopot_teardown_request`, at the
    end of a command, of the startup hooks, and of `with app.app_context()`.

    Args:
        app: The application.
        exc: The unhandled exception that ended the context, or `None`.

    A return value is ignored. Order: out. Every implementation and wrapper runs, also after an exception:
    errors are logged by plugin name and, where exceptions propagate, raised together as an `ExceptionGroup`.
    In an application, use `@app.teardown_appcontext`.

    Close a generator that is suspended inside `with app.app_context()`. Otherwise the garbage collector ends
    the context, which up to Python 3.11 may crash the process (https://github.com/python/cpython/issues/148891).
    """
