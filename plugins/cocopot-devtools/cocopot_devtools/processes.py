"""Processes with a time limit, which are ended with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
    with output.joinpath("stdout").open("wb") as stdout, output.joinpath("stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - a command of ours
            command,
            cwd=cwd,
            env=environ,
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


def read_output(folder: Path, name: str) -> str:
    """Return the text of a file of a process; empty if there is none."""
    file = folder / name
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def signal_name(number: int) -> str:
    """Return the name of a signal; the number of one that has none."""
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)
