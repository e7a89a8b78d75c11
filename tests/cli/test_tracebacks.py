"""How errors of an application and of a plugin are shown."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cocopot.testing import installed_plugin
from tests.cli.processes import cocopot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKEN_PLUGIN = """
def helper():
    return 1 / 0

helper()
"""
UNKNOWN_HOOK = """
from cocopot import hookimpl

@hookimpl
def cocopot_befor_request():
    pass
"""
BROKEN_SETUP = """
from cocopot import hookimpl

@hookimpl
def cocopot_setup(app):
    raise ValueError("not today")
"""
COMMAND = """
import click
from cocopot import Cocopot

app = Cocopot("shop", autoload=False)

@app.cli.command()
def fails():
    raise LookupError("in the command")
"""


def frames(stderr: str) -> list[str]:
    """Return the files and lines of a traceback."""
    return [line.strip().rpartition(", in ")[0] for line in stderr.splitlines() if line.startswith("  File")]


@contextmanager
def with_plugin(folder: Path, source: str) -> Iterator[Path]:
    """Install a plugin, beside an application that asks for it, and give its module."""
    (folder / "app.py").write_text("from cocopot import Cocopot\napp = Cocopot('x', autoload={'broken'})\n")
    with installed_plugin("broken", source, version="2.1") as plugin:
        yield plugin.path / "cocopot_broken.py"


def test_error_of_the_application(tmp_path: Path) -> None:
    """The traceback begins with the application's first frame, without those of the command."""
    (tmp_path / "shop.py").write_text("import shop_inner\n")
    (tmp_path / "shop_inner.py").write_text("\nint('x')\n")
    result = cocopot(tmp_path, "--app", "shop", "routes")
    assert (result.returncode, result.stdout) == (1, "")
    assert frames(result.stderr) == [
        f'File "{tmp_path / "shop.py"}", line 1',
        f'File "{tmp_path / "shop_inner.py"}", line 2',
    ]
    assert result.stderr.endswith("ValueError: invalid literal for int() with base 10: 'x'\n")


def test_syntax_error(tmp_path: Path) -> None:
    """A syntax error is shown with its line, and no other frame."""
    (tmp_path / "app.py").write_text("x = 1\nx = = 2\n")
    result = cocopot(tmp_path, "config")
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == f'  File "{tmp_path / "app.py"}", line 2'
    assert result.stderr.endswith("SyntaxError: invalid syntax\n")


def test_error_of_a_command(tmp_path: Path) -> None:
    """The same is true for an exception of a command of the application."""
    (tmp_path / "app.py").write_text(COMMAND)
    result = cocopot(tmp_path, "fails")
    assert result.returncode == 1
    assert frames(result.stderr) == [f'File "{tmp_path / "app.py"}", line 9']
    assert result.stderr.endswith("LookupError: in the command\n")


def test_no_application(tmp_path: Path) -> None:
    """Where there is none, there is a message and no traceback."""
    result = cocopot(tmp_path, "routes")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: There is no application. Tried: ")


def test_plugin_that_cannot_be_imported(tmp_path: Path) -> None:
    """The traceback of the cause has the plugin's frames only; then the message names the plugin."""
    with with_plugin(tmp_path, BROKEN_PLUGIN) as plugin:
        result = cocopot(tmp_path, "routes", PYTHONPATH=str(plugin.parent))
    assert result.returncode == 1
    assert frames(result.stderr) == [f'File "{plugin}", line 5', f'File "{plugin}", line 3']
    assert "\nError: Plugin 'broken' (cocopot-broken 2.1, cocopot_broken) failed to load: " in result.stderr
    assert result.stderr.endswith("or set COCOPOT_DISABLE_PLUGINS=broken.\n")


def test_plugin_that_cannot_be_set_up(tmp_path: Path) -> None:
    """The same is true for an exception of its `cocopot_setup`: the compiled hook call is not shown."""
    with with_plugin(tmp_path, BROKEN_SETUP) as plugin:
        result = cocopot(tmp_path, "routes", PYTHONPATH=str(plugin.parent))
    assert result.returncode == 1
    assert frames(result.stderr) == [f'File "{plugin}", line 6']
    assert "\nError: Plugin 'broken' (cocopot-broken 2.1, " in result.stderr


def test_plugin_that_breaks_the_contract(tmp_path: Path) -> None:
    """An error whose message is complete has no traceback."""
    with with_plugin(tmp_path, UNKNOWN_HOOK) as plugin:
        result = cocopot(tmp_path, "routes", PYTHONPATH=str(plugin.parent))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: Plugin 'broken' (cocopot-broken 2.1, cocopot_broken) implements")
    assert "Did you mean 'cocopot_before_request'?" in result.stderr
    assert frames(result.stderr) == []


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"raise RuntimeError('\ud800 \x1b[2J')", r"RuntimeError: \ud800 \x1b[2J"),
        ("raise GeneratorExit('gone')", "GeneratorExit: gone"),
    ],
)
def test_plugin_that_raises_something_odd(tmp_path: Path, source: str, shown: str) -> None:
    """What a terminal cannot show, or would obey, is escaped, and no exception gets past the message."""
    with with_plugin(tmp_path, source) as plugin:
        path = str(plugin.parent)
        routes = cocopot(tmp_path, "routes", PYTHONPATH=path)
        checks = [cocopot(tmp_path, "plugins", "--check", *v, PYTHONPATH=path) for v in ([], ["-v"])]
    assert f"\nError: Plugin 'broken' (cocopot-broken 2.1, cocopot_broken) failed to load: {shown}\n" in (
        routes.stderr
    )
    assert frames(routes.stderr) == [f'File "{plugin}", line 1']
    for result in checks:
        assert (result.returncode, shown in result.stdout) == (1, True)
        assert "\x1b" not in result.stdout + result.stderr


def test_invalid_configuration(tmp_path: Path) -> None:
    """An invalid configuration is a message without a traceback, with each key and its origin."""
    (tmp_path / "app.py").write_text(
        "from cocopot import Cocopot\napp = Cocopot(__name__)\napp.config.from_prefixed_env()\napp.start()\n"
    )
    result = cocopot(tmp_path, "routes", COCOPOT_MAX_FORM_PARTS="many", COCOPOT_JSON_MIMETYPE="json")
    assert result.returncode == 1
    assert frames(result.stderr) == []
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: The configuration has invalid values:"
    assert lines[1].startswith("  JSON_MIMETYPE = 'json' (environment COCOPOT_JSON_MIMETYPE): it must be")
    assert lines[2].startswith("  MAX_FORM_PARTS = 'many' (environment COCOPOT_MAX_FORM_PARTS): it must be")


def test_application_that_raises_something_odd(tmp_path: Path) -> None:
    """An exception of the application that is not an `Exception` is shown like any other."""
    (tmp_path / "app.py").write_text("raise GeneratorExit('gone')\n")
    for command in ("routes", "unknown", "--help"):
        result = cocopot(tmp_path, command)
        assert result.returncode == (command != "--help")
        assert "GeneratorExit: gone" in result.stdout + result.stderr
        assert "/click/" not in result.stderr
