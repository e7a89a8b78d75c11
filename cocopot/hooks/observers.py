"""Hook-call observers: what is told of each call of an implementation, and what tells it.

An observer is compiled in (`HookCall.observe`): the compiled call has a reporting function where the
implementation's own would stand. Without an observer there is nothing of this in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cocopot.hooks.wrappers import is_wrapper, wrapper_error

if TYPE_CHECKING:
    import pluggy

    from cocopot.hooks.source import Observe

logger = logging.getLogger("cocopot.plugins")

# Whether an observer is being told of a call, so that calls that it makes itself are not told in turn.
_TELLS: ContextVar[bool] = ContextVar("cocopot_observer_tells", default=False)


@dataclass(frozen=True, slots=True)
class HookCallRecord:
    """One call of one implementation of a hook, after its end.

    Args:
        hook: The hook's name.
        plugin: The name under which the implementation is registered: a plugin's name, or for a function of
            the application one such as `app.before_request: views.load_user`.
        start: When it was called, in seconds of `time.perf_counter`.
        duration: How long its own code ran, in seconds, with all that it called. For a wrapper that is the
            time before its `yield` and after it, without what it wraps, so that the durations of a hook can
            be added up.
        result: What it returned; for a wrapper, what it handed on.
        exception: What it raised, or for a wrapper let through; `None` if it returned.
        wrapped: For a wrapper, the seconds of its `yield`, in which what it wraps ran; `None` for others.
    """

    hook: str
    plugin: str
    start: float
    duration: float
    result: Any = None
    exception: BaseException | None = None
    wrapped: float | None = None


Callback = Callable[[HookCallRecord], object]


class Observers:
    """The callbacks that are told of calls."""

    def __init__(self) -> None:
        #: What is compiled in, or `None` if nobody wants to be told.
        self.observe: Observe | None = None
        self._tellers: tuple[Callback, ...] = ()

    def add(self, callback: Callback) -> Callable[[], None]:
        """Add a callback, and return what removes it."""
        teller = _logging_once(callback)
        self._set((*self._tellers, teller))
        return lambda: self._set(tuple(other for other in self._tellers if other is not teller))

    def _set(self, tellers: tuple[Callback, ...]) -> None:
        self._tellers = tellers
        self.observe = _reporting(tellers) if tellers else None


def _logging_once(callback: Callback) -> Callback:
    """Return a callback whose own exceptions end here; the first one is logged."""
    has_failed = False

    def tell(record: HookCallRecord) -> None:
        nonlocal has_failed
        try:
            callback(record)
        except Exception:
            if not has_failed:
                has_failed = True
                name = getattr(callback, "__qualname__", None) or repr(callback)
                logger.exception(
                    "The hook-call observer %s raised when it was told of %s in %r. The request goes on; "
                    "the observer's further exceptions are not logged.",
                    name,
                    record.hook,
                    record.plugin,
                )

    return tell


def _reporting(tellers: tuple[Callback, ...]) -> Observe:
    """Return what makes a reporting function of an implementation's own."""

    def tell(record: HookCallRecord) -> None:
        # A wrapper that was thrown away at its `yield` is ended by the garbage collector, at any time. Up to
        # Python 3.11 that may be inside `ContextVar.set`, and to set another variable of the same context
        # there ends the process (https://github.com/python/cpython/issues/148891). So this gets its own.
        if not _TELLS.get():
            copy_context().run(_tell, tellers, record)

    def observe(hook: str, impl: pluggy.HookImpl, function: Callable[..., Any]) -> Callable[..., Any]:
        make = _reporting_wrapper if is_wrapper(impl) else _reporting_function
        return make(hook, impl, function, tell)

    return observe


def _tell(tellers: tuple[Callback, ...], record: HookCallRecord) -> None:
    _TELLS.set(True)
    for teller in tellers:
        teller(record)


def _reporting_function(
    hook: str, impl: pluggy.HookImpl, function: Callable[..., Any], tell: Callback
) -> Callable[..., Any]:
    name = impl.plugin_name

    def report(*args: Any, **kwargs: Any) -> Any:
        if _TELLS.get():
            return function(*args, **kwargs)
        start = perf_counter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            tell(HookCallRecord(hook, name, start, perf_counter() - start, None, error))
            raise
        tell(HookCallRecord(hook, name, start, perf_counter() - start, result))
        return result

    return report


def _reporting_wrapper(
    hook: str, impl: pluggy.HookImpl, function: Callable[..., Any], tell: Callback
) -> Callable[..., Any]:
    def report(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        return generator if _TELLS.get() else _ReportingWrapper(hook, impl, generator, tell)

    return report


class _ReportingWrapper(Generator[None, Any, Any]):
    """The generator of a wrapper, with a clock that runs while the wrapper's own code does."""

    def __init__(
        self, hook: str, impl: pluggy.HookImpl, generator: Generator[None, Any, Any], tell: Callback
    ) -> None:
        self._hook = hook
        self._impl = impl
        self._generator = generator
        self._tell = tell
        self._start = self._entered = self._left = perf_counter()
        self._own = self._wrapped = 0.0
        self._is_told = False

    @property
    def gi_code(self) -> Any:
        """The code of the wrapper itself, for messages."""
        return self._generator.gi_code  # type: ignore[attr-defined]  # a generator of a generator function

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

    def send(self, value: Any) -> None:
        """Go on behind the `yield`, whose value is the result, or in an old-style wrapper the outcome."""
        self._enter()
        try:
            self._generator.send(value)
        except StopIteration as stop:
            self._end(*(_of_outcome(value) if self._impl.hookwrapper else (stop.value, None)))
            raise
        except BaseException as error:
            self._end(None, error)
            raise
        self._leave()

    def throw(self, exception: Any, *_: Any) -> None:
        """Raise the exception of what is wrapped at the `yield`."""
        self._enter()
        try:
            self._generator.throw(exception)
        except StopIteration as stop:
            self._end(stop.value, None)
            raise
        except BaseException as error:
            # PEP 479: a StopIteration that passes through a generator comes out as a RuntimeError.
            passed = isinstance(exception, StopIteration) and error.__cause__ is exception
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

    def _end(self, result: Any, exception: BaseException | None) -> None:
        if self._is_told:
            return
        self._is_told = True
        self._leave()
        self._tell(
            HookCallRecord(
                self._hook, self._impl.plugin_name, self._start, self._own, result, exception, self._wrapped
            )
        )


def _of_outcome(outcome: pluggy.Result[Any]) -> tuple[Any, BaseException | None]:
    exception = outcome.exception
    return (outcome.get_result() if exception is None else None), exception
