"""What tests need that start processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def clean_environ(**variables: str) -> dict[str, str]:
    """Return this process's environment without what changes a command or Python, and with some variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COCOPOT", "_COCOPOT", "PYTHON", "WERKZEUG_", "COV_"))
    }
    return {**kept, **variables}


def free_port() -> int:
    """Return a port that no code listens on, and that no other process of pytest-xdist returns meanwhile."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        if port // 2 % count == number:  # Linux returns odd ports
            return port


def stop_session(process: subprocess.Popen[bytes]) -> None:
    """End a process that is the leader of its own session, and what it has started."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that is the leader of its own session, and what it has started."""
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)


def run_script(script: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a separate process."""
    script.write_text(text)
    return subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until a condition holds that asks a server, and fail the test after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            if condition():
                return
        time.sleep(0.05)
    pytest.fail("it does not happen")
