"""Projects of plugins, as their authors write them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        toml: The text of pyproject.toml; by default one that says everything.
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
