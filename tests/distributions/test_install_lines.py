"""Every line of the documentation that installs something works as it is written, from the checkout."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT, Environment, run

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted([CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("plugins/*/README.md")])
LINES = sorted(
    {
        (page.relative_to(CHECKOUT).as_posix(), line.strip())
        for page in PAGES
        for pattern in (r"^\$ (?:python -m )?pip install ([^#\n]+)", r"`(?:python -m )?pip install ([^`]+)`")
        for line in re.findall(pattern, page.read_text("utf-8"), re.MULTILINE)
    }
)
#: What a reader has written, published or checked out.
OF_THE_READER = {"cocopot-sunset", "cocopot-tags", "PATH/TO/CHECKOUT", ".[dev]"}


def requirements(line: str) -> list[str]:
    return [argument for argument in shlex.split(line) if not argument.startswith("-")]


@pytest.mark.parametrize(("page", "line"), LINES)
def test_names(page: str, line: str) -> None:
    """No line installs a distribution of Cocopot from the index, and every folder exists."""
    for requirement in requirements(line):
        if requirement in OF_THE_READER:
            continue
        assert not requirement.startswith("cocopot"), page
        if requirement.startswith("."):
            assert (CHECKOUT / requirement.partition("[")[0] / "pyproject.toml").is_file(), page


def test_lines(tmp_path: Path) -> None:
    """The lines work in the checkout, one after the other, in an environment that was empty."""
    local = {line for _, line in LINES if {name[0] for name in requirements(line)} == {"."}}
    lines = sorted(line for line in local if ".[dev]" not in line)
    assert len(lines) > 2
    environment = Environment(tmp_path / "environment")
    built: set[str] = set()
    for line in lines:
        projects = {requirement.partition("[")[0] for requirement in requirements(line)}
        # Each project is built once in isolation, which takes twice as long, with what it requires for that.
        options = ["--no-build-isolation"] if projects <= built else []
        environment.run_pip("install", *options, *shlex.split(line), cwd=CHECKOUT)
        if not built:
            environment.run_pip("install", "hatchling")
        built |= projects
    python = environment.python
    assert run(python, "-m", "cocopot", "--version").stdout.startswith("cocopot, version 1.0.0")
    assert "cors (cocopot-cors 1.0.0)" in run(python, "-m", "cocopot", "plugins", cwd=tmp_path).stdout
    assert "--hooks" in run(python, "-m", "cocopot", "new", "plugin", "--help").stdout
    run(python, "-c", "import granian")
