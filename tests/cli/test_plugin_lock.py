from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot.cli import main
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from cocopot.testing.distributions import InstalledPlugin

    Run = Callable[..., Result]

APP = """
from cocopot import Cocopot
app = Cocopot("locked", autoload={"visits"})
"""
VISITS = """
from cocopot import hookimpl
@hookimpl
def cocopot_startup(app): ...
"""


@pytest.fixture
def visits() -> Iterator[InstalledPlugin]:
    with installed_plugin("visits", VISITS, version="1.2") as plugin:
        yield plugin


@pytest.fixture
def run(folder: Path) -> Run:
    """Run `cocopot plugins lock` in a folder with an application."""
    (folder / "app.py").write_text(APP, "utf-8")

    def invoke(*arguments: str) -> Result:
        sys.modules.pop("app", None)
        return CliRunner().invoke(main, ["plugins", "lock", *arguments])

    return invoke


def test_write_and_verify(run: Run, visits: InstalledPlugin) -> None:
    """The loaded plugins are written, and compared; what has changed is a line each, and status 1."""
    assert run().output == "cocopot-plugins.lock: visits 1.2.\n"
    result = run("--verify")
    assert result.stdout == "cocopot-plugins.lock: everything is as it was locked: visits.\n"
    assert result.exit_code == 0
    (visits.path / "cocopot_visits.py").write_text(VISITS + "1", "utf-8")
    result = run("--verify")
    assert (result.exit_code, result.stdout) == (1, "visits: cocopot_visits.py has changed.\n")


@pytest.mark.usefixtures("visits")
def test_what_is_not_in_the_lock_is_a_note(run: Run) -> None:
    """An installed plugin that the application may not select is not a difference."""
    run("x.lock")
    with installed_plugin("extra", ""):
        result = run("x.lock", "--verify")
    assert result.exit_code == 0
    assert "extra: cocopot-extra 1.0.0 is installed and not in the lock; it is refused if" in result.stderr


def test_a_locked_plugin_that_is_not_installed(run: Run) -> None:
    """It is a difference."""
    with installed_plugin("visits", VISITS, version="1.2"):
        run("x.lock")
    result = run("x.lock", "--verify")
    assert (result.exit_code, result.stdout) == (1, "visits: cocopot-visits 1.2 is not installed.\n")


def test_the_variable_names_the_lock(
    run: Run, visits: InstalledPlugin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that has changed since can be locked again."""
    path = str(folder / "own.lock")
    monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", path)
    assert run().exit_code == 0
    (visits.path / "cocopot_visits.py").write_text(VISITS + "1", "utf-8")
    assert run("--verify", path).exit_code == 1
    monkeypatch.setenv("COCOPOT_PLUGIN_LOCK", path)
    assert run().output == f"{path}: visits 1.2.\n"
    assert run("--verify", path).exit_code == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "the application cannot be loaded: division by zero"),
        (APP.replace("visits", "absent"), "the plugin 'absent' failed."),
    ],
)
def test_nothing_is_written_after_an_error(run: Run, folder: Path, source: str, message: str) -> None:
    """A lock without a plugin that failed would refuse it from then on."""
    (folder / "app.py").write_text(source, "utf-8")
    result = run("x.lock")
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (folder / "x.lock").exists()


@pytest.mark.usefixtures("visits")
def test_a_lock_that_cannot_be_read_or_written(run: Run) -> None:
    """One sentence, without a traceback."""
    assert "cannot be read: No such file or directory." in run("x.lock", "--verify").stderr
    assert "no/x.lock cannot be written: No such file or directory." in run("no/x.lock").stderr
