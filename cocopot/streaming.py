"""Streamed bodies: read with the request context active, or from an asynchronous iterable."""

from __future__ import annotations

import contextvars
import functools
import importlib
import weakref
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from types import GeneratorType
from typing import TYPE_CHECKING, ParamSpec, TypeVar, overload

from cocopot.context import CURRENT, current_request_context
from cocopot.coroutines import run_coroutine
from cocopot.speedups import StreamState, stream_constructor

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.async_reading import AsyncSource

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


@overload
def stream_with_context(generator_or_function: Iterable[T] | AsyncIterable[T]) -> Iterator[T]: ...


@overload
def stream_with_context(
    generator_or_function: Callable[P, Iterable[T] | AsyncIterable[T]],
) -> Callable[P, Iterator[T]]: ...


def stream_with_context(
    generator_or_function: Iterable[T] | AsyncIterable[T] | Callable[P, Iterable[T] | AsyncIterable[T]],
) -> Iterator[T] | Callable[P, Iterator[T]]:
    """Keep the request context active while a streamed body is read.

    The teardown hooks run when the body has been read or the client has disconnected. They receive the
    exception that ended the stream, if there was one. For a stream that is created by a teardown function, or
    after the end of the request, they do not run again.

    Args:
        generator_or_function: An iterable of `str` or `bytes`, which may be asynchronous, or a function that
            returns one.

    Returns:
        An iterator over the same values, or a function that returns one.

    Raises:
        RuntimeError: If no request context is active.
    """
    if not callable(generator_or_function):
        return ContextIterator(generator_or_function)
    function = generator_or_function

    @functools.wraps(function)
    def decorated(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return ContextIterator(function(*args, **kwargs))

    return decorated


class AsyncReader(Iterator[T]):
    """Reads an asynchronous iterable with a plain `for`: the thread waits for each item.

    The iterable runs in one task of the event loop, which `close` cancels.

    Args:
        app: The application.
        iterable: The iterable.
    """

    _is_closed = False

    def __init__(self, app: Cocopot, iterable: AsyncIterable[T]) -> None:
        self._app = app
        self._iterable = iterable
        self._source: AsyncSource[T] | None = None

    def __next__(self) -> T:
        item: T = self.next_within(None)  # type: ignore[assignment]  # without a limit it is not `PENDING`
        return item

    def next_within(self, seconds: float | None) -> T | object:
        """Return the next item, or `PENDING` if it does not arrive in time; it is not lost then.

        Args:
            seconds: How long to wait; `None` for as long as it takes.
        """
        if self._is_closed:
            raise StopIteration
        source = self._source
        if source is None:
            # imports asyncio, which most applications do not need
            source = importlib.import_module("cocopot.async_reading").AsyncSource(self._iterable)
            self._source = source
        try:
            item: T | object = run_coroutine(self._app, source.next(seconds))
        except StopAsyncIteration:
            self._is_closed = True
            raise StopIteration from None
        return item

    def close(self) -> None:
        """Cancel the iterable, and wait for its `finally` blocks; the server calls this (PEP 3333).

        Raises:
            BaseException: What they raise.
        """
        self._is_closed = True
        if self._source is not None and self._source.is_running:
            run_coroutine(self._app, self._source.close())

    def __del__(self) -> None:
        if not self._is_closed and self._source is not None:
            self._source.abandon()


class ContextIterator(StreamState, Iterator[T]):
    """Reads an iterable in a copy of the current context variables, in whichever thread reads it."""

    @stream_constructor(CURRENT)
    def __init__(self, iterable: Iterable[T] | AsyncIterable[T]) -> None:
        self.context = context = current_request_context()
        # A request that has ended, or whose teardown functions run, is not torn down again.
        self.is_held = context.holds > 0
        if self.is_held:
            context.holds += 1
            if context.streams is None:
                context.streams = []
            context.streams.append(weakref.ref(self))
        self.variables = contextvars.copy_context()
        if CURRENT.get(None) is not context:  # it is read inside an application context
            self.variables.run(CURRENT.set, context)
        if type(iterable) is not GeneratorType and isinstance(iterable, AsyncIterable):
            iterable = AsyncReader(context.app, iterable)
        self.source = iterable

    @property
    def is_asynchronous(self) -> bool:
        """Whether it reads an asynchronous iterable, so that `next_within` may be called."""
        return isinstance(self.source, AsyncReader)

    def __next__(self) -> T:
        return self._read(self._read_next)

    def _read_next(self) -> T:
        item: T = next(self.begin())
        return item

    def next_within(self, seconds: float | None) -> T | object:
        """Return the next item, or `PENDING` if it does not arrive in time; see `AsyncReader`."""
        source: AsyncReader[T] = self.source
        return self._read(functools.partial(source.next_within, seconds))

    def _read(self, read: Callable[[], V]) -> V:
        try:
            return self.variables.run(read)
        except StopIteration:
            self.close()
            raise
        except BaseException as exc:
            self.close(exc)
            raise
