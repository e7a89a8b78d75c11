"""The documentation of the hooks, and the package itself."""

from __future__ import annotations

from pathlib import Path

import cocopot_jinja
from cocopot_devtools.hook_docs import begin_line, renew, specifications

from cocopot import Cocopot

README = Path(__file__).parents[1] / "README.md"


def test_the_documentation_of_the_hooks() -> None:
    """The entries of the README are those that `cocopot hook-docs` generates from the specifications."""
    page, name = README.read_text("utf-8"), "cocopot_jinja:JinjaHooks"
    assert renew(page, begin_line(name), specifications(cocopot_jinja.JinjaHooks)) == page


def test_the_hooks_are_listed() -> None:
    """The hooks of the plugin are among those of an application that loads it, with their kinds."""
    app = Cocopot("birds", autoload=False, plugins=[cocopot_jinja.Jinja])
    names = {"jinja_environment", "jinja_loader", "jinja_slot"}
    assert names <= app.plugins.specified_hooks()
    assert {app.plugins.kind(name) for name in names} == {"all"}


def test_public_names() -> None:
    """Every public name of the package exists."""
    assert all(hasattr(cocopot_jinja, name) for name in cocopot_jinja.__all__)
