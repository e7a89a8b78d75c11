"""Hook-call observers: callbacks that are notified of each call of an implementation.

An observer is compiled in (`HookCall.observe`): the compiled call has a reporting function in place of the
implementation's own. Without an observer it has no trace of this.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cocopot.hooks.wrappers import is_wrapper, wrapper_error
from cocopot.speedups import (
    HookCallRecord,
    Reporter,
    ReportingFunction,
    ReportingKeywordFunction,
    ReportingWrapper,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pluggy

    from cocopot.hooks.source import HookFunction, Observe
    from cocopot.speedups.reports import Callback, Guard

__all__ = ["HookCallRecord", "Observers"]

logger = logging.getLogger("cocopot.plugins")

# Keeps callbacks from being notified of hook calls that they make themselves.
_GUARDS: ContextVar[Guard] = ContextVar("cocopot_observer_guard")


class _Observer:
    """A callback, and whether it has raised."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.has_failed = False

    def log_first(self, record: HookCallRecord, error: Exception) -> None:
        """Log the first exception of the callback."""
        if self.has_failed:
            return
        self.has_failed = True
        logger.error(
            "The hook-call observer %s raised when it was notified of %s in %r. The request goes on; the "
            "observer's further exceptions are not logged.",
            getattr(self.callback, "__qualname__", None) or repr(self.callback),
            record.hook,
            record.plugin,
            exc_info=error,
        )


class Observers:
    """The callbacks that are notified of calls."""

    def __init__(self) -> None:
        #: What is compiled in; `None` without a callback.
        self.observe: Observe | None = None
        self._observers: tuple[_Observer, ...] = ()

    def add(self, callback: Callback) -> Callable[[], None]:
        """Add a callback, and return what removes it."""
        added = _Observer(callback)
        self._set((*self._observers, added))
        return lambda: self._set(tuple(other for other in self._observers if other is not added))

    def _set(self, observers: tuple[_Observer, ...]) -> None:
        self._observers = observers
        self.observe = _reporting(observers) if observers else None


def _reporting(observers: tuple[_Observer, ...]) -> Observe:
    """Return a function that replaces an implementation's function by one that reports its calls."""

    def on_error(callback: Callback, record: HookCallRecord, error: Exception) -> None:
        next(observer for observer in observers if observer.callback is callback).log_first(record, error)

    callbacks = tuple(observer.callback for observer in observers)
    reporter = Reporter(callbacks, _GUARDS, on_error, wrapper_error)

    def observe(hook: str, impl: pluggy.HookImpl, function: HookFunction) -> HookFunction:
        takes_keywords = ReportingKeywordFunction if impl.kwargnames else ReportingFunction
        reporting = ReportingWrapper if is_wrapper(impl) else takes_keywords
        return reporting(reporter, hook, impl.plugin_name, function)

    return observe
