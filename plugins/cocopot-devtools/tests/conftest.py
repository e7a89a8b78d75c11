"""Plugins and projects of plugins, as their authors write them."""

from __future__ import annotations

import functools
import textwrap
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from cocopot_devtools.checks.subjects import PluginUnderTest

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: What most plugins begin with.
HEAD = """
from cocopot import PluginError, abort, g, hookimpl, hookspec

"""
PROJECT = """
[project]
name = "cocopot-{name}"
version = "1.2"
readme = "README.md"
license = "BSD-3-Clause"
requires-python = ">=3.11"
dependencies = ["cocopot>=1.0"]

[project.entry-points."cocopot.plugins"]
{name} = "{value}"
"""


def write_project(
    parent: Path, source: str = "", name: str = "demo", value: str = "", toml: str = "", src: str = ""
) -> Path:
    """Write a project with one package, and return its folder.

    Args:
        parent: Where the folder is made.
        source: Source of the package; may be indented.
        name: Name of the plugin.
        value: The entry point's value; by default the package.
        toml: The text of pyproject.toml; by default one with all metadata.
        src: The folder of the project that has the package; by default its own.
    """
    folder = parent / f"cocopot-{name}"
    package = folder / src / f"cocopot_{name}"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    package.joinpath("py.typed").touch()
    folder.joinpath("README.md").write_text("# A plugin\n", encoding="utf-8")
    text = textwrap.dedent(toml) or PROJECT.format(name=name, value=value or package.name)
    folder.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    return folder


class MakePlugin(Protocol):
    """Installs a plugin, and returns it as the checks see it."""

    def __call__(self, source: str, name: str = "demo", **options: Any) -> PluginUnderTest: ...


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[MakePlugin]:
    """Installs plugins for as long as the test lasts."""
    with ExitStack() as stack:

        def make(source: str, name: str = "demo", **options: Any) -> PluginUnderTest:
            text = HEAD + textwrap.dedent(source)
            plugin = stack.enter_context(installed_plugin(name, text, **options))
            return PluginUnderTest(name, plugin.distribution, [str(plugin.path)], {}, str(tmp_path))

        yield make


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes the project of a plugin, with nothing wrong but what the test changes."""
    return functools.partial(write_project, tmp_path)
