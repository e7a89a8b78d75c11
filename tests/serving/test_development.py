"""The development server: where it listens."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import os
from cocopot import Cocopot
app = Cocopot("served", autoload=False)
app.config["SERVER_NAME"] = {server_name!r}
app.add_url_rule("/", "index", lambda: str(os.environ.get("WERKZEUG_RUN_MAIN")))
app.run(**{options!r})
"""


@contextlib.contextmanager
def started(tmp_path: Path, server_name: str | None, options: dict[str, Any]) -> Iterator[Path]:
    """Run a program that serves, for as long as the block takes; give its log."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(server_name=server_name, options=options))
    log = tmp_path / "log"
    with log.open("wb") as file, subprocess.Popen([sys.executable, str(program)], stderr=file) as process:
        try:
            yield log
        finally:
            process.terminate()


def answer_from(port: int) -> str:
    """Return the body of the response of the server at a port, when it is ready."""
    deadline = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        else:
            break
    with connection, connection.makefile("rb") as answer:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return answer.read().partition(b"\r\n\r\n")[2].decode()


def test_host_and_port_come_split_server_name(tmp_path: Path) -> None:
    """Without arguments, run() uses SERVER_NAME."""
    port = free_port()
    with started(tmp_path, f"localhost:{port}", {"debug": False}) as log:
        assert answer_from(port) == "None"
    assert f"Running on http://localhost:{port}" in log.read_text()


def test_arguments_of_run_take_precedence(tmp_path: Path) -> None:
    """Host and port passed to run() override SERVER_NAME."""
    port = free_port()
    options = {"host": "127.0.0.1", "port": port, "debug": False}
    with started(tmp_path, "example.com:1", options) as log:
        assert answer_from(port) == "None"
    assert f"Running on http://127.0.0.1:{port}" in log.read_text()


def test_the_default_port(tmp_path: Path) -> None:
    """The default is port 5000 of this machine; if it is in use, a message reports it."""
    with started(tmp_path, None, {"debug": False}) as log:
        deadline = time.monotonic() + 20
        while "5000" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert re.search(r"Running on http://127\.0\.0\.1:5000|Port 5000 is in use", log.read_text())


def test_the_banner_is_shown_once_under_the_reloader(tmp_path: Path) -> None:
    """The process that the reloader starts serves, and does not repeat the banner."""
    port = free_port()
    with started(tmp_path, None, {"port": port, "reloader_type": "stat"}) as log:
        assert answer_from(port) == "true"
    assert log.read_text().count("Cocopot app 'served', debug mode on") == 1


def test_a_server_name_of_another_machine(tmp_path: Path) -> None:
    """A public name supplies the port; the server listens on this machine."""
    port = free_port()
    with started(tmp_path, f"shop.invalid:{port}", {"debug": False}) as log:
        assert answer_from(port) == "None"
    assert f"Running on http://127.0.0.1:{port}" in log.read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "shop.invalid"}, "Error: The host 'shop.invalid' cannot be resolved: "),
        ({"host": "192.0.2.1"}, "Error: 192.0.2.1 is not an address of this machine: "),
        ({"port": 99999}, "Error: 99999 is not a port: "),
    ],
)
def test_an_address_that_is_none(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """run() ends with a sentence and exit code 1."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(server_name=None, options=options))
    result = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(message)


def test_an_option_that_does_not_exist() -> None:
    """An unknown option of run() is an error that names it."""
    app = Cocopot("served", autoload=False)
    with pytest.raises(TypeError, match="'hots'"):
        app.run(port=0, debug=False, hots="localhost")


@pytest.mark.parametrize("seconds", [-1, "abc", None, float("inf"), float("nan"), 10**10])
def test_a_limit_that_is_none(seconds: Any) -> None:
    """A limit that no thread can wait for is an error before the server starts."""
    app = Cocopot("served", autoload=False)
    with pytest.raises(ValueError, match=r"graceful_timeout is .*: pass seconds, from 0 to 86400"):
        app.run(port=0, debug=False, graceful_timeout=seconds)


def test_a_unix_socket(tmp_path: Path) -> None:
    """The host may be the path of a socket."""
    path = tmp_path / "socket"
    with started(tmp_path, None, {"host": f"unix://{path}", "debug": False}) as log:
        deadline = time.monotonic() + 20
        while "Running on" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.")
    assert f"Running on unix://{path}" in log.read_text()
