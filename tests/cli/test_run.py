from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cocopot.cli.run import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDER = """
class Recorder:
    calls = []
    debug = False

    def run(self, *args, **kwargs):
        self.calls.append((args, kwargs))

app = Recorder()
other = Recorder()
"""

SERVED = """
from cocopot import Cocopot

app = Cocopot(__name__, autoload=False)
app.add_url_rule("/", "home", lambda: "served by the command")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Write a module whose applications note how they are run, and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"recorder_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(RECORDER)
    yield name
    sys.modules.pop(name, None)


class TestArguments:
    @pytest.mark.parametrize(
        ("suffix", "args", "which", "expected"),
        [
            ("", [], "app", ((None, None), {"debug": False})),
            (":", [], "app", ((None, None), {"debug": False})),
            (":other", ["--debug"], "other", ((None, None), {"debug": True})),
            (
                ":app",
                ["--host", "h", "--port", "80", "--no-debug"],
                "app",
                (("h", 80), {"debug": False}),
            ),
        ],
    )
    def test_passed_on(self, module: str, suffix: str, args: list[str], which: str, expected: Any) -> None:
        """The command finds the application in the working directory and runs it as it is told."""
        result = CliRunner().invoke(run_command, [f"{module}{suffix}", *args], catch_exceptions=False)
        assert result.exit_code == 0
        assert getattr(sys.modules[module], which).calls == [expected]

    @pytest.mark.parametrize("args", [["--port", "many"], ["--fly"], ["a", "b"]])
    def test_usage(self, args: list[str]) -> None:
        """What the command does not understand is a usage error."""
        assert CliRunner().invoke(run_command, args).exit_code == 2

    @pytest.mark.parametrize("name", ["no_such_module", "json:nothing"])
    def test_not_found(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A module or a name in it that is not there is an error that names it."""
        monkeypatch.setattr(sys, "path", [*sys.path])
        result = CliRunner().invoke(run_command, [name])
        assert result.exit_code == 1
        assert name.partition(":")[2] in f"{result.output}{result.exception}"
        assert name.partition(":")[0] in f"{result.output}{result.exception}"


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
