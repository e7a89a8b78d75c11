"""What runs in each worker process of `cocopot run --workers`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, Literal, cast

import click

from cocopot.cli.loading import AppLoader
from cocopot.cli.tracebacks import explain_start_error, print_error
from cocopot.escapes import quotable
from cocopot.open_streams import end_event_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import FrameType

    from cocopot.app import Cocopot

#: What a worker reports: it has started the application, or cannot start it and has printed the error.
Report = Literal["started", "failed"]
#: The signal that ends a worker without waiting for its requests; 0 on Windows, which has none.
QUIT: Final[int] = getattr(signal, "SIGQUIT", 0)
#: The exit code of a worker whose application failed to start; that of an invalid configuration (sysexits.h).
_START_FAILED = 78
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT})


class WorkerLoader:
    """Loads and starts the application in a worker; pickled for each.

    Args:
        target: As for `AppLoader`.
        disable: As for `AppLoader`.
        graceful_timeout: Seconds that requests in flight get to finish after SIGTERM.
        reports: Where the worker sends its report: its process ID and a `Report`.
    """

    def __init__(
        self, target: str | None, disable: Iterable[str], graceful_timeout: float, reports: Connection
    ) -> None:
        self._target = target
        self._disable = tuple(disable)
        self._graceful_timeout = graceful_timeout
        self._reports = reports
        self._stop_serving: Callable[[], object] | None = None  # set in the worker

    def __call__(self) -> Cocopot:
        """Return the application, started, so that it is closed when the process ends.

        Raises:
            SystemExit: If it cannot be loaded or started; the error has been printed.
        """
        for number in _ENDING:  # until the server stops itself: shutdown hooks run, as the process exits
            signal.signal(number, _stop)
        if hangup := getattr(signal, "SIGHUP", None):  # not on Windows; the main process reloads
            signal.signal(hangup, signal.SIG_IGN)
        logging.getLogger("granian.access").addFilter(_escape)
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
            self._limit_end(app)
            self._report("started")
            return app
        sys.stderr.flush()
        with suppress(OSError):  # the main process is gone
            self._report("failed")
        os._exit(_START_FAILED)  # without waiting for threads of the application

    def stop_with(self, stop: Callable[[], object]) -> None:
        """Let SIGTERM and SIGINT call a function in another thread, where they would raise an exception.

        Args:
            stop: Lets the server of this worker finish its requests and return; it must not block.
        """
        self._stop_serving = stop
        for number in _ENDING:
            signal.signal(number, _do_nothing)

    def _report(self, report: Report) -> None:
        self._reports.send_bytes(f"{os.getpid()} {report}".encode())

    def _limit_end(self, app: Cocopot) -> None:
        """Close the application and end this process some time after SIGTERM or SIGINT, if it has not ended.

        It ends in the same way if the main process is gone, and without that time after SIGQUIT or a second
        SIGINT.
        """
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        if QUIT:
            signal.signal(QUIT, _do_nothing)  # a signal without a handler wakes nothing

        def watch() -> None:
            parent = cast("BaseProcess", parent_process())
            received = b""
            while not (_ENDING.intersection(received) or _is_urgent(received)):
                if reader in wait([reader, parent.sentinel]):
                    received = reader.recv(16)
                else:
                    received = bytes([signal.SIGTERM])
                    os.kill(os.getpid(), signal.SIGTERM)
            end_event_streams()
            if self._stop_serving is not None:
                self._stop_serving()
            deadline = time.monotonic() + self._graceful_timeout
            while not _is_urgent(received) and (left := deadline - time.monotonic()) > 0:
                if wait([reader], left):
                    received += reader.recv(16)
            with suppress(Exception):  # they have been logged
                app.close()
            writer.close()
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()


def _escape(record: logging.LogRecord) -> bool:
    """Escape what a client sent in a line of granian's access log, which has the path decoded (CWE-117)."""
    if isinstance(record.args, Mapping):
        record.args = {
            name: quotable(value) if isinstance(value, str) else value for name, value in record.args.items()
        }
    return True


class _Stopped(SystemExit):
    """A signal ends the worker while it loads or starts the application."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped(0)


def _do_nothing(_signal: int, _frame: FrameType | None) -> None:
    """Handle a signal that the wake-up file descriptor reports."""


def _is_urgent(received: bytes) -> bool:
    """Whether the signals that were received end the process without waiting for requests."""
    return QUIT in received or received.count(signal.SIGINT) > 1
