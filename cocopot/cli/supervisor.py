"""The worker processes of `cocopot run --workers`, and what replaces those that end."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any, cast

import click

from cocopot.cli.reload import Reload
from cocopot.cli.worker import QUIT

if TYPE_CHECKING:
    from types import FrameType

    from cocopot.cli.worker import Report, WorkerLoader
    from cocopot.serving import Address

_INTERVAL = 0.2  # seconds until the end of a worker is noticed
_LONGEST_DELAY = 30.0  # seconds between two attempts to start a worker
_LISTEN_TIMEOUT = 5.0  # seconds


class Supervisor:
    """Starts the workers and replaces those that end.

    The first worker must start the application before the others are started, so that an application that
    cannot be started is reported once. Later a worker that fails to start it is tried again after a delay
    while others serve; without others the command ends.

    Args:
        server: granian's server.
        address: The address that it listens on.
        is_secure: Whether it serves TLS.
    """

    def __init__(self, server: Any, address: Address, *, is_secure: bool) -> None:
        self._server = server
        self._address = replace(address, port=server.bind_port)
        self._scheme = "https" if is_secure else "http"
        self._reader, self.writer = Pipe(duplex=False)
        self._reports: dict[int, Report] = {}  # by process ID
        self._failures = 0  # since a process has started the application
        self._due: dict[int, float] = {}  # when to replace a process that has ended, by the monotonic clock
        self._reload: Reload | None = None
        #: Whether no worker could start the application.
        self.failed = False

    def run(self, spawn_target: Any, loader: WorkerLoader) -> None:
        """Supervise the workers until a signal ends the command.

        Args:
            spawn_target: What a worker runs.
            loader: Loads the application in it.
        """
        server = self._server

        def spawn(index: int) -> Any:
            worker = server._spawn_worker(idx=index, target=spawn_target, callback_loader=loader)  # noqa: SLF001
            worker.start()
            return worker

        for number in filter(None, (signal.SIGTERM, signal.SIGINT, QUIT)):
            signal.signal(number, self._interrupt)
        for index in range(server.workers):
            server.wrks.append(spawn(index))
            if index == 0 and not self._wait_for_first(server.wrks[0]):
                return
        self._print_running()
        self._reload = Reload(server, spawn, self._reports, _log)
        while not (server.interrupt_signal or self.failed):
            server.main_loop_interrupt.wait(_INTERVAL)  # the signal handlers set it
            server.main_loop_interrupt.clear()
            self._read_reports()
            self._reload.advance()
            for index, worker in enumerate(server.wrks):
                if not worker.is_alive() and self._is_due(index, worker):
                    server.wrks[index] = spawn(index)
        server.wrks += self._reload.others()  # granian ends them too

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        """End the command, as a signal handler; SIGQUIT and a second SIGINT do not wait for requests."""
        is_urgent = number == QUIT or (number == signal.SIGINT and self._server.interrupt_signal)
        self._server.signal_handler_interrupt()
        if is_urgent:
            for worker in chain(self._server.wrks, self._reload.others() if self._reload else ()):
                if worker.is_alive():
                    os.kill(worker.inner.pid, QUIT or signal.SIGTERM)

    def _wait_for_first(self, worker: Any) -> bool:
        """Wait until the first worker serves; return whether it does."""
        while worker.is_alive() and not self._reports and not self._server.interrupt_signal:
            self._read_reports(0.1)
        self._read_reports()
        report = self._reports.get(worker.inner.pid)
        if report == "started":
            self._wait_for_listener(worker)
            return True
        if not self._server.interrupt_signal:
            self.failed = True
            if report is None:  # otherwise it has printed the error
                worker.join(_LISTEN_TIMEOUT)
                click.echo(
                    f"Error: The first worker {_describe_end(worker, None)} before it served.", err=True
                )
        return False

    def _wait_for_listener(self, worker: Any) -> None:
        """Wait until the worker, which has started the application, accepts connections."""
        address, deadline = self._address, time.monotonic() + _LISTEN_TIMEOUT
        ip = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.ip, address.ip)  # noqa: S104 - compared
        while not address.is_unix_socket and worker.is_alive() and time.monotonic() < deadline:
            with suppress(OSError):
                socket.create_connection((ip, address.port), _LISTEN_TIMEOUT).close()
                return
            time.sleep(0.02)

    def _print_running(self) -> None:
        url = str(self._address) if self._address.is_unix_socket else f"{self._scheme}://{self._address}"
        number = self._server.workers
        workers = f"{number} worker{'s' if number > 1 else ''}"
        _log(f"Running on {url} with {workers} (main process {os.getpid()})")

    def _read_reports(self, seconds: float = 0) -> None:
        """Read what processes have reported."""
        while self._reader.poll(seconds):
            pid, report = self._reader.recv_bytes().decode().split()
            self._reports[int(pid)] = cast("Report", report)
            if report == "started":
                self._failures = 0

    def _is_due(self, index: int, worker: Any) -> bool:
        """Return whether to replace a worker that has ended; report its end at the first call."""
        pid = worker.inner.pid
        if pid not in self._due:
            report = self._reports.pop(pid, None)
            delay, outcome = self._plan(report)
            _log(f"Worker {index + 1} (process {pid}) {_describe_end(worker, report)}. {outcome}")
            self._due[pid] = time.monotonic() + delay
        if self.failed or time.monotonic() < self._due[pid]:
            return False
        del self._due[pid]
        return True

    def _plan(self, report: Report | None) -> tuple[float, str]:
        """Return after how many seconds to replace a process that has ended, and a sentence about it."""
        if report == "started":
            return 0.0, "A new one starts."
        if not any(worker.is_alive() for worker in self._server.wrks):
            self.failed = True
            return 0.0, "No other worker serves."
        delay = min(2.0**self._failures, _LONGEST_DELAY)
        self._failures += 1
        return delay, f"A new one starts in {delay:.0f} s."


def _log(line: str) -> None:
    click.echo(f" * {line}", err=True)


def _describe_end(worker: Any, report: Report | None) -> str:
    if report == "failed":
        return "could not start the application"
    code = worker.inner.exitcode
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
