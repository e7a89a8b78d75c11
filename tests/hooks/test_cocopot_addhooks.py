"""`cocopot_addhooks`: a plugin brings hook specifications of its own."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_addhooks(self) -> None:
            calls.append(name)

    return Recorder()


class Specs:
    """What a plugin specifies."""

    @hookspec(firstresult=True)
    def shop_price(self, item: str) -> None:
        """Say what an item costs."""


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


def test_historic() -> None:
    """A plugin that is registered late gets its call then, those that had it do not get it again."""
    calls: list[str] = []
    app = app_with(one=recorder(calls, "one"))
    app.test_client().get("/")
    app.plugins.register(recorder(calls, "late"), "late")
    assert calls == ["one", "late"]
    with pytest.raises(AssertionError, match="use call_historic"):
        app.plugins.hook.cocopot_addhooks(pluginmanager=app.plugins)


def test_called_again_by_name() -> None:
    """A further historic call reaches every plugin in load order, and those that come later."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two", tryfirst=True),
    )
    calls.clear()
    app.plugins.hook.cocopot_addhooks.call_historic(kwargs={"pluginmanager": app.plugins})
    app.plugins.register(recorder(calls, "three"), "three")
    assert calls == ["two", "one", "trylast", "three", "three"]


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


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}], ids=["new", "old"])
def test_no_wrappers(options: dict[str, Any]) -> None:
    """A wrapper of a historic hook is refused."""

    def cocopot_addhooks() -> Generator[None, Any, Any]:
        return (yield)

    wrapper = ModuleType("wrapper")
    wrapper.cocopot_addhooks = hookimpl(cocopot_addhooks, **options)  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="historic incompatible with yield") as caught:
        Cocopot("shop", autoload=False, plugins=[wrapper])
    assert caught.value.plugin == "wrapper"


def test_an_exception_stops_the_start() -> None:
    """Loaded with the application, a plugin that raises is named by a `PluginError`."""

    class Broken:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match="Broken' breaks the hook contract: ValueError: broken") as caught:
        Cocopot("shop", autoload=False, plugins=[Broken])
    assert "Broken' in hook cocopot_addhooks." in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            raise ValueError("broken")

    app, broken = app_with(), Broken()
    with pytest.raises(ValueError, match="broken") as caught:
        app.plugins.register(broken, "broken", candidate=candidate)
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_addhooks."]
    assert not app.plugins.has_plugin("broken")
