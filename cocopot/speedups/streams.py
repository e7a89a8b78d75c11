"""The pure-Python twin of `_streams.pxi`, and its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context, ContextVar

    from cocopot.context import Context as RequestContext
    from cocopot.types import F

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

#: What has bytes but is sent as a copy: a server need not take anything but `bytes`.
BUFFERS = (bytearray, memoryview)


def as_bytes(item: Any) -> Any:
    """Return a part of a body as bytes; a server reports what cannot be one."""
    if type(item) is bytes:
        return item
    if isinstance(item, str):
        return item.encode()
    return bytes(item) if isinstance(item, (bytes, *BUFFERS)) else item


def encoded(parts: Iterator[Any]) -> Iterator[bytes]:
    """Return the parts of a body as bytes; faster than `map`, which calls a function for each.

    Args:
        parts: Texts, bytes or buffers.
    """
    for part in parts:
        yield part if type(part) is bytes else as_bytes(part)


def raise_from_inside(error: BaseException) -> NoReturn:
    """Raise the exception of a part, for the compiled twin of `encoded`.

    This frame in the traceback shows that whoever reads the parts has not raised it. The compiled function
    cannot: Cython creates one code object for all lines of the same number in its files.
    """
    try:
        raise error
    finally:
        del error  # with it, the frame would be in a reference cycle


class StreamState:
    """What a stream that is read with its context holds: fields in the compiled twin."""

    #: The context, until the stream is closed.
    context: RequestContext | None = None
    #: The context variables that the iterable is read with.
    variables: Context
    #: What is read.
    source: Any
    #: The iterator over it, from the first item on.
    iterator: Iterator[Any] | None = None
    #: Whether the stream holds the context, and releases it at its end.
    is_held: bool

    def __iter__(self) -> Iterator[Any]:
        return read_in_context(self)

    def begin(self) -> Iterator[Any]:
        """Return the iterator over the iterable, which is created by the first call."""
        if self.iterator is None:
            self.iterator = iter(self.source)
        return self.iterator

    def close(self, exc: BaseException | None = None) -> None:
        """Close the iterable and release the context; the server calls this (PEP 3333).

        Args:
            exc: The exception that has ended the stream, or `None`.
        """
        context, self.context = self.context, None
        if context is not None:
            self.variables.run(self._end, context, exc)

    def _end(self, context: RequestContext, exc: BaseException | None) -> None:
        try:
            if (close := getattr(self.source, "close", None)) is not None:
                close()
        finally:
            if self.is_held:
                context.release(exc)

    def __del__(self) -> None:
        self.close()


def stream_constructor(current: ContextVar[RequestContext]) -> Callable[[F], F]:  # noqa: ARG001 - see the twin
    """Return a decorator of the constructor of a stream, which returns what does the same.

    The compiled twin does what it does, without calling it, in the plain case.

    Args:
        current: The variable of the current context.
    """
    return lambda general: general


class Stream(Protocol[T_co]):
    """What `read_in_context` reads."""

    #: The context variables.
    variables: Context

    def begin(self) -> Iterator[T_co]:
        """Return the iterator, which the first call creates."""
        ...

    def close(self, exc: BaseException | None = None, /) -> None:
        """End the stream, because of an exception perhaps."""


def read_in_context(stream: Stream[T]) -> Iterator[T]:
    """Return an iterator that reads each item of a stream with its context variables, and ends the stream.

    Args:
        stream: The stream.
    """
    run = stream.variables.run
    try:
        read = run(stream.begin).__next__
        while True:
            yield run(read)
    except StopIteration:
        stream.close()
    except GeneratorExit:
        raise  # the server closes what it was passed
    except BaseException as exc:
        stream.close(exc)
        raise
