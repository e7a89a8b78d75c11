"""The pure-Python twin of `_urls.pxi`, and its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import ContextVar

    from cocopot.types import F


class UrlMethods:
    """Decorators for the functions that build URLs.

    Each returns its function, or one that does the same. The compiled twin builds a path of the current
    request without calling it: of an endpoint with one rule, where no hook fills in values.

    Args:
        current: The variable of the context.
        router_class: The class of routers whose tables it reads.
    """

    def __init__(self, current: ContextVar[Any], router_class: type[object]) -> None:
        pass

    def helper(self, general: F) -> F:
        """Return `cocopot.url_for`, which calls the method of the current application."""
        return general

    def method(self, general: F) -> F:
        """Return `Cocopot.url_for`; a class or an application that overrides it is called as usual."""
        return general

    def inject(self, method: F) -> F:
        """Return `inject_url_defaults`, which need not be called unless it is overridden."""
        return method

    def defaults_hook(self, function: F) -> F:
        """Return what finds the hook that fills in the values of an endpoint."""
        return function
