"""Streamed bodies that are read with the request context active."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, ParamSpec, TypeVar, overload

from cocopot.context import CURRENT, current_request_context

if TYPE_CHECKING:
    from cocopot.context import Context

P = ParamSpec("P")
T = TypeVar("T")


@overload
def stream_with_context(generator_or_function: Iterable[T]) -> Iterator[T]: ...


@overload
def stream_with_context(
    generator_or_function: Callable[P, Iterable[T]],
) -> Callable[P, Iterator[T]]: ...


def stream_with_context(
    generator_or_function: Iterable[T] | Callable[P, Iterable[T]],
) -> Iterator[T] | Callable[P, Iterator[T]]:
    """Keep the request context active while a streamed body is read.

    The teardown hooks run when the body has been read or the client has disconnected. They receive the
    exception that ended the stream, if there was one.

    Args:
        generator_or_function: An iterable of `str` or `bytes`, or a function that returns one.

    Returns:
        An iterator over the same values, or a function that returns one.

    Raises:
        RuntimeError: If no request context is active.
    """
    if not callable(generator_or_function):
        return _ContextIterator(generator_or_function)
    function = generator_or_function

    @functools.wraps(function)
    def decorated(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return _ContextIterator(function(*args, **kwargs))

    return decorated


class _ContextIterator(Iterator[T]):
    """Reads an iterable in a copy of the current context variables, in whichever thread reads it."""

    _context: Context | None = None

    def __init__(self, iterable: Iterable[T]) -> None:
        self._context = current_request_context()
        self._context.hold()
        self._variables = contextvars.copy_context()
        self._variables.run(CURRENT.set, self._context)
        self._source = iterable
        self._next: Callable[[], T] | None = None

    def __next__(self) -> T:
        try:
            if self._next is None:
                self._next = self._variables.run(iter, self._source).__next__
            return self._variables.run(self._next)
        except StopIteration:
            self.close()
            raise
        except BaseException as exc:
            self.close(exc)
            raise

    def close(self, exc: BaseException | None = None) -> None:
        """Close the iterable and release the context; the server calls this (PEP 3333)."""
        context, self._context = self._context, None
        if context is None:
            return
        try:
            if (close := getattr(self._source, "close", None)) is not None:
                self._variables.run(close)
        finally:
            self._variables.run(context.release, exc)

    def __del__(self) -> None:
        self.close()
