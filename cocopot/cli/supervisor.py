"""The worker processes of `cocopot run --workers`, and what replaces those that end."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, cast

import click

from cocopot.cli.loading import AppLoader
from cocopot.cli.tracebacks import explain_start_error, print_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from cocopot.app import Cocopot
    from cocopot.serving import Address

#: The exit code of a worker whose application failed to start; that of an invalid configuration (sysexits.h).
_START_FAILED = 78
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT})
_INTERVAL = 0.2  # seconds until the end of a worker is noticed
_LONGEST_DELAY = 30.0  # seconds between two attempts to start a worker
_LISTEN_TIMEOUT = 5.0  # seconds


class WorkerLoader:
    """Loads and starts the application in a worker; pickled for each.

    Args:
        target: As for `AppLoader`.
        disable: As for `AppLoader`.
        graceful_timeout: Seconds that requests in flight get to finish after SIGTERM.
        started: Where the worker reports that the application has been started.
    """

    def __init__(
        self, target: str | None, disable: Iterable[str], graceful_timeout: float, started: Connection
    ) -> None:
        self._target = target
        self._disable = tuple(disable)
        self._graceful_timeout = graceful_timeout
        self._started = started

    def __call__(self) -> Cocopot:
        """Return the application, started, so that it is closed when the process ends.

        Raises:
            SystemExit: If it cannot be loaded or started; the error has been printed.
        """
        for number in _ENDING:  # until granian handles them: shutdown hooks run, as the process exits
            signal.signal(number, _stop)
        app: Cocopot | None = None
        try:
            app = AppLoader(self._target, self._disable).load()
            app.start()
        except _Stopped:
            raise
        except click.ClickException as error:
            error.show()
        except BaseException as error:  # noqa: BLE001 - it is printed
            print_error(error if app is None else explain_start_error(app, error))
        else:
            _limit_end(app, self._graceful_timeout)
            self._started.send_bytes(str(os.getpid()).encode())
            return app
        sys.stderr.flush()
        os._exit(_START_FAILED)  # without waiting for threads of the application


class _Stopped(SystemExit):
    """A signal ends the worker while it loads or starts the application."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped(0)


def _limit_end(app: Cocopot, seconds: float) -> None:
    """Close the application and end this process some time after SIGTERM or SIGINT, if it has not ended.

    It ends in the same way if the parent process is gone.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        parent = cast("BaseProcess", parent_process())
        received = b""
        while not _ENDING.intersection(received):
            if reader in wait([reader, parent.sentinel]):
                received = reader.recv(16)
            else:
                received = bytes([signal.SIGTERM])
                os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while received.count(signal.SIGINT) < 2 and (left := deadline - time.monotonic()) > 0:
            if wait([reader], left):
                received += reader.recv(16)
        with suppress(Exception):  # they have been logged
            app.close()
        writer.close()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


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
        self._started: set[int] = set()  # the processes that have started the application
        self._failures = 0  # since a process has
        self._due: dict[int, float] = {}  # when to replace the worker of an index, by the monotonic clock
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

        for index in range(server.workers):
            server.wrks.append(spawn(index))
            if index == 0 and not self._wait_for_first(server.wrks[0]):
                return
        self._print_running()
        while not (server.interrupt_signal or self.failed):
            server.main_loop_interrupt.wait(_INTERVAL)  # granian's signal handlers set it
            server.main_loop_interrupt.clear()
            if server.reload_signal:
                server._reload(spawn_target, loader)  # noqa: SLF001
            self._read_started()
            for index, worker in enumerate(server.wrks):
                if not worker.is_alive() and self._is_due(index, worker):
                    server.wrks[index] = spawn(index)

    def _wait_for_first(self, worker: Any) -> bool:
        """Wait until the first worker serves; return whether it does."""
        while worker.is_alive() and not self._started and not self._server.interrupt_signal:
            self._read_started(0.1)
        if self._started:
            self._wait_for_listener(worker)
            return True
        if not self._server.interrupt_signal:
            self.failed = True
            if worker.inner.exitcode != _START_FAILED:  # that has been reported
                click.echo(f"Error: The first worker {_describe_end(worker)} before it served.", err=True)
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
        click.echo(f" * Running on {url} with {workers} (main process {os.getpid()})", err=True)

    def _read_started(self, seconds: float = 0) -> None:
        """Read which processes have started the application."""
        while self._reader.poll(seconds):
            self._started.add(int(self._reader.recv_bytes()))
            self._failures = 0

    def _is_due(self, index: int, worker: Any) -> bool:
        """Return whether to replace a worker that has ended; report its end at the first call."""
        if index not in self._due:
            delay, outcome = self._plan(worker.inner.pid)
            name = f"Worker {index + 1} (process {worker.inner.pid})"
            click.echo(f" * {name} {_describe_end(worker)}. {outcome}", err=True)
            self._due[index] = time.monotonic() + delay
        if self.failed or time.monotonic() < self._due[index]:
            return False
        del self._due[index]
        return True

    def _plan(self, pid: int) -> tuple[float, str]:
        """Return after how many seconds to replace a process that has ended, and a sentence about it."""
        if pid in self._started:
            self._started.remove(pid)
            return 0.0, "A new one starts."
        if not any(worker.is_alive() for worker in self._server.wrks):
            self.failed = True
            return 0.0, "No other worker serves."
        delay = min(2.0**self._failures, _LONGEST_DELAY)
        self._failures += 1
        return delay, f"A new one starts in {delay:.0f} s."


def _describe_end(worker: Any) -> str:
    code = worker.inner.exitcode
    if code == _START_FAILED:
        return "could not start the application"
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
