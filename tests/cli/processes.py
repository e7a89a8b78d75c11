"""The command in a separate process, for what only a process can show."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.processes import clean_environ, free_port, kill_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_COMMAND = (sys.executable, "-m", "cocopot")
_DEADLINE = 30.0  # seconds for something to happen


def cocopot(
    folder: Path, *args: str, command: Sequence[str] = _COMMAND, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, to its end; by default that of this environment."""
    return subprocess.run(
        [*command, *args],
        cwd=folder,
        env=clean_environ(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Server:
    """A command that serves, on a port of this machine.

    Args:
        port: The port.
        log: What the command prints.
        process: Its process.
    """

    def __init__(self, port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._log = log
        self.process = process

    @property
    def log(self) -> str:
        return self._log.read_text()

    def get(self, path: str = "/", *, tls: bool = False) -> tuple[int, str]:
        """Return status and body of the answer, once there is one."""
        answers: list[tuple[int, str]] = []

        def ask() -> bool:
            with suppress(OSError, http.client.HTTPException):
                answers.append(self._ask(path, tls=tls))
            return bool(answers)

        self.wait_for(ask)
        return answers[0]

    def _ask(self, path: str, *, tls: bool) -> tuple[int, str]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        if tls:
            context = ssl._create_unverified_context()
            client = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        with closing(client):
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read().decode()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + _DEADLINE
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                pytest.fail(f"it does not happen; the log is:\n{self.log}")
            time.sleep(0.05)

    def terminate(self) -> int:
        """End the command as a supervisor does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(_DEADLINE)


@contextmanager
def serving(
    folder: Path, *args: str, command: Sequence[str] = _COMMAND, **variables: str
) -> Iterator[Server]:
    """Run `cocopot ARGS --port PORT` in a folder, for as long as the block takes."""
    port, log = free_port(), folder / "log"
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [*command, *args, "--port", str(port)],
            cwd=folder,
            env=clean_environ(PYTHONUNBUFFERED="1", **variables),
            stdout=file,
            stderr=file,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Server(port, log, process)
        finally:
            kill_session(process)
