"""Hook-call observers: callbacks that are notified of each call of an implementation.

An observer is compiled in (`HookCall.observe`): the compiled call has a reporting function in place of the
implementation's own. Without an observer it has no trace of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import pluggy

from cocopot.hooks.wrappers import is_wrapper, wrapper_error

if TYPE_CHECKING:
    from types import CodeType

    from cocopot.hooks.source import HookFunction, Observe
    from cocopot.hooks.wrappers import WrapperGenerator

logger = logging.getLogger("cocopot.plugins")

# Whether a callback is running, so that it is not notified of hook calls that it makes itself.
_IN_CALLBACK: ContextVar[bool] = ContextVar("cocopot_in_observer_callback", default=False)


@dataclass(frozen=True, slots=True)
class HookCallRecord:
    """One call of one implementation of a hook, after its end.

    Args:
        hook: The hook's name.
        plugin: The name under which the implementation is registered: a plugin's name, or for a function of
            the application one such as `app.before_request: views.load_user`.
        start: When it was called, in seconds of `time.perf_counter`.
        duration: How long its own code ran, in seconds, including what it called. For a wrapper that is the
            time before its `yield` and after it, without what it wraps, so that the durations of a hook can
            be added up.
        result: What it returned; for a wrapper, the result of the hook call as the wrapper returned it.
        exception: What it raised, or for a wrapper did not catch; `None` if it returned.
        wrapped: For a wrapper, the seconds of its `yield`, in which what it wraps ran; `None` for others.
    """

    hook: str
    plugin: str
    start: float
    duration: float
    result: object = None
    exception: BaseException | None = None
    wrapped: float | None = None


Callback = Callable[[HookCallRecord], object]


class Observers:
    """The callbacks that are notified of calls."""

    def __init__(self) -> None:
        #: What is compiled in; `None` without a callback.
        self.observe: Observe | None = None
        self._callbacks: tuple[Callback, ...] = ()

    def add(self, callback: Callback) -> Callable[[], None]:
        """Add a callback, and return what removes it."""
        added = _log_first_error(callback)
        self._set((*self._callbacks, added))
        return lambda: self._set(tuple(other for other in self._callbacks if other is not added))

    def _set(self, callbacks: tuple[Callback, ...]) -> None:
        self._callbacks = callbacks
        self.observe = _reporting(callbacks) if callbacks else None


def _log_first_error(callback: Callback) -> Callback:
    """Return a callback that raises no exception; the first one is logged."""
    has_failed = False

    def notify(record: HookCallRecord) -> None:
        nonlocal has_failed
        try:
            callback(record)
        except Exception:
            if not has_failed:
                has_failed = True
                name = getattr(callback, "__qualname__", None) or repr(callback)
                logger.exception(
                    "The hook-call observer %s raised when it was notified of %s in %r. The request goes on; "
                    "the observer's further exceptions are not logged.",
                    name,
                    record.hook,
                    record.plugin,
                )

    return notify


def _reporting(callbacks: tuple[Callback, ...]) -> Observe:
    """Return a function that replaces an implementation's function by one that reports its calls."""

    def notify(record: HookCallRecord) -> None:
        # A wrapper that was discarded at its `yield` is closed by the garbage collector, at any time. Up to
        # Python 3.11 that may be inside `ContextVar.set`, and to set another variable of the same context
        # there ends the process (https://github.com/python/cpython/issues/148891). So this gets its own.
        if not _IN_CALLBACK.get():
            copy_context().run(_call_all, callbacks, record)

    def observe(hook: str, impl: pluggy.HookImpl, function: HookFunction) -> HookFunction:
        report = _reporting_wrapper if is_wrapper(impl) else _reporting_function
        return report(hook, impl, function, notify)

    return observe


def _call_all(callbacks: tuple[Callback, ...], record: HookCallRecord) -> None:
    _IN_CALLBACK.set(True)
    for callback in callbacks:
        callback(record)


def _reporting_function(
    hook: str, impl: pluggy.HookImpl, function: HookFunction, notify: Callback
) -> HookFunction:
    name = impl.plugin_name

    def report(*args: object, **kwargs: object) -> object:
        if _IN_CALLBACK.get():
            return function(*args, **kwargs)
        start = perf_counter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            notify(HookCallRecord(hook, name, start, perf_counter() - start, None, error))
            raise
        notify(HookCallRecord(hook, name, start, perf_counter() - start, result))
        return result

    return report


def _reporting_wrapper(
    hook: str, impl: pluggy.HookImpl, function: HookFunction, notify: Callback
) -> HookFunction:
    def report(*args: object, **kwargs: object) -> object:
        generator = function(*args, **kwargs)
        return generator if _IN_CALLBACK.get() else _ReportingWrapper(hook, impl, generator, notify)

    return report


class _ReportingWrapper(Generator[None, object, object]):
    """The generator of a wrapper, with a clock that runs while the wrapper's own code does."""

    def __init__(
        self, hook: str, impl: pluggy.HookImpl, generator: WrapperGenerator, notify: Callback
    ) -> None:
        self._hook = hook
        self._impl = impl
        self._generator = generator
        self._notify = notify
        self._start = self._entered = self._left = perf_counter()
        self._own = self._wrapped = 0.0
        self._is_reported = False

    @property
    def gi_code(self) -> CodeType:
        """The code of the wrapper itself, for messages."""
        return self._generator.gi_code  # type: ignore[attr-defined, no-any-return]  # a generator function's

    def __next__(self) -> None:
        try:
            next(self._generator)
        except StopIteration:
            self._end(None, wrapper_error(self, "did not yield"))
            raise
        except BaseException as error:
            self._end(None, error)
            raise
        self._leave()

    def send(self, value: object) -> None:
        """Resume after the `yield`, whose value is the result, or in an old-style wrapper the outcome."""
        self._enter()
        try:
            self._generator.send(value)
        except StopIteration as stop:
            outcome = value if self._impl.hookwrapper and isinstance(value, pluggy.Result) else None
            self._end(*((stop.value, None) if outcome is None else _of_outcome(outcome)))
            raise
        except BaseException as error:
            self._end(None, error)
            raise
        self._leave()

    def throw(self, exception: BaseException, *_: object) -> None:  # type: ignore[override]  # one form only
        """Raise the exception of what is wrapped at the `yield`."""
        self._enter()
        try:
            self._generator.throw(exception)
        except StopIteration as stop:
            self._end(stop.value, None)
            raise
        except BaseException as error:
            # PEP 479: a StopIteration that passes through a generator comes out as a RuntimeError.
            passed = issubclass(type(exception), StopIteration) and error.__cause__ is exception
            self._end(None, exception if passed else error)
            raise
        self._leave()

    def close(self) -> None:
        """End the generator, which has ended already unless it yielded twice."""
        self._entered = perf_counter()
        try:
            self._generator.close()
        except BaseException as error:
            self._end(None, error)
            raise
        self._end(None, wrapper_error(self, "has second yield"))

    def _enter(self) -> None:
        self._entered = perf_counter()
        self._wrapped = self._entered - self._left

    def _leave(self) -> None:
        self._left = perf_counter()
        self._own += self._left - self._entered

    def _end(self, result: object, exception: BaseException | None) -> None:
        if self._is_reported:
            return
        self._is_reported = True
        self._leave()
        self._notify(
            HookCallRecord(
                self._hook, self._impl.plugin_name, self._start, self._own, result, exception, self._wrapped
            )
        )


def _of_outcome(outcome: pluggy.Result[object]) -> tuple[object, BaseException | None]:
    exception = outcome.exception
    return (outcome.get_result() if exception is None else None), exception
