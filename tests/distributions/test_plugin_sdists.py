"""The source distributions of the plugins: their tests need nothing that is not in them."""

from __future__ import annotations

import ast
import re
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.distributions.environments import MakeEnvironment

PLUGINS = sorted(path.parent for path in CHECKOUT.glob("plugins/*/pyproject.toml"))
BUILD = "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"
#: What the tests of cocopot-csrf and cocopot-session import, beside what they test.
LIBRARIES = ("pytest", "hypothesis", "flask", "itsdangerous", "msgspec", "redis")


def unpack(project: Path, folder: Path) -> Path:
    """Build the source distribution of a plugin, and return the folder that it is unpacked to."""
    run(sys.executable, "-c", BUILD, str(folder), cwd=project)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


@pytest.mark.parametrize("project", PLUGINS, ids=lambda path: path.name)
def test_tests_stand_alone(project: Path, tmp_path: Path) -> None:
    """No test imports a module of the repository's tests, or opens a file above the distribution."""
    source = unpack(project, tmp_path)
    files = sorted(source.glob("tests/**/*.py"))
    assert files
    for file in files:
        text = file.read_text("utf-8")
        for name in imported(ast.parse(text)):
            if name.partition(".")[0] == "tests":
                assert source.joinpath(*name.split(".")).with_suffix(".py").exists(), (file, name)
        above = len(file.relative_to(source).parts)
        depths = map(int, re.findall(r"__file__\)(?:\.resolve\(\))?\.parents\[(\d+)\]", text))
        assert all(depth < above for depth in depths), file


@pytest.mark.parametrize("name", ["csrf", "session"])
def test_tests_run(environment: MakeEnvironment, tmp_path: Path, name: str) -> None:
    """The tests of an unpacked source distribution pass where only the plugin's wheel is installed."""
    made = environment(CHECKOUT / "plugins" / f"cocopot-{name}")
    made.install(*LIBRARIES, dependencies=True)
    source = unpack(CHECKOUT / "plugins" / f"cocopot-{name}", tmp_path)
    options = ("-q", "-p", "no:cacheprovider", "-m", "not slow", "-x")
    output = run(made.python, "-m", "pytest", *options, "tests", cwd=source).stdout
    assert re.search(r"^\d+ passed", output, re.MULTILINE), output
