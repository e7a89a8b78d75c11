"""The pure-Python twin of `_helpers.pxi`, and its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import ContextVar

    from werkzeug.routing import RequestRedirect

    from cocopot.speedups import ResponseMaker
    from cocopot.types import F


def abort_function(
    general: F,
    current: ContextVar[Any],  # noqa: ARG001 - of the compiled twin
    aborter_class: type,  # noqa: ARG001
    http_exception: type,  # noqa: ARG001
    response_class: type,  # noqa: ARG001
) -> F:
    """Return `abort`: `general`, or a function that does the same.

    Args:
        general: The function in Python.
        current: The variable of the context.
        aborter_class: The class of aborters that raises nothing but the exception of a code.
        http_exception: The class whose constructor sets a description and a response.
        response_class: The class of responses.
    """
    return general


def redirect_error(cls: type[RequestRedirect], url: str) -> RequestRedirect:
    """Return the exception of the router that redirects to a URL.

    Args:
        cls: Werkzeug's class, not one that is derived from it.
        url: The absolute URL.
    """
    return cls(url)


def redirect_function(general: F, maker: ResponseMaker) -> F:  # noqa: ARG001 - of the compiled twin
    """Return what makes the response that redirects: `general`, or a function that does the same.

    Args:
        general: The function in Python.
        maker: Makes responses.
    """
    return general
