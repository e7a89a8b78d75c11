"""Coroutines of the application, run from a request, whose thread waits for them.

A function with `async def` is registered as `Synchronous`, which calls it through `app.ensure_sync`; a plain
function is registered as it is. The hook `cocopot_run_coroutine` runs the coroutine.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cocopot.context import current
from cocopot.functions import function_kind

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.types import Function

_MISSING = object()
#: Stands for an item that has not arrived in time.
PENDING: Final = object()


#: What an implementation of the hook runs.
AnyCoroutine: TypeAlias = "Coroutine[Any, Any, CoroutineOutcome]"


class CoroutineOutcome:
    """What a coroutine of the application returned or raised: what an implementation of the hook returns.

    Args:
        value: What it returned.
        error: What it raised, or `None`.
        variables: The context variables at its end.
    """

    __slots__ = ("error", "value", "variables")

    def __init__(
        self,
        value: object = None,
        error: BaseException | None = None,
        variables: contextvars.Context | None = None,
    ) -> None:
        self.value = value
        self.error = error
        self.variables = contextvars.Context() if variables is None else variables


def run_coroutine(app: Cocopot, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine, wait for it, and return what it returns.

    It sees the context variables of the caller, and the caller sees those that it has set.

    Args:
        app: The application.
        coroutine: The coroutine.

    Raises:
        BaseException: What it raises.
        RuntimeError: If this is called by a coroutine, whose event loop would wait for itself.
    """
    observed = _observe(coroutine, contextvars.copy_context())
    try:
        outcome = app.plugins.hook.cocopot_run_coroutine(app=app, coroutine=observed)
    finally:
        # Without it, one that was not run would be reported as never awaited.
        for unused in (observed, coroutine):
            if inspect.getcoroutinestate(unused) == inspect.CORO_CREATED:
                unused.close()
    _set_variables(outcome.variables)
    error, outcome.error = outcome.error, None
    if error is None:
        return outcome.value
    try:
        raise error
    finally:
        del error  # break the reference cycle exception -> traceback -> frame


async def _observe(coroutine: Coroutine[Any, Any, Any], variables: contextvars.Context) -> CoroutineOutcome:
    """Run a coroutine with the caller's context variables, and return its outcome.

    What it raises is part of the outcome, so that no event loop logs it or ends because of it. A cancellation
    is not: the loop has to see it.
    """
    _set_variables(variables)
    try:
        value = await coroutine
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - raised by `run_coroutine`
        return CoroutineOutcome(None, error, contextvars.copy_context())
    return CoroutineOutcome(value, None, contextvars.copy_context())


def _set_variables(variables: contextvars.Context) -> None:
    own = contextvars.copy_context()
    for variable, value in variables.items():
        if own.get(variable, _MISSING) is not value:
            variable.set(value)


class Synchronous:
    """A function whose call may return a coroutine, as a plain function.

    It is called through the `ensure_sync` of the current application, which a subclass may override.

    Args:
        function: The function.
    """

    def __init__(self, function: Function) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: object, **kwargs: object) -> Any:
        return current().app.ensure_sync(self.function)(*args, **kwargs)


def synchronous(function: Function) -> Function:
    """Return what is called in place of a function: the function, or for a coroutine function `Synchronous`.

    Args:
        function: A function that is registered.
    """
    if isinstance(function, Synchronous) or not may_return_coroutine(function):
        return function
    return Synchronous(function)


def ensure_sync(app: Cocopot, function: Function) -> Function:
    """Return a plain function for one that may be a coroutine function; see `Cocopot.ensure_sync`."""
    if function_kind(function) == "coroutine":
        return app.async_to_sync(function)
    if isinstance(function, Synchronous) or not may_return_coroutine(function):
        return function

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        result = function(*args, **kwargs)
        return run_coroutine(app, result) if isinstance(result, Coroutine) else result

    return call


def async_to_sync(app: Cocopot, function: Callable[..., Coroutine[Any, Any, Any]]) -> Function:
    """Return a plain function that runs a coroutine function; see `Cocopot.async_to_sync`."""

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> Any:
        return run_coroutine(app, function(*args, **kwargs))

    return call


def may_return_coroutine(function: object) -> bool:
    """Return whether a function is a coroutine function, or a decorator's that may return its coroutine."""
    if function_kind(function) == "coroutine":
        return True
    inner: object = inspect.unwrap(function)  # type: ignore[arg-type]  # any object
    return inner is not function and function_kind(inner) == "coroutine"
