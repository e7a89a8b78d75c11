"""Processes with a time limit, which are ended with all that they started."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sysconfig
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

_FRAME = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+) in ')
#: Signals that would end this process without removing its temporary folders; SIGINT does not.
_ENDING = ("SIGTERM", "SIGHUP")
#: The longest time limit, in seconds: a day.
_LONGEST = 86400
#: The environment variable that all processes have that a command starts; its value is that of one run.
_MARK = "_COCOPOT_DEVTOOLS_RUN"
_PROC = Path("/proc")
_END_TIMEOUT = 5.0  # seconds in which processes that were killed end, and start no others
_PAUSE = 0.01  # seconds


class Seconds(click.FloatRange):
    """A time limit in seconds, as an option of a command."""

    def __init__(self) -> None:
        super().__init__(0, _LONGEST, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; `nan`, which is in no range, is rejected as others are."""
        number = float(super().convert(value, param, ctx))
        if number != number:  # noqa: PLR0124 - how nan is recognised
            self.fail(f"{number} is not in the range 0<x<={_LONGEST}.", param, ctx)
        return number


def run_process(
    command: Sequence[str], output: Path, timeout: float, *, cwd: Path, environ: Mapping[str, str]
) -> int | None:
    """Run a command to its end, or end it with all that it started.

    Args:
        command: The command.
        output: The folder in which its output is written to the files `stdout` and `stderr`.
        timeout: How long it may take, in seconds.
        cwd: Its working directory.
        environ: Its environment variables.

    Returns:
        Its status; `None` if it was ended because it took too long.
    """
    mark = secrets.token_hex()
    with output.joinpath("stdout").open("wb") as stdout, output.joinpath("stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - a command of ours
            command,
            cwd=cwd,
            env={**environ, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            _end_marked(f"{_MARK}={mark}".encode())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where there are groups of processes, all that it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def _end_marked(entry: bytes) -> None:
    """End the processes that have left the group, as with `setsid`, where the system has /proc, as Linux.

    Args:
        entry: What their environment has, and that of no other process.
    """
    deadline = time.monotonic() + _END_TIMEOUT
    while (found := [pid for pid in _pids() if entry in _environ_of(pid)]) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)  # then again: one may have started another meanwhile


def _pids() -> list[int]:
    """Return the ids of all processes; none where the system has no /proc."""
    return [int(path.name) for path in _PROC.glob("[0-9]*")]


def _environ_of(pid: int) -> list[bytes]:
    """Return the environment with which a process was started; empty if it has ended, or is not ours."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def read_output(folder: Path, name: str) -> str:
    """Return the text of a file of a process; empty if there is none."""
    file = folder / name
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def signal_name(number: int) -> str:
    """Return the name of a signal; the number of one that has none."""
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)


# -------------------------------------------------------------------------
# This process
# -------------------------------------------------------------------------


@contextmanager
def cleaned_up_after_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `SystemExit`, so that processes are ended and temporary folders removed.

    A signal that is ignored or has a handler is left alone, and so are all of them in other threads.
    """
    replaced: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        numbers = [signal.Signals[name] for name in _ENDING if hasattr(signal, name)]
        replaced = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in replaced:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in replaced:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
    raise SystemExit(128 + number)


# -------------------------------------------------------------------------
# Dumps of faulthandler
# -------------------------------------------------------------------------


def frames_in(dump: str) -> Iterator[tuple[str, int]]:
    """Yield file and line of each frame in a dump, in which the innermost one is first."""
    for frame in _FRAME.finditer(dump):
        yield frame["file"], int(frame["line"])


def innermost_frame(dump: str) -> str:
    """Return `file:line` of the innermost frame outside of the standard library; empty if there is none.

    Args:
        dump: The stacks of all threads; that of a crash is marked as current, that of the main thread last.
    """
    _, current, stack = dump.partition("Current thread ")
    stack = stack.partition("\n\n")[0] if current else dump.rpartition("\n\n")[2]
    library = sysconfig.get_path("stdlib")
    for file, line in frames_in(stack):
        is_installed = "site-packages" in file or "dist-packages" in file
        if not file.startswith("<") and (is_installed or not file.startswith(library)):
            return f"{file}:{line}"
    return ""
