"""What notifies observers of hook calls: the pure-Python twin of `_reports.pxi`, and its documentation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from types import CodeType


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


class Guard:
    """Whether a callback runs; shared by the contexts that are copied from the one that it was made in."""

    is_in_callback = False


class Reporter:
    """Notifies callbacks of calls, each time in a copy of the context variables.

    Args:
        callbacks: Called with each record, in order.
        guards: The guard of a context, which keeps callbacks from being notified of their own calls.
        on_error: Called with a callback that raised an `Exception`, the record, and the exception.
        wrapper_error: Returns the error of a wrapper that does not yield just once.
    """

    def __init__(
        self,
        callbacks: tuple[Callback, ...],
        guards: ContextVar[Guard],
        on_error: Callable[[Callback, HookCallRecord, Exception], object],
        wrapper_error: Callable[[Any, str], RuntimeError],
    ) -> None:
        self.callbacks = callbacks
        self.guards = guards
        self.on_error = on_error
        self.wrapper_error = wrapper_error

    def guard(self) -> Guard:
        """Return the guard of the current context, which is made if there is none.

        It is set once, as setting a variable for each call would take as long as all the rest.
        """
        guard = self.guards.get(None)
        if guard is None:
            guard = Guard()
            self.guards.set(guard)
        return guard

    def report(self, record: HookCallRecord, guard: Guard | None) -> None:
        """Notify the callbacks of a call.

        Args:
            record: The call.
            guard: The guard of the current context, if there is one.
        """
        copy_context().run(self._notify, record, guard)

    def _notify(self, record: HookCallRecord, guard: Guard | None) -> None:
        guard = guard or self.guard()
        guard.is_in_callback = True
        try:
            for callback in self.callbacks:
                try:
                    callback(record)
                except Exception as error:  # noqa: BLE001 - passed on
                    self.on_error(callback, record, error)
        finally:
            guard.is_in_callback = False


class ReportingFunction:
    """Replaces the function of an implementation, and reports its calls.

    Args:
        reporter: Notifies the callbacks.
        hook: The hook's name.
        plugin: The name of the implementation.
        function: The function.
    """

    def __init__(self, reporter: Reporter, hook: str, plugin: str, function: Callable[..., Any]) -> None:
        self.reporter = reporter
        self.hook = hook
        self.plugin = plugin
        self.function = function

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the function."""
        reporter = self.reporter
        guard = reporter.guard()
        if guard.is_in_callback:
            return self.function(*args, **kwargs)
        start = perf_counter()
        try:
            result = self.function(*args, **kwargs)
        except BaseException as error:
            duration = perf_counter() - start
            reporter.report(HookCallRecord(self.hook, self.plugin, start, duration, None, error), guard)
            raise
        duration = perf_counter() - start
        reporter.report(HookCallRecord(self.hook, self.plugin, start, duration, result), guard)
        return result


class ReportingKeywordFunction(ReportingFunction):
    """A `ReportingFunction` that is called with keywords; the compiled twin of the other takes none."""


class ReportingWrapper(ReportingFunction):
    """Replaces the function of a wrapper, and reports what becomes of the generators that it returns."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the function, and return its generator, which reports its end."""
        generator = self.function(*args, **kwargs)
        return generator if self.reporter.guard().is_in_callback else ReportingGenerator(self, generator)


class ReportingGenerator(Generator[None, object, object]):
    """The generator of a wrapper, with a clock that runs while the wrapper's own code does.

    Args:
        source: What has made it.
        generator: What the wrapper's function has returned.
    """

    def __init__(self, source: ReportingWrapper, generator: Generator[None, object, object]) -> None:
        self._source = source
        self._generator = generator
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
            self._end(None, self._source.reporter.wrapper_error(self, "did not yield"))
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
            if isinstance(value, pluggy.Result):
                exception = value.exception
                self._end(value.get_result() if exception is None else None, exception)
            else:
                self._end(stop.value, None)
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
        if not self._is_reported:
            self._end(None, self._source.reporter.wrapper_error(self, "has second yield"))

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
        # A wrapper that was discarded at its `yield` is closed by the garbage collector, at any time. Up to
        # Python 3.11 that may be inside `ContextVar.set`, and to set another variable of the same context
        # there ends the process (https://github.com/python/cpython/issues/148891). So none is set here.
        source = self._source
        guard = source.reporter.guards.get(None)
        if guard is None or not guard.is_in_callback:
            record = HookCallRecord(
                source.hook, source.plugin, self._start, self._own, result, exception, self._wrapped
            )
            source.reporter.report(record, guard)
