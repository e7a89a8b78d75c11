"""SIGHUP to `cocopot run --workers`: new workers take the place of the old ones, if they can start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.process import BaseProcess

    from cocopot.cli.servers.base import Spawn
    from cocopot.cli.worker import Report

#: Seconds until a worker that has started the application accepts connections.
_SETTLE_TIME = 1.0


class Reload:
    """Replaces the workers one by one, without waiting for any of them.

    An old worker is stopped once the new one serves, and finishes its requests. If a new one cannot start the
    application, the others stay as they are.

    Args:
        workers: The workers, of which each is replaced at its index.
        spawn: Starts a worker for an index.
        reports: What the workers have reported, by process ID.
        kill_timeout: Seconds after which a worker that was stopped is killed.
        log: Logs a line.
    """

    def __init__(
        self,
        workers: list[BaseProcess],
        spawn: Spawn,
        reports: Mapping[int | None, Report],
        kill_timeout: float,
        log: Callable[[str], None],
    ) -> None:
        self._workers = workers
        self._spawn = spawn
        self._reports = reports
        self._kill_timeout = kill_timeout
        self._log = log
        self._outdated: list[int] = []  # the indexes of the workers that are still to be replaced
        self._new: BaseProcess | None = None  # the worker that is to take the next place
        self._ready_at: float | None = None  # when it does, by the monotonic clock
        self._old: list[
            tuple[float, BaseProcess]
        ] = []  # the workers that were stopped, and when they are killed

    def others(self) -> Iterator[BaseProcess]:
        """Yield the workers that are not in a place: the new one, and those that finish their requests."""
        if self._new is not None:
            yield self._new
        for _, worker in self._old:
            yield worker

    def begin(self) -> None:
        """Begin to replace all workers, unless a reload is going on."""
        if not self._outdated:
            self._outdated = list(range(len(self._workers)))

    def advance(self) -> None:
        """Do what is due."""
        self._kill_late()
        if not self._outdated:
            return
        if self._new is None:
            self._new, self._ready_at = self._spawn(self._outdated[0]), None
        if not self._new.is_alive():
            self._cancel(self._new)
        elif self._ready_at is not None and time.monotonic() > self._ready_at:
            self._swap(self._new)
        elif self._ready_at is None and self._new.pid in self._reports:
            self._ready_at = time.monotonic() + _SETTLE_TIME

    def _kill_late(self) -> None:
        for deadline, worker in self._old:
            if time.monotonic() > deadline:
                worker.kill()
        self._old = [item for item in self._old if item[1].is_alive()]

    def _swap(self, new: BaseProcess) -> None:
        index = self._outdated.pop(0)
        old, self._workers[index], self._new = self._workers[index], new, None
        old.terminate()
        self._old.append((time.monotonic() + self._kill_timeout, old))
        if not self._outdated:
            self._log("Reloaded: each worker has been replaced.")

    def _cancel(self, new: BaseProcess) -> None:
        what = "could not start the application" if self._has_failed(new) else "ended before it served"
        self._log(f"A new worker {what}. The reload is cancelled, and the running workers serve on.")
        self._outdated, self._new = [], None

    def _has_failed(self, worker: BaseProcess) -> bool:
        return self._reports.get(worker.pid) == "failed"
