"""`cocopot run --workers N`: granian, for production."""

from __future__ import annotations

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


def test_granian_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without granian the message names what to install."""
    monkeypatch.setitem(sys.modules, "granian", None)
    result = CliRunner().invoke(main, ["run", "--workers", "1"], obj=Ready(Cocopot("x", autoload=False)))
    assert (result.exit_code, result.output) == (
        1,
        "Error: --workers needs granian: pip install 'cocopot[serve]'.\n",
    )
