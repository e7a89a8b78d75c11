"""The `cocopot` command itself: what it states, and what it can do."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

import cocopot
from cocopot.cli import COMMANDS, main
from tests.processes import clean_environ

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("args", "text"),
    [(["--version"], "version"), (["--help"], "run "), (["run", "--help"], "--host")],
)
def test_output(folder: Path, args: list[str], text: str) -> None:
    """The command states its version and what it can do."""
    result: Any = CliRunner().invoke(main, args, prog_name="cocopot")
    assert result.exit_code == 0
    assert text in result.output


@pytest.mark.parametrize("command", ["config", "routes", "plugins"])
def test_documents(folder: Path, command: str) -> None:
    """What an application prints while it is imported is not among what a command prints."""
    folder.joinpath("app.py").write_text(
        "from cocopot import Cocopot\nprint('hello')\napp = Cocopot(__name__, autoload=False)\n"
    )
    result = CliRunner().invoke(main, [command, "--json"])
    assert json.loads(result.stdout)
    assert result.stderr == "hello\n"


def test_version_in_pure_python(folder: Path) -> None:
    """The version states if nothing of it is compiled."""
    command = [sys.executable, "-m", "cocopot", "--version"]
    environ = clean_environ(COCOPOT_PURE_PYTHON="1")
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert result.stdout == "cocopot, version 1.0.0, nothing compiled\n"


def test_unknown(folder: Path) -> None:
    """An unknown command is a usage error, which guesses what was meant."""
    result = CliRunner().invoke(main, ["route"])
    assert result.exit_code == 2
    assert "No such command 'route'. Did you mean 'routes'?" in result.output


def test_module_is_the_command(folder: Path) -> None:
    """`python -m cocopot` is the same command, under the same name."""
    command = [sys.executable, "-m", "cocopot", "--help"]
    result = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=True)
    assert result.stdout.startswith("Usage: cocopot [OPTIONS] COMMAND")


@pytest.mark.parametrize("name", COMMANDS)
def test_table(name: str) -> None:
    """Each command of the table is there, under its name, with its own help."""
    module, _ = COMMANDS[name]
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def test_commands_are_not_imported_for_help(folder: Path) -> None:
    """To list the commands, none of their modules is imported."""
    program = "import sys\nfrom cocopot.cli import main\nmain(['--help'], standalone_mode=False)\n"
    program += "print(*[name for name in sys.modules if name.startswith('cocopot.cli.')])"
    result = subprocess.run(
        [sys.executable, "-c", program], env=clean_environ(), capture_output=True, text=True, check=True
    )
    imported = result.stdout.splitlines()[-1].split()
    assert "cocopot.cli.groups" in imported
    assert not {module for module, _ in COMMANDS.values()} & set(imported)


def test_not_imported_early() -> None:
    """The package itself does not import the command line, which is imported on first use."""
    assert "main" not in cocopot.__all__
