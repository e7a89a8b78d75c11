"""Slots: places in templates to which plugins contribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cocopot_jinja import render_markup
from markupsafe import Markup

from cocopot import Cocopot, Request, hookimpl, render_template, render_template_string

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeApp = Callable[..., Cocopot]


def contributing(name: str, function: Callable[..., Any]) -> object:
    """Return a plugin whose contribution to every slot is what a function returns."""

    class Plugin:
        plugin_name = name

        @hookimpl
        def jinja_slot(self, app: Cocopot, request: Request | None, slot: str, context: Any) -> Any:
            return function(app, request, slot, context)

    return Plugin()


def test_contributions(make_app: MakeApp) -> None:
    """They are joined in load order; markup is kept, a plain text escaped, and None is nothing."""
    app = make_app(
        {},
        contributing("b", lambda *_: "<b>"),
        contributing("a", lambda *_: Markup("<a>")),
        contributing("c", lambda *_: None),
    )
    with app.app_context():
        assert render_template_string('[{{ slot("x") }}]') == "[<a>&lt;b&gt;]"


def test_arguments(make_app: MakeApp) -> None:
    """A contribution gets application, request, slot and the names at that place, which it cannot change."""
    seen: list[Any] = []
    app = make_app(
        {"page.html": '{% set b = 2 %}{{ slot("side") }}'}, contributing("a", lambda *a: seen.append(a))
    )
    with app.test_request_context("/birds"):
        render_template("page.html", a=1)
    with app.app_context():
        render_template("page.html", a=1)
    (its_app, request, slot, context), (_, none, _, _) = seen
    assert (its_app, request.path, type(request), slot, none) == (app, "/birds", Request, "side", None)
    assert (context["a"], context["b"]) == (1, 2)
    with pytest.raises(TypeError):
        context["a"] = 3


def test_templates_as_contributions(make_app: MakeApp) -> None:
    """A plugin renders a template of its own into a slot."""
    app = make_app(
        {"page.html": '<p>{{ slot("x") }}', "part.html": "<b>{{ bird }}</b>"},
        contributing(
            "a", lambda app, request, slot, context: render_markup("part.html", bird=context["bird"])
        ),
    )
    with app.app_context():
        assert render_template("page.html", bird="<wren>") == "<p><b>&lt;wren&gt;</b>"


def test_in_text(make_app: MakeApp) -> None:
    """In a template without escaping, contributions are inserted as they are."""
    app = make_app({"mail.txt": '{{ slot("x") }}'}, contributing("a", lambda *_: "a < b"))
    with app.app_context():
        assert render_template("mail.txt") == "a < b"


def test_empty(make_app: MakeApp) -> None:
    """A slot without contributions is empty."""
    app = make_app()
    with app.app_context():
        assert render_template_string('[{{ slot("x") }}]') == "[]"


def test_errors(make_app: MakeApp) -> None:
    """The plugin is blamed for what it raises, and for a result of another type; the line is noted."""
    app = make_app({"page.html": '\n{{ slot("x") }}'}, contributing("broken", lambda *_: 1 / 0))
    with app.app_context(), pytest.raises(ZeroDivisionError) as caught:
        render_template("page.html")
    assert "Raised by plugin 'broken' in hook jinja_slot." in caught.value.__notes__
    assert any(note.startswith("In line 2 of the template 'page.html'") for note in caught.value.__notes__)
    app = make_app({}, contributing("wrong", lambda *_: 5))
    message = "Plugin 'wrong' returned a 'int' from jinja_slot; return a str, or None for nothing."
    with app.app_context(), pytest.raises(TypeError, match=message):
        render_template_string('{{ slot("x") }}')
