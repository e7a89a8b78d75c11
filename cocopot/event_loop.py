"""The event loop of this process, in a thread of its own, where `async def` functions run.

All applications of a process share it, so that a client or a pool that one of them has opened is not bound
to a loop that is gone with the next request. It is started at its first use, and ends when every application
that has used it is closed, or with the process. The child of a fork starts its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cocopot.exceptions import ServiceUnavailable
from cocopot.fork_safety import fork_safe

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, MutableMapping

    from cocopot.app import Cocopot

T = TypeVar("T")

_CANCEL_TIMEOUT = 1.0  # seconds that a coroutine has to end when its request is interrupted
_END_TIMEOUT = 5.0  # seconds that tasks have to end when their application is closed
_log = logging.getLogger(__name__)


class EventLoop:
    """An event loop in a daemon thread, and the applications that use it."""

    def __init__(self) -> None:
        #: The applications that have used it and are not closed.
        self.users = weakref.WeakSet[Any]()
        #: What threads wait for.
        self.calls: set[Call[Any]] = set()
        # The applications of tasks: those of the requests that have started them.
        self._owners = weakref.WeakKeyDictionary[asyncio.Task[Any], "weakref.ref[Cocopot]"]()
        self._is_ended = False
        self._executor = ThreadPoolExecutor(thread_name_prefix="cocopot-to-thread")
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._executor)
        self._loop.set_task_factory(self._create_task)
        self._thread = threading.Thread(target=self._run, name="cocopot-event-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._is_ended:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit) as error:  # of a task that no request waits for
                _log.error("A task raised %r, which does not end the event loop", error, exc_info=error)
        self._loop.close()

    def _create_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task[Any](coroutine, loop=loop, **options)
        parent = asyncio.current_task(loop)
        if parent is not None and (owner := self._owners.get(parent)) is not None:
            self._owners[task] = owner
        return task

    @property
    def is_current_thread(self) -> bool:
        """Whether this code runs in the thread of the loop."""
        return threading.current_thread() is self._thread

    def register(self, app: Cocopot, coroutine: Coroutine[Any, Any, T]) -> Call[T]:
        """Return what runs a coroutine and waits for it; the event loop does not end before.

        Args:
            app: The application that it belongs to.
            coroutine: The coroutine.
        """
        self.users.add(app)
        call = Call(self._loop, app, coroutine, self._owners)
        self.calls.add(call)
        return call

    def cancel(self, app: Cocopot) -> None:
        """Cancel the tasks of an application, and wait for them."""

        async def cancel() -> None:  # lists the tasks in the thread of the loop, which changes them
            await self._cancel([task for task, owner in self._owners.items() if owner() is app])

        self._wait(cancel())

    def end(self) -> None:
        """Cancel all tasks, wait for them, and end the loop and its thread."""
        self._wait(self._end())
        if not self.is_current_thread:
            self._thread.join(_END_TIMEOUT)

    def _wait(self, coroutine: Coroutine[Any, Any, None]) -> None:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if not self.is_current_thread:
            with suppress(TimeoutError):
                future.result(2 * _END_TIMEOUT)

    async def _cancel(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        own = asyncio.current_task()
        running = {task for task in tasks if task is not own and not task.done()}
        if not running:
            return
        for call in list(self.calls):
            call.is_released = call.is_released or call.task in running
        for task in running:
            task.cancel()
        ended, unended = await asyncio.wait(running, timeout=_END_TIMEOUT)
        for task in unended:
            _log.warning("%r goes on after its cancellation, and is abandoned", task)
        for task in ended:
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("A task raised an exception when it was cancelled", exc_info=error)

    async def _end(self) -> None:
        await self._cancel(asyncio.all_tasks())
        for call in list(self.calls):
            call.abandon()
        await self._loop.shutdown_asyncgens()
        self._executor.shutdown(wait=False)
        self._is_ended = True
        self._loop.call_soon(self._loop.stop)  # not before the thread that waits for this has its result


class Call(Generic[T]):
    """One coroutine in the event loop, and the thread that waits for it.

    Args:
        loop: The event loop.
        app: The application that the coroutine belongs to.
        coroutine: The coroutine.
        owners: The applications of tasks, where that of this one is added.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        app: Cocopot,
        coroutine: Coroutine[Any, Any, T],
        owners: MutableMapping[asyncio.Task[Any], weakref.ref[Cocopot]],
    ) -> None:
        self.app = app
        #: Whether it is cancelled because the application, or the event loop, ends.
        self.is_released = False
        #: The task that runs the coroutine, when it has begun.
        self.task: asyncio.Task[T] | None = None
        self._loop = loop
        self._coroutine = coroutine
        self._owners = owners
        self._future: Future[T] = Future()

    def start(self) -> None:
        """Let the coroutine run, with the context variables of this thread."""
        self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        self.task = self._loop.create_task(self._coroutine)
        self.task.add_done_callback(self._finish)
        self._owners[self.task] = weakref.ref(self.app)

    def abandon(self) -> None:
        """Let the thread go on; called in the thread of the loop, which ends before the coroutine."""
        self.is_released = True
        self._future.cancel()

    def _finish(self, task: asyncio.Task[T]) -> None:
        if self._future.cancelled():
            return
        if task.cancelled():
            self._future.cancel()
        elif (error := task.exception()) is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(task.result())

    def wait(self) -> T:
        """Wait until the coroutine has ended, and return what it returns.

        Raises:
            CancelledError: That of `concurrent.futures`, if the coroutine was cancelled.
        """
        return self._future.result()

    def interrupt(self) -> None:
        """Cancel the coroutine if it has not ended, and wait a moment for its end."""
        if not self._future.done():
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._interrupt)
            with suppress(CancelledError, TimeoutError):
                self._future.exception(_CANCEL_TIMEOUT)

    def _interrupt(self) -> None:
        if self.task is not None:
            self.task.cancel()
        else:
            self._coroutine.close()
            self._future.cancel()


# -------------------------------------------------------------------------
# The one of this process
# -------------------------------------------------------------------------

_lock = fork_safe(threading.Lock())
_loop: EventLoop | None = None
#: The loops of parent processes, which must not be closed here: it would change them there.
_inherited: list[EventLoop] = []


def run(app: Cocopot, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the event loop of this process, and wait for it.

    Args:
        app: The application that it belongs to.
        coroutine: The coroutine.

    Raises:
        RuntimeError: If this is called in the thread of the loop, which would wait for itself; or if the
            coroutine raises `asyncio.CancelledError`.
        ServiceUnavailable: If the coroutine is cancelled because the application is closed.

    An exception in this thread, such as a `KeyboardInterrupt` or the `SystemExit` of a worker that is
    aborted, cancels the coroutine.
    """
    loop = call = None
    try:
        with _lock:
            loop = _current()
            call = loop.register(app, coroutine)
            call.start()
        return call.wait()
    except CancelledError:
        if call is not None and call.is_released:
            raise ServiceUnavailable("The application is being closed.") from None
    except BaseException:
        if call is not None:
            call.interrupt()
        raise
    finally:
        if loop is not None and call is not None:
            with _lock:
                loop.calls.discard(call)
    raise RuntimeError("The coroutine was cancelled: it, or what it awaited, raised asyncio.CancelledError.")


_NESTED = (
    "A coroutine function was called as a plain function in the thread of the event loop, which would wait "
    "for itself. In `async def`, await it: `await function()`. If a plain function calls it, call that one "
    "in another thread: `await asyncio.to_thread(plain_function)`."
)


def _current() -> EventLoop:
    """Return the event loop of this process, started if needed; called with the lock held."""
    global _loop  # noqa: PLW0603 - one for the process
    if _loop is None:
        _loop = EventLoop()
    elif _loop.is_current_thread:
        raise RuntimeError(_NESTED)
    return _loop


def release(app: Cocopot, *, if_idle: bool = False) -> None:
    """Cancel the tasks of an application; if no other one uses the event loop, end it.

    Args:
        app: The application, which is being closed.
        if_idle: Whether nothing happens while a thread waits for one of its coroutines.
    """
    global _loop  # noqa: PLW0603 - one for the process
    with _lock:
        loop = _loop
        if loop is None or app not in loop.users:
            return
        if if_idle and any(call.app is app for call in loop.calls):
            return
        loop.users.discard(app)
        is_last = not loop.users
        if is_last:
            _loop = None
    if is_last:
        loop.end()
    else:
        loop.cancel(app)


def end() -> None:
    """End the event loop, at the end of the process."""
    global _loop
    with _lock:
        loop, _loop = _loop, None
    if loop is not None:
        loop.end()


def _forget() -> None:
    """Leave the event loop to the parent process, in the child of a fork."""
    global _loop  # noqa: PLW0603 - one for the process
    if _loop is not None:
        _inherited.append(_loop)
        _loop = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
