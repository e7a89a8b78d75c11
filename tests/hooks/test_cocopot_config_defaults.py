"""`cocopot_config_defaults`: the configuration keys of a plugin, with their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy


def test_fires_before_setup() -> None:
    """It comes after all plugins are registered, and before the setup of any."""
    calls: list[str] = []

    class A:
        @hookimpl
        def cocopot_config_defaults(self, app: Any) -> None:
            calls.append(f"defaults with {len(app.plugins.records('plugin'))} plugins")

        @hookimpl
        def cocopot_setup(self) -> None:
            calls.append("setup")

    class B(A):
        pass

    Cocopot("shop", autoload=False, plugins=[A, B])
    assert calls == ["defaults with 2 plugins"] * 2 + ["setup"] * 2


def test_late() -> None:
    """For a plugin that is registered later, it comes right before its setup."""
    calls: list[Any] = []

    class Late:
        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, Any]:
            calls.append("defaults")
            return {"LATE_SIZE": 1}

        @hookimpl
        def cocopot_setup(self, app: Any) -> None:
            calls.append(("setup", app.config["LATE_SIZE"]))

    app_with(late=Late())
    assert calls == ["defaults", ("setup", 1)]


def test_what_is_set_stays() -> None:
    """A key that has a value keeps it, Cocopot's own defaults among them; the others get their default."""

    class Plugin:
        @hookimpl
        def cocopot_config_defaults(self, app: Any) -> dict[str, Any]:
            return {"SIZE": 1, "WEIGHT": 2, "DEBUG": app.config["DEBUG"] is False}

    app = app_with()
    app.config["SIZE"] = 10
    app.plugins.register(Plugin(), "plugin")
    assert (app.config["SIZE"], app.config["WEIGHT"], app.config["DEBUG"]) == (10, 2, False)


def test_two_plugins_with_one_key() -> None:
    """Two plugins that name one key are both named by a `PluginError`."""

    class A:
        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, Any]:
            return {"SIZE": 1}

    class B(A):
        pass

    with pytest.raises(PluginError, match=r"'SIZE', which plugin '.*A' names too"):
        Cocopot("shop", autoload=False, plugins=[A, B])
    app = app_with(a=A())
    with pytest.raises(PluginError, match="'b' names the configuration key 'SIZE', which plugin 'a'"):
        app.plugins.register(B(), "b")
    assert not app.plugins.has_plugin("b")


@pytest.mark.parametrize("key", ["size", "Size", 1])
def test_keys_are_upper_case(key: Any) -> None:
    """A key that no configuration would read is refused by name."""

    class Plugin:
        @hookimpl
        def cocopot_config_defaults(self) -> dict[Any, Any]:
            return {key: 1}

    with pytest.raises(PluginError, match=f"names the configuration key {key!r}; keys are upper-case"):
        Cocopot("shop", autoload=False, plugins=[Plugin])


def test_wrappers() -> None:
    """A wrapper gets the list of mappings, and may change what becomes of the defaults."""

    class Plugin:
        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, Any]:
            return {"SIZE": 1}

    class New:
        @hookimpl(wrapper=True)
        def cocopot_config_defaults(self) -> Generator[None, Any, Any]:
            results = yield
            return [{key: value * 10 for key, value in defaults.items()} for defaults in results]

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_config_defaults(self) -> Generator[None, pluggy.Result[Any], None]:
            outcome = yield
            outcome.force_result([{"SIZE": outcome.get_result()[0]["SIZE"] + 1}])

    app = Cocopot("shop", autoload=False, plugins=[Plugin, New, Old])
    assert app.config["SIZE"] == 20
    assert app.plugins.hook.cocopot_config_defaults(app=app) == [{"SIZE": 20}]


def test_an_exception_stops_the_start() -> None:
    """Loaded with the application, a plugin that raises is named by a `PluginError`."""

    class Broken:
        @hookimpl
        def cocopot_config_defaults(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match=r"Broken' failed in cocopot_config_defaults: ValueError: broken"):
        Cocopot("shop", autoload=False, plugins=[Broken])


@pytest.mark.parametrize("own", [ValueError, PluginError])
def test_a_wrapper_that_raises_is_blamed(own: type[Exception]) -> None:
    """The error names the plugin of the wrapper; if it is skipped, the other defaults are set."""

    class Defaults:
        plugin_name = "defaults"

        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, int]:
            return {"DEFAULTS_SIZE": 10}

    class Around:
        plugin_name = "around"

        @hookimpl(wrapper=True)
        def cocopot_config_defaults(self) -> Generator[None, Any, Any]:
            yield
            raise own("broken")

    with pytest.raises(PluginError) as caught:
        Cocopot("test", autoload=False, plugins=[Defaults, Around])
    assert caught.value.plugin == "around"
    app = Cocopot("test", autoload=False, plugins=[Defaults, Around], plugin_errors="warn")
    assert set(app.plugins.failed) == {"around"}
    assert app.config["DEFAULTS_SIZE"] == 10


class Around:
    """A wrapper, which adds a key."""

    plugin_name = "around"

    def __init__(self, key: str = "AROUND_SIZE") -> None:
        self.key = key

    @hookimpl(wrapper=True)
    def cocopot_config_defaults(self) -> Generator[None, Any, Any]:
        return [*(yield), {self.key: 1}]


@pytest.mark.parametrize("is_late", [False, True])
def test_wrappers_without_an_implementation(is_late: bool) -> None:
    """They run once, each, around nothing; also those of a plugin that is registered later."""
    plugins = {"around": Around(), "other": Around("OTHER_SIZE")}
    app = app_with(**plugins) if is_late else Cocopot("shop", autoload=False, plugins=plugins.values())
    assert app.config["AROUND_SIZE"] == app.config["OTHER_SIZE"] == 1


def test_a_wrapper_without_an_implementation_is_blamed() -> None:
    """What it returns is checked as ever."""
    with pytest.raises(PluginError, match="'around' names the configuration key 'size'") as caught:
        Cocopot("shop", autoload=False, plugins=[Around("size")])
    assert caught.value.plugin == "around"
