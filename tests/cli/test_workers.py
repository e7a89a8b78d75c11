"""`cocopot run --workers N`: for production, with granian or another server."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot import Cocopot
from cocopot.cli import main
from tests.cli.processes import serving
from tests.cli.support import Ready

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import os
from pathlib import Path
from cocopot import Cocopot, hookimpl

class Notes:
    @hookimpl
    def cocopot_startup(self, app):
        Path(f"started-{os.getpid()}").touch()

    @hookimpl
    def cocopot_shutdown(self, app):
        Path(f"ended-{os.getpid()}").touch()

def create_app(name):
    app = Cocopot(name, autoload=False, plugins=[Notes])
    app.add_url_rule("/", "index", lambda: f"{name} {app.debug}")
    return app
"""


def pids(folder: Path, what: str) -> set[str]:
    return {path.name.partition("-")[2] for path in folder.glob(f"{what}-*")}


def test_workers(tmp_path: Path) -> None:
    """Each worker starts the application before its first request; SIGTERM closes it in each."""
    (tmp_path / "shop.py").write_text(APP)
    with serving(tmp_path, "--app", "shop:create_app('shop')", "run", "--workers", "2") as server:
        assert server.get() == (200, "shop False")
        server.wait_for(lambda: len(pids(tmp_path, "started")) == 2)
        assert " * Cocopot app 'shop', debug mode off\n * Plugins:\n" in server.log
        assert server.terminate() == 0
        started = pids(tmp_path, "started")
        assert pids(tmp_path, "ended") == started
        assert str(server.process.pid) not in started


@pytest.mark.parametrize(
    "args",
    [
        ["--debug"],
        ["--reload"],
        ["--debugger"],
        ["--extra-files", "a"],
        ["--exclude-patterns", "a"],
        ["--cert", "adhoc"],
    ],
)
def test_development_options(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Options for development are rejected beside it, before any requirement is checked."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    app = Ready(Cocopot("x", autoload=False))
    result = CliRunner().invoke(main, ["run", "--workers", "2", *args], obj=app, env={"COCOPOT_DEBUG": None})
    assert result.exit_code == 2
    assert f"--workers is for production, and {args[0]} " in result.output
    assert " for development: choose one." in result.output


def test_debug_mode() -> None:
    """An application in debug mode is not served; the message names what switched it on."""
    app = Cocopot("x", autoload=False)
    app.debug = True
    result = CliRunner().invoke(main, ["run", "--workers", "2"], obj=Ready(app))
    assert result.exit_code == 1
    assert f"debug mode is on (code {__file__}" in result.output


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("granian", "--workers needs granian: pip install 'cocopot[serve]'."),
        ("gunicorn", "--server gunicorn needs gunicorn: pip install 'cocopot[gunicorn]'."),
        ("waitress", "--server waitress needs waitress: pip install 'cocopot[waitress]'."),
        ("bjoern", "--server bjoern needs bjoern: pip install 'cocopot[bjoern]'."),
    ],
)
def test_a_server_is_missing(monkeypatch: pytest.MonkeyPatch, server: str, message: str) -> None:
    """Without the server the message names what to install, also if the environment chooses it."""
    monkeypatch.setitem(sys.modules, server, None)
    app, variables = Ready(Cocopot("x", autoload=False)), {"COCOPOT_RUN_SERVER": server}
    result = CliRunner().invoke(main, ["run", "--workers", "1"], obj=app, env=variables)
    assert (result.exit_code, result.output) == (1, f"Error: {message}\n")


@pytest.mark.parametrize("server", ["gunicorn", "bjoern"])
def test_a_platform_without_the_server(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """Where a server does not run, the message names those that do."""
    monkeypatch.setattr("cocopot.cli.servers.base.HAS_POSIX", False)
    app = Ready(Cocopot("x", autoload=False))
    result = CliRunner().invoke(main, ["run", "--workers", "1", "--server", server], obj=app)
    message = f"Error: {server} does not run on this platform: choose granian or waitress.\n"
    assert (result.exit_code, result.output) == (1, message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--server gunicorn", "--server is for production: pass --workers too."),
        ("--threads 2", "--threads is for production: pass --workers too."),
        ("--workers 1 --server nginx", "'nginx' is not one of 'granian', 'gunicorn', 'waitress', 'bjoern'."),
        ("--workers 1 --threads 0", "0 is not in the range 1<=x<=1000."),
        ("--workers 1 --threads 2 --without-threads", "--threads 2 and --without-threads contradict each"),
        ("--workers 1 --threads 1 --with-threads", "--threads 1 and --with-threads contradict each other"),
        ("--workers 1 --server bjoern --threads 2", "bjoern has no threads: omit --threads"),
        ("--workers 1 --server bjoern --with-threads", "bjoern has no threads: omit --threads"),
        ("--workers 1 --server bjoern --access-log", "bjoern has no access log: omit --access-log"),
        ("--workers 1 --server waitress --access-log", "waitress has no access log: omit --access-log"),
        ("--workers 1 --server bjoern --cert CERT", "bjoern has no TLS: omit --cert"),
        ("--workers 1 --server waitress --cert CERT", "waitress has no TLS: omit --cert"),
        ("--workers 1 --server bjoern --host ::1", "bjoern has no IPv6: pass an IPv4 address as --host"),
    ],
)
def test_options_that_a_server_has_not(
    args: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option that the server would ignore is an error at the start, and names what to do."""
    monkeypatch.setattr("cocopot.cli.servers.base.find_spec", lambda _name: object())  # all are installed
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout c.pem -out c.pem"
    if "CERT" in args:
        subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    words = args.replace("CERT", str(tmp_path / "c.pem")).split()
    result = CliRunner().invoke(main, ["run", *words, "--port", "0"], obj=Ready(Cocopot("x", autoload=False)))
    assert result.exit_code == 2
    assert message in result.output
