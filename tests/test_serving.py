"""The development server: its address, its banner, and access to the debugger."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from cocopot import Cocopot, hookimpl
from cocopot.serving import _allow_debugger, _RequestHandler, _split_server_name, is_loopback, print_banner
from cocopot.testing import installed_plugin
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


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "app.localhost",
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "unix:///run/app.sock",
    ],
)
def test_hosts_that_only_this_machine_reaches(host: str) -> None:
    """The names and addresses of the loopback interface, and sockets of the file system."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "[::]",
        "",
        "192.168.0.1",
        "128.0.0.1",
        "fe80::1",
        "example.com",
        "localhost.example.com",
        "notlocalhost",
        "127.0.0.1.example.com",
        "127.1",
        "2130706433",
        "/run/app.sock",
    ],
)
def test_hosts_that_others_may_reach(host: str) -> None:
    """All other addresses, and names that can resolve to any address."""
    assert not is_loopback(host)


def test_warning_that_the_debugger_stays_off() -> None:
    """The warning names the host, and the argument that enables the debugger anyway."""
    with pytest.warns(RuntimeWarning, match=r"listens on example\.com.*use_debugger=True"):
        assert not _allow_debugger("example.com")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _allow_debugger("localhost")


@pytest.mark.parametrize(
    ("server_name", "expected"),
    [
        (None, (None, None)),
        ("", (None, None)),
        ("example.com", ("example.com", None)),
        ("example.com:8000", ("example.com", 8000)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:8000", ("::1", 8000)),
        ("[::1]", ("::1", None)),
        (":8000", (None, 8000)),
    ],
)
def test_host_and_port_of_server_name(server_name: str | None, expected: Any) -> None:
    """SERVER_NAME gives the host and, if there is one, the port; also with an IPv6 address."""
    assert _split_server_name(server_name) == expected


# -------------------------------------------------------------------------
# The banner
# -------------------------------------------------------------------------


class Plugin:
    """A plugin that does nothing."""

    @hookimpl
    def cocopot_before_request(self) -> None:
        """Do nothing."""


def test_the_banner_names_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    """The banner shows debug mode, and "none" without plugins."""
    app = Cocopot("shop", autoload=False)
    print_banner(app)
    app.debug = True
    print_banner(app)
    assert capsys.readouterr().err.splitlines() == [
        " * Cocopot app 'shop', debug mode off",
        " * Plugins: none",
        " * Cocopot app 'shop', debug mode on",
        " * Plugins: none",
    ]


def test_the_banner_lists_a_plugin_without_a_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """A plugin that was passed in by code is listed by its name."""
    app = Cocopot("shop", autoload=False, plugins=[Plugin()])
    print_banner(app)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == " * Plugins:"
    assert "Plugin" in lines[2]
    assert "(" not in lines[2]


PLUGIN = """
from cocopot import hookimpl

@hookimpl
def cocopot_before_request(request):
    return None
"""


def test_the_banner_lists_plugins_with_distribution_and_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed plugins are listed in load order, with distribution and version."""
    monkeypatch.delenv("COCOPOT_PLUGINS", raising=False)
    with (
        installed_plugin("zeta", PLUGIN, version="1.5"),
        installed_plugin("alpha", PLUGIN, version="0.3"),
    ):
        print_banner(Cocopot("shop", autoload={"zeta", "alpha"}))
    assert capsys.readouterr().err.splitlines()[1:] == [
        " * Plugins:",
        "     alpha  (cocopot-alpha 0.3)",
        "     zeta  (cocopot-zeta 1.5)",
    ]


# -------------------------------------------------------------------------
# Where it listens
# -------------------------------------------------------------------------


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


# -------------------------------------------------------------------------
# The access log
# -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        *((b"/%0aERROR%1b[31m", "/%0aERROR%1b[31m"), (b"/%E2%80%A8%E2%80%AE", r"/\u2028\u202e")),
        *((b"/%C2%9B", r"/\x9b"), (b"/\x1b[31m\xc2\x85", r"/\x1b[31m"), (b"/a?b=%0d%0aX", "%0d%0aX")),
        *((b"/" + b"x" * 5000, "... (5014 characters)"), (b"/gr%C3%BC%C3%9Fe", "/grüße")),
    ],
)
def test_the_access_log_cannot_be_forged(target: bytes, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each request is one line of the access log, in which what the client sent is escaped and bounded."""
    app = Cocopot("access_log", autoload=False)
    server = make_server("127.0.0.1", 0, app, request_handler=_RequestHandler)
    with caplog.at_level("INFO", "werkzeug"), ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        try:
            with socket.create_connection(("127.0.0.1", server.port), 5) as client:
                client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert client.recv(100).split()[1] in {b"404", b"400"}
        finally:
            server.shutdown()
    server.server_close()
    (line,) = caplog.messages
    assert shown in line
    assert re.sub(r"\x1b\[\d+m", "", line).isprintable()
