"""SIGHUP to `cocopot run --workers`: new workers take the place of the old ones, if they can start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cocopot.cli.worker import Report

#: Seconds until a worker that has started the application accepts connections; granian waits 3.5.
_SETTLE_TIME = 1.0


class Reload:
    """Replaces the workers one by one, without waiting for any of them.

    An old worker is stopped once the new one serves, and finishes its requests. If a new one cannot start the
    application, the others stay as they are.

    Args:
        server: granian's server.
        spawn: Starts a worker for an index.
        reports: What the workers have reported, by process ID.
        log: Logs a line.
    """

    def __init__(
        self,
        server: Any,
        spawn: Callable[[int], Any],
        reports: Mapping[int, Report],
        log: Callable[[str], None],
    ) -> None:
        self._server = server
        self._spawn = spawn
        self._reports = reports
        self._log = log
        self._outdated: list[int] = []  # the indexes of the workers that are still to be replaced
        self._new: Any = None  # the worker that is to take the next place
        self._ready_at: float | None = None  # when it does, by the monotonic clock
        self._old: list[tuple[float, Any]] = []  # the workers that were stopped, and when they are killed

    def others(self) -> Iterator[Any]:
        """Yield the workers that are not in a place: the new one, and those that finish their requests."""
        if self._new is not None:
            yield self._new
        for _, worker in self._old:
            yield worker

    def advance(self) -> None:
        """Do what is due."""
        self._kill_late()
        if self._server.reload_signal and not self._outdated:
            self._server.reload_signal = False
            self._outdated = list(range(self._server.workers))
        if not self._outdated:
            return
        if self._new is None:
            self._new, self._ready_at = self._spawn(self._outdated[0]), None
        if not self._new.is_alive():
            self._cancel()
        elif self._ready_at is not None and time.monotonic() > self._ready_at:
            self._swap()
        elif self._ready_at is None and self._new.inner.pid in self._reports:
            self._ready_at = time.monotonic() + _SETTLE_TIME

    def _kill_late(self) -> None:
        for deadline, worker in self._old:
            if time.monotonic() > deadline:
                worker.kill()
        self._old = [item for item in self._old if item[1].is_alive()]

    def _swap(self) -> None:
        index = self._outdated.pop(0)
        workers = self._server.wrks
        old, workers[index], self._new = workers[index], self._new, None
        old.terminate()
        self._old.append((time.monotonic() + self._server.workers_kill_timeout, old))
        if not self._outdated:
            self._log("Reloaded: each worker has been replaced.")

    def _cancel(self) -> None:
        report = self._reports.get(self._new.inner.pid)
        what = "could not start the application" if report == "failed" else "ended before it served"
        self._log(f"A new worker {what}. The reload is cancelled, and the running workers serve on.")
        self._outdated, self._new = [], None
