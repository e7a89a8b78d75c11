"""The examples of the documentation of the command line are what the command does."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from cocopot.cli import COMMANDS, OPTIONAL_COMMANDS, main
from cocopot.cli.external import find_commands
from tests.processes import clean_environ

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "cli.md").read_text("utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
SESSIONS = [
    step for block in BLOCKS for step in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]
#: What would not end, or changes the shell that it is typed in.
NOT_RUN = ("cocopot run", "eval")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with the application of the page."""
    program = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert program is not None
    (tmp_path / "app.py").write_text(program[1])
    return tmp_path


@pytest.mark.parametrize(
    ("command", "expected"), [step for step in SESSIONS if not step[0].startswith(NOT_RUN)]
)
def test_sessions(shop: Path, command: str, expected: str) -> None:
    """Each command prints what the page shows; three dots represent omitted lines."""
    scripts = Path(sys.executable).parent
    variables = clean_environ(COCOPOT_PLUGINS="none", PATH=f"{scripts}:/usr/bin:/bin")
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=shop,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    pattern = re.escape(expected).replace(re.escape("...\n"), r"(?s:.*)")
    assert re.fullmatch(pattern, result.stdout), result.stdout


def test_the_first_application_reads_the_environment(tmp_path: Path) -> None:
    """In the application that README begins with, a variable that begins with `COCOPOT_` sets a key."""
    program = re.search(r"```python\n(.*?)```", (DOCS.parent / "README.md").read_text("utf-8"), re.DOTALL)
    assert program is not None
    (tmp_path / "app.py").write_text(program[1])
    result = subprocess.run(
        [sys.executable, "-m", "cocopot", "config", "GREETING"],
        cwd=tmp_path,
        env=clean_environ(COCOPOT_PLUGINS="none", COCOPOT_GREETING="Hi"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'Hi'   environment COCOPOT_GREETING" in result.stdout
    assert result.stderr == ""


def options_of(path: str, command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield the options of a command, and of those inside it."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            names = (*parameter.opts, *parameter.secondary_opts)
            yield from ((path, name) for name in names if name.startswith("--"))
    for name, inner in getattr(command, "commands", {}).items():
        yield from options_of(f"{path} {name}", inner)


def options() -> Iterator[tuple[str, str]]:
    """Yield the options of all commands, the group's own first."""
    yield from options_of("cocopot", main)
    for name, (module, _) in COMMANDS.items():
        yield from options_of(f"cocopot {name}", importlib.import_module(module).command)
    external = find_commands(COMMANDS).commands
    for name in OPTIONAL_COMMANDS:
        yield from options_of(f"cocopot {name}", external[name].load())


@pytest.mark.parametrize("name", [*COMMANDS, *OPTIONAL_COMMANDS])
def test_commands(name: str) -> None:
    """Each command is documented."""
    assert any(f"cocopot {name}" in path.read_text("utf-8") for path in DOCS.glob("*.md"))


@pytest.mark.parametrize(("path", "option"), list(options()))
def test_options(path: str, option: str) -> None:
    """Each long option of a command is documented on a page that speaks of the command."""
    pages = [text for page in DOCS.glob("*.md") if path in (text := page.read_text("utf-8"))]
    assert any(re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) for text in pages)
