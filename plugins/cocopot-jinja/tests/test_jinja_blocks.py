"""`render_block`: one block of a page, with the names that it has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_jinja import BlockNotFoundError, render_block
from jinja2 import TemplateNotFound, UndefinedError
from markupsafe import Markup

from cocopot import Cocopot, hookimpl, render_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeApp = Callable[..., Cocopot]

FILES = {
    "macros.html": "{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}",
    "base.html": (
        '{% from "macros.html" import bold %}{% set site = "Birds" %}{{ 1/0 if broken }}'
        "<title>{% block title %}{{ site }}{% endblock %}</title>"
        "{% block body %}base {{ bold(site) }}{% endblock %}{% block foot %}{{ bold(foot) }}{% endblock %}"
    ),
    "page.html": (
        '{% extends "base.html" %}{% import "macros.html" as ui %}{% set kind = "<wren>" %}'
        "{% macro own(x) %}({{ x }}){% endmacro %}{% set long %}<i>{{ kind }}</i>{% endset %}"
        "{% block body %}{{ super() }} {% block rows %}"
        "{% for row in rows %}{{ ui.bold(row) }}{{ own(kind) }}{{ long }}{% endfor %}"
        "{% endblock %}{% endblock %}"
    ),
}


@pytest.fixture
def app(make_app: MakeApp) -> Cocopot:
    return make_app(FILES)


@pytest.mark.parametrize(
    ("block", "names", "expected"),
    [
        ("rows", {"rows": ["<a>"]}, "<b>&lt;a&gt;</b>(&lt;wren&gt;)<i>&lt;wren&gt;</i>"),
        ("body", {"rows": []}, "base <b>Birds</b> "),
        ("title", {}, "Birds"),
        ("foot", {"foot": 1}, "<b>1</b>"),
    ],
)
def test_blocks(app: Cocopot, block: str, names: dict[str, object], expected: str) -> None:
    """A block has the macros, imports and variables of its template and of those that it extends."""
    with app.app_context():
        text = render_block("page.html", block, **names)
        page = render_template("page.html", **{"rows": [], "foot": 2, **names, "broken": False})
    assert (text, type(text)) == (expected, Markup)
    assert expected in page


def test_the_rest_is_not_rendered(app: Cocopot) -> None:
    """Nothing else of the page is evaluated, so its names need not be passed."""
    with app.app_context():
        assert render_block("page.html", "title", broken=True) == "Birds"
        with pytest.raises(UndefinedError, match="'foot' is undefined"):
            render_block("page.html", "foot")


def test_first_of_several(app: Cocopot) -> None:
    """Of several names the first one that exists is used."""
    with app.app_context():
        assert render_block(["missing.html", "page.html"], "title") == "Birds"
        with pytest.raises(TemplateNotFound):
            render_block("missing.html", "title")


def test_unknown(app: Cocopot) -> None:
    """The error about an unknown block lists those that there are."""
    message = "'page.html' has no block 'row'. Its blocks are: body, foot, rows, title."
    with app.app_context(), pytest.raises(BlockNotFoundError, match=message):
        render_block("page.html", "row")


def test_context_processors_and_hooks(make_app: MakeApp) -> None:
    """A fragment gets the names of context processors, and is reported as rendered."""
    rendered: list[str | None] = []

    class Recorder:
        @hookimpl
        def cocopot_template_rendered(self, template: object, context: dict[str, object]) -> None:
            rendered.append(getattr(template, "name", ""))

    app = make_app({"a.html": "{% block b %}{{ bird }}{% endblock %}"}, Recorder())
    app.context_processor(lambda: {"bird": "wren"})
    app.add_url_rule("/", "index", lambda: render_block("a.html", "b"))
    assert app.test_client().get("/").text == "wren"
    assert rendered == ["a.html"]


def test_a_computed_parent(make_app: MakeApp) -> None:
    """What a template extends may be an expression."""
    base = "{% set n = 1 %}{% block a %}{% endblock %}{% block b %}{{ n }}{% endblock %}"
    app = make_app({"one.html": base, "page.html": "{% extends layout %}{% block a %}{{ n }}{% endblock %}"})
    with app.app_context():
        assert render_block("page.html", "b", layout="one.html") == "1"
        assert render_block("page.html", "a", layout="one.html") == "1"


def test_a_changed_file(make_app: MakeApp, tmp_path: Path) -> None:
    """A changed file is used in debug mode, with its new variables."""
    app = make_app({"a.html": "{% set n = 1 %}{% block b %}{{ n }}{% endblock %}"}, config={"DEBUG": True})
    with app.app_context():
        assert render_block("a.html", "b") == "1"
        text = "{% set number = 22 %}{% block b %}{{ number }}{% endblock %}"
        (tmp_path / "templates" / "a.html").write_text(text)
        assert render_block("a.html", "b") == "22"


def test_errors(make_app: MakeApp) -> None:
    """An error in a block, or in what defines its names, has the line of the template."""
    app = make_app(
        {
            "a.html": "\n{% block b %}\n{{ 1/0 }}{% endblock %}",
            "c.html": "\n{% set n = 1/0 %}{% block b %}{% endblock %}",
        }
    )
    with app.app_context():
        for name, line in (("a.html", 3), ("c.html", 2)):
            with pytest.raises(ZeroDivisionError) as caught:
                render_block(name, "b")
            first, second = caught.value.__notes__
            assert first.startswith(f"In line {line} of the template {name!r} of the application, ")
            assert second.startswith(f"While rendering the template {name!r} of the application, ")
