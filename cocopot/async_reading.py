"""Reads an asynchronous iterator for a thread: the part that runs in the event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cocopot.coroutines import PENDING
from cocopot.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

T = TypeVar("T")

_CLOSED = "The application is being closed."
_CLOSE_TIMEOUT = 5.0  # seconds that an iterator has to end when it is closed


class AsyncSource(Generic[T]):
    """An asynchronous iterator that runs in one task, from its first item to its end.

    It is asked for an item when a thread wants one, and never before.

    Args:
        iterable: The iterable.
    """

    def __init__(self, iterable: AsyncIterable[T]) -> None:
        self._iterable = iterable
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._answer: asyncio.Future[T] | None = None
        self._is_closing = False

    @property
    def is_running(self) -> bool:
        """Whether the iterator has begun and not ended."""
        task = self._task
        return task is not None and not task.done() and not task.get_loop().is_closed()

    async def next(self, seconds: float | None) -> T | object:
        """Return the next item, or `PENDING` if it does not arrive in time; it is not lost then.

        Args:
            seconds: How long to wait; `None` for as long as it takes.

        Raises:
            StopAsyncIteration: At the end.
            ServiceUnavailable: If it has been cancelled, as by `app.close()`, or its event loop is gone.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self._task.done() and not self._task.cancelled():
            raise StopAsyncIteration
        elif self._task.cancelling() or self._task.get_loop() is not asyncio.get_running_loop():
            raise ServiceUnavailable(_CLOSED)
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
            self._wanted.set()
        await asyncio.wait({self._answer}, timeout=seconds)
        if not self._answer.done():
            return PENDING
        answer, self._answer = self._answer, None
        try:
            return answer.result()
        finally:
            del answer  # break the reference cycle exception -> traceback -> frame

    async def close(self) -> None:
        """Cancel the iterator, and wait until its `finally` blocks have run.

        Raises:
            BaseException: What they raise.
        """
        if self._task is None:
            return
        self._is_closing = True
        task, self._task = self._task, None  # which holds its exception, which holds this
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=_CLOSE_TIMEOUT)
        for task in ended:
            if not task.cancelled():
                task.result()

    def abandon(self) -> None:
        """Cancel the iterator without waiting for it, from any thread."""
        if self._task is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        iterator: AsyncIterator[T] | None = None
        try:
            iterator = aiter(self._iterable)
            while not self._is_closing:
                await self._wanted.wait()
                self._wanted.clear()
                item = await anext(iterator)
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(item)
        except asyncio.CancelledError:
            self._refuse_answer()
            raise
        except BaseException as error:
            if self._is_closing or self._answer is None:
                raise
            self._answer.set_exception(error)
        finally:
            if self._answer is not None:
                self._answer.cancel()  # unless it has a result
            close: Any = getattr(iterator, "aclose", None)
            if close is not None:
                await close()

    def _refuse_answer(self) -> None:
        """Let the thread that waits for an item raise the reason, if the task is cancelled from outside."""
        answer, task = self._answer, asyncio.current_task()
        is_cancelled = task is not None and task.cancelling() > 0 and not self._is_closing
        if is_cancelled and answer is not None and not answer.done():
            answer.set_exception(ServiceUnavailable(_CLOSED))
            answer.exception()  # so that asyncio does not report that it was not retrieved
