"""`cocopot_setup`: routes, blueprints, error handlers, converters of a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cocopot import Blueprint, Cocopot, PluginError, hookimpl
from cocopot.exceptions import blame_of, locate
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_setup"


def test_fires_at_the_end_of_the_constructor() -> None:
    """With the application, it fires after the configuration defaults of all plugins, in load order."""
    calls: list[str] = []

    class A:
        @hookimpl
        def cocopot_config_defaults(self) -> None:
            calls.append("defaults")

        @hookimpl
        def cocopot_setup(self) -> None:
            calls.append(type(self).__name__)

    class B(A):
        pass

    Cocopot("shop", autoload=False, plugins=[B, A])
    assert calls == ["defaults", "defaults", "A", "B"]


def test_the_application_is_open() -> None:
    """It gets the application, and may add routes, handlers, blueprints and state; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Any) -> str:
            app.add_url_rule("/plugin", "plugin", lambda: app.extensions["plugin"])
            app.register_error_handler(404, lambda exc: "lost")
            app.register_blueprint(Blueprint("bp", "shop"))
            app.extensions["plugin"] = "state"
            return "ignored"

    app = Cocopot("shop", autoload=False, plugins=[Plugin])
    client = app.test_client()
    assert (client.get("/plugin").text, client.get("/x").text) == ("state", "lost")
    assert list(app.blueprints) == ["bp"]


def test_the_built_in_implementation_is_last() -> None:
    """A plugin that adds a route of the same path as the static files is matched before them."""
    calls: list[bool] = []

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Any) -> None:
            calls.append("static" in app.view_functions)

    app = Cocopot("shop", static_folder=str(Path(__file__).parent), autoload=False, plugins=[Plugin])
    assert calls == [False]
    assert "static" in app.view_functions


def test_called_again_by_name() -> None:
    """The results of a further historic call are passed to a callback, without `None`."""
    results: list[str] = []
    app = app_with(one=recorder([], "one", HOOK, "result"), two=recorder([], "two", HOOK))
    app.plugins.hook.cocopot_setup.call_historic(result_callback=results.append, kwargs={"app": app})
    assert results == ["result"]


def test_a_route_after_the_first_request() -> None:
    """A plugin that is registered too late to add a route is rejected, with the reason."""

    class Late:
        @hookimpl
        def cocopot_setup(self, app: Any) -> None:
            app.add_url_rule("/late", "late", lambda: "late")

    app = app_with()
    app.test_client().get("/")
    with pytest.raises(RuntimeError, match="after its first request") as caught:
        app.plugins.register(Late(), "late")
    assert caught.value.__notes__ == ["Raised by plugin 'late' in hook cocopot_setup."]
    assert not app.plugins.has_plugin("late")


def test_an_exception_stops_the_start() -> None:
    """Loaded with the application, a plugin that raises is named by a `PluginError`."""

    class Broken:
        @hookimpl
        def cocopot_setup(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match="Broken' failed in cocopot_setup: ValueError: broken") as caught:
        Cocopot("shop", autoload=False, plugins=[Broken])
    assert "Broken' in hook cocopot_setup." in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]


class Inner:
    plugin_name = "inner"

    @hookimpl
    def cocopot_setup(self) -> None:
        raise ValueError("no pool")


class Outer:
    plugin_name = "outer"

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        app.plugins.register(Inner())


def test_a_plugin_that_another_one_registers_is_blamed() -> None:
    """The error is about the plugin that raised, with its place and cure, and not about the one around it."""
    with pytest.raises(
        PluginError, match=r"^Plugin 'inner' failed in cocopot_setup: ValueError: no"
    ) as caught:
        Cocopot("shop", autoload=False, plugins=[Outer])
    error = caught.value
    assert (error.plugin, error.hook, error.reason) == ("inner", "cocopot_setup", "setup")
    assert error.place == locate(Inner.cocopot_setup)
    assert [blame.plugin for blame in blame_of(error.__cause__ or error)] == ["inner", "outer"]


def test_what_skips_a_plugin_that_another_one_registers() -> None:
    """The cure of that error works; with `plugin_errors="warn"` both are skipped."""
    app = Cocopot("shop", autoload=False, plugins=[Outer], disable={"inner"})
    assert [record.name for record in app.plugins.records("plugin")] == ["outer"]
    app = Cocopot("shop", autoload=False, plugins=[Outer], plugin_errors="warn")
    assert app.plugins.records("plugin") == []
    assert str(app.plugins.failed["outer"]).startswith("Plugin 'inner' failed")
