"""The reloader: Werkzeug's, with a parent process that passes signals on to its child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug._reloader import _get_args_for_reloading, ensure_echo_on, reloader_loops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from werkzeug._reloader import ReloaderLoop

#: The exit code of a child that must be started again.
RESTART = 3
#: Set for the children after the first.
_RESTARTED = "_COCOPOT_RESTARTED"
_PARENT_INTERVAL = 0.5  # seconds between two checks of a child for its parent


def make_reloader(
    kind: str, files: Iterable[str], exclude_patterns: Iterable[str] | None, interval: float
) -> ReloaderLoop:
    """Return Werkzeug's reloader.

    Args:
        kind: `"auto"`, `"stat"` or `"watchdog"`.
        files: Files to watch beside the modules.
        exclude_patterns: Patterns of files not to watch.
        interval: Seconds between two checks of the files.
    """
    return reloader_loops[kind](extra_files=list(files), exclude_patterns=exclude_patterns, interval=interval)


def is_restarted() -> bool:
    """Whether this process has been started because a file changed."""
    return _RESTARTED in os.environ


def watch(reloader: ReloaderLoop, serve: Callable[[], object]) -> None:
    """Serve in another thread and watch the files in this one, the main thread of the child.

    Args:
        reloader: The reloader; the files are as they are now.
        serve: Serves.

    Raises:
        SystemExit: If a file has changed.
    """
    ensure_echo_on()
    threading.Thread(target=_end_without_parent, args=(os.getppid(),), daemon=True).start()
    with reloader:
        threading.Thread(target=serve, daemon=True).start()
        reloader.run()


def _end_without_parent(parent: int) -> None:
    """End this process as SIGTERM does, once its parent, which would restart it, has ended."""
    while os.getppid() == parent:
        time.sleep(_PARENT_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)


def run_children(name: str, log: Callable[[str], None]) -> int:
    """Run this program in a child process, again and again as files change.

    Signals that end it are passed on as SIGTERM, so that the child can finish its requests.

    Args:
        name: Name of the reloader, for the log.
        log: Logs a line.

    Returns:
        The exit code of the last child.
    """
    environ = {**os.environ, "WERKZEUG_RUN_MAIN": "true"}
    child: subprocess.Popen[bytes] | None = None
    is_stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        if child is not None:
            child.terminate()

    with handle_signals(stop):
        while True:
            log(f" * Restarting with {name}")
            arguments = _get_args_for_reloading()
            child = subprocess.Popen(arguments, env=environ, close_fds=False)  # noqa: S603 - this program
            if is_stopping:  # the signal came before there was a child
                child.terminate()
            code = child.wait()
            if code != RESTART or is_stopping:
                return 0 if is_stopping and code < 0 else code
            environ[_RESTARTED] = "1"


@contextmanager
def handle_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call a function for SIGTERM, SIGINT and SIGHUP during a `with` block, if this is the main thread.

    SIGHUP comes when the terminal is closed; it stays ignored where it is, as under nohup. A handler that the
    function replaces stays replaced.

    Args:
        handler: The function, as for `signal.signal`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGTERM, signal.SIGINT]
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        numbers.append(hangup)
    previous = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in previous.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, old)


def exit_process(_signal: int, _frame: FrameType | None) -> None:
    """End this process, as a signal handler.

    A terminal sends CTRL+C to this process and to its parent, which passes it on: a SIGTERM that follows must
    not end the requests in flight and the shutdown hooks.

    Raises:
        SystemExit: Always.
    """
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    sys.exit(0)
