"""Errors for steps and hooks that return what the lifecycle cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from cocopot.context import Context


def raise_no_result(context: Context) -> NoReturn:
    """Report that no implementation of `cocopot_dispatch_request` has returned a result.

    Raises:
        TypeError: Always.
    """
    request = context.existing_request
    raise TypeError(
        "No implementation of cocopot_dispatch_request returned a result for the endpoint "
        f"{request.endpoint!r}. A wrapper around it, or an override of dispatch_request, must return what it "
        "wraps returned."
    )


def raise_bad_response(context: Context, value: object, response: object) -> NoReturn:
    """Report a result of `cocopot_make_response` that is not a response.

    Raises:
        TypeError: Always.
    """
    request = context.existing_request
    raise TypeError(
        f"cocopot_make_response returned {response!r:.100} for a {type(value).__name__!r} "
        f"from the endpoint {request.endpoint!r}; it must return a Response."
    )


def raise_bad_processed_response(context: Context, response: object) -> NoReturn:
    """Report that the after-request functions have replaced the response with something else.

    Raises:
        TypeError: Always.
    """
    names = [impl.plugin_name for impl in context.app.plugins.call_order("cocopot_after_request")]
    raise TypeError(
        f"After the after-request functions the response was {response!r:.100}. A wrapper around "
        "cocopot_after_request must return the result of its yield, an override of process_response and "
        f"a function passed to after_this_request a response. Registered: {', '.join(names) or 'none'}."
    )
