"""`cocopot_template_engine`: what renders templates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, hookimpl, render_template_string
from cocopot.hooks import missing
from cocopot.testing import installed_plugin
from tests.hooks.drivers import plugin, recorder
from tests.hooks.support import app_with
from tests.template_engines import Braces, BracesEngine, Jinja, JinjaEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

HOOK = "cocopot_template_engine"


def error_of(app: Cocopot) -> str:
    with app.app_context(), pytest.raises(RuntimeError) as caught:
        render_template_string("text")
    return str(caught.value)


def test_fires_when_a_template_is_first_rendered() -> None:
    """It fires once for an application, and not before a template is rendered."""
    calls: list[str] = []
    app = app_with(braces=Braces(), recorder=recorder(calls, "recorder", HOOK))
    app.test_client().get("/")
    assert calls == []
    with app.app_context():
        assert render_template_string("a") + render_template_string("b") == "ab"
    assert calls == ["recorder"]
    assert isinstance(app.template_engine, BracesEngine)


def test_the_last_plugin_wins() -> None:
    """The plugin that was loaded last has precedence; the conflict is listed with both."""
    app = app_with(braces=Braces(), jinja=Jinja())
    assert isinstance(app.template_engine, JinjaEnvironment)
    (conflict,) = app.plugins.conflicts
    assert (conflict.kind, conflict.winner.plugin, conflict.is_error) == ("template engine", "jinja", False)
    assert str(conflict).startswith("The template engine of plugin 'jinja' at ")


def test_one_engine_for_all_threads() -> None:
    """Threads that render the first template at once get one engine."""
    created: list[object] = []

    class Plugin:
        @hookimpl
        def cocopot_template_engine(self, app: Cocopot) -> BracesEngine:
            created.append(BracesEngine(app))
            return created[-1]  # type: ignore[return-value]  # just added

    app = app_with(plugin=Plugin())
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _: app.template_engine, range(8)))
    assert [engines[0]] * 8 == engines
    assert len(created) == 1


def test_a_value_that_is_not_an_engine() -> None:
    """The plugin that returned it is named, with its place."""
    app = app_with(wrong=plugin("wrong", HOOK, lambda: "engine"))
    with pytest.raises(TypeError, match=r"Plugin 'wrong' returned a 'str' from cocopot_template_engine") as e:
        app.template_engine  # noqa: B018 - reading it calls the hook
    assert "return a cocopot.templating.TemplateEngine, or None" in str(e.value)


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package, and how it is installed; it is raised in the view."""
    monkeypatch.setattr(missing, "installed", list)  # as where the package is not installed
    app = app_with()
    text = error_of(app)
    assert "No plugin returns a template engine from cocopot_template_engine." in text
    assert (
        "Install the plugin 'jinja', in a checkout of Cocopot with: pip install ./plugins/cocopot-jinja,"
        in text
    )
    assert text.endswith("or once it is published: pip install cocopot-jinja.")
    app.add_url_rule("/page", "page", lambda: render_template_string("text"))
    app.register_error_handler(RuntimeError, str)
    assert app.test_client().get("/page").text == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Cocopot("x", autoload=False), "is installed but not among the names in autoload=. Add it"),
        (lambda: Cocopot("x", autoload={"jinja"}, disable={"jinja"}), "is disabled by disable=. Remove it"),
        (lambda: Cocopot("x", plugin_errors="warn"), "failed to load. See its own error."),
    ],
)
def test_an_engine_that_is_not_loaded(make: Callable[[], Cocopot], text: str) -> None:
    """The error states why the installed plugin does not render."""
    with installed_plugin("jinja", "raise ValueError('broken')", distribution="cocopot-jinja"):
        assert text in error_of(make())


def test_a_plugin_without_an_engine() -> None:
    """A plugin of that name that provides no engine is not to be installed once more."""
    assert "The plugin 'jinja' is loaded, and does not provide it." in error_of(app_with(jinja=Empty()))


class Empty:
    @hookimpl
    def cocopot_setup(self) -> None: ...


def test_an_engine_may_be_assigned() -> None:
    """A test may set the engine."""
    app: Any = app_with()
    app.template_engine = BracesEngine(app)
    with app.app_context():
        assert render_template_string("{{ a }}", a=1) == "1"
