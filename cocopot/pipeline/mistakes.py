"""Errors for steps and hooks that return what the lifecycle cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from cocopot.functions import name_of
from cocopot.hooks.results import ResultError, source_of
from cocopot.locations import at_place, locate, shown

if TYPE_CHECKING:
    from cocopot.context import Context
    from cocopot.hooks.results import Source


def raise_no_result(context: Context) -> NoReturn:
    """Report that no implementation of `cocopot_dispatch_request` has returned a result.

    Raises:
        TypeError: Always.
    """
    source = _source(context, "cocopot_dispatch_request", is_none=True)
    request = context.existing_request
    raise ResultError(
        "No implementation of cocopot_dispatch_request returned a result for the endpoint "
        f"{request.endpoint!r}.{_who(source)} A wrapper around it, or an override of dispatch_request, must "
        f"return what it wraps returned.{'' if source else _override(context, 'dispatch_request')}",
        None if source is None else source.blame,
    )


def raise_bad_response(context: Context, value: object, response: object) -> NoReturn:
    """Report a result of `cocopot_make_response` that is not a response.

    Raises:
        TypeError: Always.
    """
    source = _source(context, "cocopot_make_response", is_none=response is None)
    request = context.existing_request
    raise ResultError(
        f"cocopot_make_response returned {shown(response, 100)} for a {type(value).__name__!r} "
        f"from the endpoint {request.endpoint!r}; it must return a Response."
        + (_who(source) or _override(context, "make_response")),
        None if source is None else source.blame,
    )


def raise_bad_processed_response(context: Context, response: object) -> NoReturn:
    """Report that the after-request functions have replaced the response with something else.

    Raises:
        TypeError: Always.
    """
    source = _source(context, "cocopot_after_request", is_none=response is None)
    names = [impl.plugin_name for impl in context.app.plugins.call_order("cocopot_after_request")]
    raise ResultError(
        f"After the after-request functions the response was {shown(response, 100)}.{_who(source)} A wrapper "
        "around cocopot_after_request must return the result of its yield, an override of process_response "
        f"and a function passed to after_this_request a response. Registered: {', '.join(names) or 'none'}."
        + ("" if source else _override(context, "process_response")),
        None if source is None else source.blame,
    )


def _source(context: Context, hook: str, *, is_none: bool) -> Source | None:
    return source_of(context.existing_request, (hook,), is_none=is_none)


def _who(source: Source | None) -> str:
    return "" if source is None else f" {source.subject} returned it."


def _override(context: Context, step: str) -> str:
    """Return a sentence about the method that overrides a step; empty if there is none."""
    method = getattr(context.app, step)
    if getattr(method, "__module__", "").startswith("cocopot.pipeline."):
        return ""
    return f" {name_of(method)} overrides {step}.{at_place(locate(method))}"
