"""The reloader: which files it watches, and what a child that fails does."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.processes import serving
from tests.processes import clean_environ, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

APP = """
import os
from pathlib import Path
from cocopot import Cocopot, hookimpl

class Notes:
    plugin_name = "notes"

    @hookimpl
    def cocopot_startup(self, app):
        if app.config.get("BROKEN"):
            raise OSError("no database")

    @hookimpl
    def cocopot_shutdown(self, app):
        Path("events").open("a").write("shutdown\\n")

app = Cocopot("shop", autoload=False, plugins=[Notes], root_path=os.getcwd())
app.config.{read}
app.add_url_rule("/", "index", lambda: f"size {{app.config['SIZE']}}")
"""

READERS = {
    "settings.toml": ('from_toml("settings.toml")', "SIZE = 1\n"),
    "settings.json": ('from_json("settings.json")', '{"SIZE": 1}\n'),
    "settings.cfg": ('from_pyfile("settings.cfg")', "SIZE = 1\n"),
}


def write(folder: Path, file: str = "settings.toml") -> None:
    read, text = READERS[file]
    (folder / "app.py").write_text(APP.format(read=read))
    (folder / file).write_text(text)


@pytest.mark.parametrize("file", READERS)
def test_a_configuration_file_is_watched(tmp_path: Path, file: str) -> None:
    """A change of a file that the configuration was read from is served, also after one with an error."""
    write(tmp_path, file)
    text = READERS[file][1]
    with serving(tmp_path, "run", "--reload") as server:
        assert server.get() == (200, "size 1")
        (tmp_path / file).write_text(text.replace("1", "[1"))
        server.wait_for(lambda: server.get()[0] == 500)
        (tmp_path / file).write_text(text.replace("1", "2"))
        server.wait_for(lambda: server.get() == (200, "size 2"))
        assert server.log.count("Running on") == 1


def test_a_start_that_fails_after_a_change(tmp_path: Path) -> None:
    """It is shown as an error and served as a 500; the change that fixes it is served."""
    write(tmp_path)
    with serving(tmp_path, "run", "--reload") as server:
        server.get()
        (tmp_path / "settings.toml").write_text("SIZE = 1\nBROKEN = true\n")
        server.wait_for(lambda: server.get()[0] == 500)
        assert "Error: Plugin 'notes' failed in cocopot_startup: OSError: no database" in server.log
        (tmp_path / "settings.toml").write_text("SIZE = 3\n")
        server.wait_for(lambda: server.get() == (200, "size 3"))


def test_the_pin_of_the_debugger_stays(tmp_path: Path) -> None:
    """The PIN is the same while the application cannot be imported, so that it need not be typed again."""
    write(tmp_path)
    with serving(tmp_path, "run", "--debug") as server:
        server.get()
        source = (tmp_path / "app.py").read_text()
        for text, status in ("not a program\n", 500), (source, 200):
            (tmp_path / "app.py").write_text(text)
            server.wait_for(lambda: server.get()[0] == status)  # noqa: B023
        pins = re.findall(r"Debugger PIN: ([\d-]+)", server.log)
    assert len(pins) == 3
    assert len(set(pins)) == 1


def wait_until_none_is_left(group: int) -> None:
    with suppress(ProcessLookupError):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        pytest.fail("a process is left")


@pytest.fixture
def hangup_ends() -> Iterator[None]:
    """Make SIGHUP end the processes that a test starts, also where the tests run under nohup."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_no_process_is_left(tmp_path: Path, number: signal.Signals, send: Callable[[int, int], None]) -> None:
    """A signal to the command, or by the terminal to both processes, ends them with the shutdown hooks."""
    write(tmp_path)
    with serving(tmp_path, "run", "--reload") as server:
        server.get()
        send(server.process.pid, number)
        assert server.process.wait(20) == 0
        assert (tmp_path / "events").read_text() == "shutdown\n"
        wait_until_none_is_left(server.process.pid)


def test_a_child_ends_without_its_parent(tmp_path: Path) -> None:
    """If the command is killed, the process that it has started runs its shutdown hooks, frees the port."""
    write(tmp_path)
    with serving(tmp_path, "run", "--reload") as server:
        server.get()
        server.process.kill()
        deadline = time.monotonic() + 10
        with suppress(ConnectionRefusedError):
            while time.monotonic() < deadline:
                socket.create_connection(("127.0.0.1", server.port), 5).close()
                time.sleep(0.05)
            pytest.fail("the port is taken")
        assert (tmp_path / "events").read_text() == "shutdown\n"


def run(tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        cwd=tmp_path,
        env=clean_environ(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("options", [{"debug": False}, {"debug": True}])
@pytest.mark.parametrize("by_command", [False, True])
def test_a_start_that_fails(tmp_path: Path, options: dict[str, Any], by_command: bool) -> None:
    """A startup hook that fails is one message, in place of the address, and exit code 1."""
    write(tmp_path)
    (tmp_path / "settings.toml").write_text("SIZE = 1\nBROKEN = true\n")
    port = free_port()
    if by_command:
        debug = ["--debug"] if options["debug"] else []
        result = run(tmp_path, "-m", "cocopot", "run", "--port", str(port), *debug)
    else:
        with (tmp_path / "app.py").open("a") as file:
            file.write(f"app.run(port={port}, **{options})\n")
        result = run(tmp_path, "app.py")
    assert result.returncode == 1
    assert result.stderr.count("Error: Plugin 'notes' failed in cocopot_startup: OSError: no database\n") == 1
    assert "set COCOPOT_DISABLE_PLUGINS=notes." in result.stderr
    assert "Running on" not in result.stderr
    assert "Traceback" not in result.stderr
