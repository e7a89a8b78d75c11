"""`cocopot_addhooks`: a plugin provides hook specifications."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_addhooks"


class Specs:
    """What a plugin specifies."""

    @hookspec(firstresult=True)
    def shop_price(self, item: str) -> None:
        """Return the price of an item."""


def test_fires_before_any_other_hook_of_the_plugin() -> None:
    """It comes first for a plugin that is loaded with the application."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            calls.append("addhooks")

        @hookimpl
        def cocopot_config_defaults(self) -> None:
            calls.append("defaults")

        @hookimpl
        def cocopot_setup(self) -> None:
            calls.append("setup")

    Cocopot("shop", autoload=False, plugins=[Plugin])
    assert calls == ["addhooks", "defaults", "setup"]


@pytest.mark.parametrize("first", ["specifies", "implements"])
def test_whichever_is_loaded_first(first: str) -> None:
    """A hook that a plugin specifies may be implemented by one that is loaded earlier or later."""

    class Specifies:
        @hookimpl
        def cocopot_addhooks(self, pluginmanager: Any) -> None:
            pluginmanager.add_hookspecs(Specs)

    class Implements:
        @hookimpl
        def shop_price(self, item: str) -> int:
            return len(item)

    plugins = {"specifies": Specifies(), "implements": Implements()}
    second = "implements" if first == "specifies" else "specifies"
    app = app_with(**{first: plugins[first], second: plugins[second]})
    assert app.plugins.hook.shop_price(item="apple") == 5


def test_the_argument_is_the_applications_plugin_manager() -> None:
    """It gets the plugin manager; what it returns is ignored."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_addhooks(self, pluginmanager: Any) -> str:
            seen.append(pluginmanager)
            return "ignored"

    app = app_with(plugin=Plugin())
    assert seen == [app.plugins]


def test_called_again_by_name() -> None:
    """A further historic call is stored, too: a plugin that is registered later gets both."""
    calls: list[str] = []
    app = app_with(one=recorder(calls, "one", HOOK))
    app.plugins.hook.cocopot_addhooks.call_historic(kwargs={"pluginmanager": app.plugins})
    app.plugins.register(recorder(calls, "late", HOOK), "late")
    assert calls == ["one", "one", "late", "late"]


def test_in_load_order() -> None:
    """With the application, plugins get it in load order: by name, and after those they require."""
    calls: list[str] = []

    class A:
        requires = (f"{__name__}.test_in_load_order.<locals>.B",)

        @hookimpl
        def cocopot_addhooks(self) -> None:
            calls.append("a")

    class B:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            calls.append("b")

    Cocopot("shop", autoload=False, plugins=[A, B])
    assert calls == ["b", "a"]


def test_an_exception_stops_the_start() -> None:
    """Loaded with the application, a plugin that raises is named by a `PluginError`."""

    class Broken:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match="Broken' failed in cocopot_addhooks: ValueError: broken") as caught:
        Cocopot("shop", autoload=False, plugins=[Broken])
    assert "Broken' in hook cocopot_addhooks." in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]
