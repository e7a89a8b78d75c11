"""The worker processes of `cocopot run --workers`, and what replaces those that end."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from typing import TYPE_CHECKING, cast

import click

from cocopot.cli.reload import Reload
from cocopot.cli.worker import QUIT
from cocopot.serving import UNIX_PREFIX

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from cocopot.cli.servers.base import ServerOptions, Spawn
    from cocopot.cli.worker import Report
    from cocopot.serving import Address

_INTERVAL = 0.1  # seconds until a signal, or the end of a worker, is noticed
_LONGEST_DELAY = 30.0  # seconds between two attempts to start a worker
_LISTEN_TIMEOUT = 5.0  # seconds
#: Seconds that the shutdown hooks of a worker get after its requests.
_CLOSE_TIMEOUT = 10


class Supervisor:
    """Starts the workers and replaces those that end.

    The first worker must start the application before the others are started, so that an application that
    cannot be started is reported once. Later a worker that fails to start it is tried again after a delay
    while others serve; without others the command ends.

    Args:
        options: The options of the server.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._address = options.address
        self._kill_timeout = options.graceful_timeout + _CLOSE_TIMEOUT
        self._reader, self.writer = Pipe(duplex=False)
        self._workers: list[BaseProcess] = []
        self._reports: dict[int | None, Report] = {}  # by process ID
        self._failures = 0  # since a process has started the application
        self._due: dict[
            int | None, float
        ] = {}  # when to replace a process that has ended, by the monotonic clock
        self._reload: Reload | None = None
        self._is_interrupted = False
        self._is_reload_requested = False
        #: Whether no worker could start the application.
        self.failed = False

    def run(self, spawn: Spawn, port: int) -> None:
        """Supervise the workers until a signal ends the command, and end them.

        Args:
            spawn: Starts a worker.
            port: The port that they listen on.
        """
        self._address = replace(self._options.address, port=port)
        for number in filter(None, (signal.SIGTERM, signal.SIGINT, QUIT)):
            signal.signal(number, self._interrupt)
        if hangup := getattr(signal, "SIGHUP", None):  # not on Windows
            signal.signal(hangup, self._request_reload)
        try:
            if self._start(spawn):
                self._print_running()
                self._supervise(spawn)
        finally:
            self._stop()

    def _start(self, spawn: Spawn) -> bool:
        """Start the workers; return whether the first one serves."""
        for index in range(self._options.workers):
            self._workers.append(spawn(index))
            if index == 0 and not self._wait_for_first(self._workers[0]):
                return False
        return True

    def _supervise(self, spawn: Spawn) -> None:
        reload = self._reload = Reload(self._workers, spawn, self._reports, self._kill_timeout, _log)
        while not (self._is_interrupted or self.failed):
            self._read_reports(_INTERVAL)
            if self._is_reload_requested:
                self._is_reload_requested = False
                reload.begin()
            reload.advance()
            for index, worker in enumerate(self._workers):
                if not worker.is_alive() and self._is_due(index, worker):
                    self._workers[index] = spawn(index)

    def _all(self) -> list[BaseProcess]:
        return [*self._workers, *(self._reload.others() if self._reload else ())]

    def _stop(self) -> None:
        """End all workers, and wait until they have ended; kill those that do not."""
        workers = self._all()
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + self._kill_timeout
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()

    def _request_reload(self, _number: int, _frame: FrameType | None) -> None:
        self._is_reload_requested = True

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        """End the command, as a signal handler; SIGQUIT and a second SIGINT do not wait for requests."""
        is_urgent = number == QUIT or (number == signal.SIGINT and self._is_interrupted)
        self._is_interrupted = True
        if is_urgent:
            for worker in self._all():
                if worker.pid is not None and worker.is_alive():
                    os.kill(worker.pid, QUIT or signal.SIGTERM)

    def _wait_for_first(self, worker: BaseProcess) -> bool:
        """Wait until the first worker serves; return whether it does."""
        while worker.is_alive() and not self._reports and not self._is_interrupted:
            self._read_reports(_INTERVAL)
        self._read_reports()
        report = self._reports.get(worker.pid)
        if report == "started":
            self._wait_for_listener(worker)
            return True
        if not self._is_interrupted:
            self.failed = True
            if report is None:  # otherwise it has printed the error
                worker.join(_LISTEN_TIMEOUT)
                click.echo(
                    f"Error: The first worker {_describe_end(worker, None)} before it served.", err=True
                )
        return False

    def _wait_for_listener(self, worker: BaseProcess) -> None:
        """Wait until the worker, which has started the application, accepts connections."""
        deadline = time.monotonic() + _LISTEN_TIMEOUT
        while worker.is_alive() and time.monotonic() < deadline:
            with suppress(OSError):
                _connect(self._address)
                return
            time.sleep(0.02)

    def _print_running(self) -> None:
        scheme = "http" if self._options.certificate is None else "https"
        url = str(self._address) if self._address.is_unix_socket else f"{scheme}://{self._address}"
        number = self._options.workers
        workers = f"{number} worker{'s' if number > 1 else ''}"
        _log(f"Running on {url} with {workers} (main process {os.getpid()})")

    def _read_reports(self, seconds: float = 0) -> None:
        """Read what processes have reported."""
        while self._reader.poll(seconds):
            pid, report = self._reader.recv_bytes().decode().split()
            self._reports[int(pid)] = cast("Report", report)
            seconds = 0
            if report == "started":
                self._failures = 0

    def _is_due(self, index: int, worker: BaseProcess) -> bool:
        """Return whether to replace a worker that has ended; report its end at the first call."""
        pid = worker.pid
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
        if not any(worker.is_alive() for worker in self._workers):
            self.failed = True
            return 0.0, "No other worker serves."
        delay = min(2.0**self._failures, _LONGEST_DELAY)
        self._failures += 1
        return delay, f"A new one starts in {delay:.0f} s."


def _connect(address: Address) -> None:
    """Connect to an address of this machine for a moment."""
    if address.is_unix_socket:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.host.removeprefix(UNIX_PREFIX))
        return
    ip = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.ip, address.ip)  # noqa: S104 - compared
    socket.create_connection((ip, address.port), _LISTEN_TIMEOUT).close()


def _log(line: str) -> None:
    click.echo(f" * {line}", err=True)


def _describe_end(worker: BaseProcess, report: Report | None) -> str:
    if report == "failed":
        return "could not start the application"
    code = worker.exitcode
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
