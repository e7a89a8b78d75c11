from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SERVED = """
from cocopot import Cocopot

app = Cocopot(__name__, autoload=False)
app.add_url_rule("/", "home", lambda: "served by the command")
"""


@pytest.mark.parametrize("args", [["--port", "many"], ["--fly"], ["a"]])
def test_usage(args: list[str]) -> None:
    """What the command does not understand is a usage error."""
    assert CliRunner().invoke(main, ["run", *args]).exit_code == 2


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def fetch(port: int) -> str:
    """Ask the server, until it listens."""
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()
    pytest.fail("the server does not listen")


def test_serves(tmp_path: Path) -> None:
    """`python -m cocopot run` serves the application `app` of `app.py` in the working directory."""
    (tmp_path / "app.py").write_text(SERVED)
    port = free_port()
    command = [sys.executable, "-m", "cocopot", "run", "--port", str(port)]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            assert fetch(port) == "served by the command"
        finally:
            server.terminate()
            server.communicate(timeout=20)
