"""What one context opens, and what its end closes: `teardown_this_context`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.context import current
from cocopot.coroutines import Synchronous
from cocopot.functions import check_function, name_of
from cocopot.logs import log_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.types import F


class TeardownFunction:
    """A function that the teardown of one context calls.

    Args:
        app: The application.
        function: The function.
        on_exception: What is called with an exception before the error handlers, or `None`.
    """

    __slots__ = ("_app", "_function", "_on_exception")

    def __init__(
        self,
        app: Cocopot,
        function: Callable[[BaseException | None], object],
        on_exception: Callable[[Exception], object] | None,
    ) -> None:
        self._app = app
        self._function = function
        self._on_exception = on_exception

    def __call__(self, exc: BaseException | None) -> None:
        """Call the function; what it raises is logged and, where exceptions propagate, raised."""
        try:
            self._function(exc)
        except Exception as error:
            self._log(self._function, error)
            if self._app.propagate_exceptions:
                raise

    def report(self, exc: Exception) -> None:
        """Report an exception to `on_exception`; what that raises is logged."""
        if self._on_exception is None:
            return
        try:
            self._on_exception(exc)
        except Exception as error:  # noqa: BLE001 - the exception itself is handled
            self._log(self._on_exception, error)

    def _log(self, function: Callable[..., object], error: Exception) -> None:
        message = "The function %s of teardown_this_context failed"
        log_failure(self._app, message, name_of(function), error=error)


def teardown_this_context(f: F, *, on_exception: Callable[[Exception], object] | None = None) -> F:
    """Call `f` when the current context is torn down, after its teardown hooks.

    For what one request opens at its first use: a request that does not use it pays nothing, unlike with a
    teardown hook. The functions of a context are called in reverse order, each also if another one raises;
    errors are logged and, where exceptions propagate, raised. The context is that of the request, also
    while a body of `stream_with_context` is read, or an application context.

    Args:
        f: Takes the unhandled exception that ended the context, or `None`.
        on_exception: Takes an exception of the request before the error handlers are called, and again if
            they have not handled it, for example to roll back what is not complete.

    Raises:
        RuntimeError: If no context is active.
        TypeError: If `f` would never run: it is a generator function.

    Example:
        ```python
        from cocopot import Cocopot, g, teardown_this_context

        app = Cocopot("birds", autoload=False)

        def log_file():
            if "log" not in g:
                g.log = open(app.config["LOG"], "a")
                teardown_this_context(lambda exc: g.log.close())
            return g.log
        ```
    """
    context = current()
    kind = check_function("teardown_this_context()", f, may_await=True)
    function: Any = f if kind == "plain" else Synchronous(f)
    context.teardown_functions = (
        *context.teardown_functions,
        TeardownFunction(context.app, function, on_exception),
    )
    if context.request is not None:
        context.request.holds_files = True  # so that the end of the request calls `Context.finish`
    return f


def report_exception(context: Context, exc: Exception) -> None:
    """Report an exception of a request to the functions that its context is torn down with.

    Args:
        context: The request's context.
        exc: The exception, which the error handlers get next.
    """
    for function in reversed(context.teardown_functions):
        function.report(exc)
