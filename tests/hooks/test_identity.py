"""Which objects can be plugins, and that each is one by its identity, whatever its class defines."""

from __future__ import annotations

import dataclasses
import functools
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl
from tests.calls import count_calls


@dataclasses.dataclass
class Counter:
    """Equal to each other, and not hashable."""

    @hookimpl
    def cocopot_before_request(self, app: Any) -> None:
        app.extensions["count"] = app.extensions.get("count", 0) + 1


class OddEq(Counter):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise RuntimeError("asked for its truth value")


@pytest.mark.parametrize("cls", [Counter, OddEq])
def test_equal_plugins_are_different_ones(cls: type) -> None:
    """Both are registered, found under their own names, and unregistered one by one."""
    first, second, third = cls(), cls(), cls()
    app = Cocopot("shop", autoload=False, plugins=[first, second])
    app.plugins.register(third, "third")
    app.test_client().get("/")
    assert app.extensions["count"] == 3
    names = [app.plugins.get_name(plugin) for plugin in (first, second, third)]
    assert len(set(names)) == 3
    assert app.plugins.is_registered(second)
    assert not app.plugins.is_registered(cls())
    assert app.plugins.unregister(second) is second
    assert not app.plugins.is_registered(second)
    app.test_client().get("/")
    assert app.extensions["count"] == 5
    with pytest.raises(ValueError, match="is not registered"):
        app.plugins.unregister(second)
    with pytest.raises(ValueError, match=r"is not registered as 'third'"):
        app.plugins.unregister(first, "third")


def test_functions_are_registered_in_as_many_steps_as_before() -> None:
    """The thousandth function of an application is not compared with all others."""
    counts = []
    for number in (10, 1000):
        app = Cocopot("shop", autoload=False)
        for _ in range(number):
            app.before_request(lambda: None)
        counts.append(count_calls(functools.partial(app.before_request, lambda: None)))
    assert counts[1] - counts[0] < 30


def test_a_blocked_name_is_not_a_plugin() -> None:
    """A name that is blocked, free again and used is that of one plugin."""
    plugins = Cocopot("shop", autoload=False).plugins
    plugins.set_blocked("odd")
    assert plugins.register(Counter(), "odd") is None
    assert plugins.get_name(None) is None
    assert plugins.unblock("odd")
    assert plugins.register(first := Counter(), "odd") == "odd"
    plugins.set_blocked("odd")
    assert not plugins.is_registered(first)
    assert None not in plugins.get_plugins()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        1.5,
        "text",
        b"bytes",
        [1],
        (1,),
        {1},
        {"a": 1},
        len,
        lambda: None,
        int,
        dict,
        object(),
        ...,
    ],
)
def test_what_cannot_have_hooks(value: object) -> None:
    """It is refused by name, late too, and with `plugin_errors="warn"` it is not registered either."""
    app = Cocopot("shop", autoload=False, plugin_errors="warn")
    with pytest.raises(
        PluginError, match="It must be a module, a class, or an instance of a class"
    ) as caught:
        app.plugins.register(value)
    assert caught.value.reason == "type"
    assert app.plugins.records("plugin") == []
    assert app.test_client().get("/").status_code == 404


def test_what_can_have_hooks() -> None:
    """Modules, instances, namespaces, and classes that `type` or `exec` has made."""
    names: dict[str, Any] = {}
    exec("class Made: ...", names)
    app = Cocopot("shop", autoload=False)
    for plugin in (ModuleType("m"), SimpleNamespace(), names["Made"](), type("T", (), {})(), Counter()):
        assert app.plugins.register(plugin)


class NameRaises:
    @property
    def plugin_name(self) -> str:
        raise RuntimeError("no name")

    @hookimpl
    def cocopot_before_request(self) -> str:
        return "never"


class AttributesRaise:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    @hookimpl
    def cocopot_before_request(self) -> str:
        return "never"


class NeedsRaise:
    plugin_name = "needs"

    @property
    def requires(self) -> Any:
        raise RuntimeError("no needs")


class DirRaises:
    plugin_name = "dir"

    def __dir__(self) -> Any:
        raise RuntimeError("no dir")


class ClassRaises:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    @__class__.setter
    def __class__(self, value: object) -> None: ...


class EveryAttributeRaises:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


@pytest.mark.parametrize("cls", [ClassRaises, EveryAttributeRaises])
def test_an_object_that_hides_its_class(cls: type) -> None:
    """It is a `PluginError` with the name of its class, as `isinstance` is not asked."""
    with pytest.raises(PluginError, match=f"{__name__}.{cls.__name__}' .*RuntimeError: no "):
        Cocopot("shop", autoload=False, plugins=[cls()])
    app = Cocopot("shop", autoload=False, plugins=[cls()], plugin_errors="warn")
    assert list(app.plugins.failed) == [f"{__name__}.{cls.__name__}"]


@pytest.mark.parametrize("cls", [NameRaises, AttributesRaise, NeedsRaise, DirRaises])
def test_a_plugin_whose_attributes_raise(cls: type) -> None:
    """It is a `PluginError` with its class or name; with `plugin_errors="warn"` it is skipped entirely."""
    name = getattr(cls, "plugin_name", "") if isinstance(getattr(cls, "plugin_name", ""), str) else ""
    # Of a class, the property itself is not a name, and is not read.
    for plugin in (cls(),) if cls is NameRaises else (cls, cls()):
        with pytest.raises(PluginError, match="RuntimeError: no ") as caught:
            Cocopot("shop", autoload=False, plugins=[plugin])
        assert caught.value.plugin == (name or f"{__name__}.{cls.__name__}")
        app = Cocopot("shop", autoload=False, plugins=[plugin], plugin_errors="warn")
        assert app.plugins.records("plugin") == []
        assert list(app.plugins.failed) == [caught.value.plugin]
        assert app.test_client().get("/").status_code == 404


def test_a_late_plugin_whose_name_raises() -> None:
    """It is a `PluginError` with the name of its class, and the place."""
    app = Cocopot("shop", autoload=False)
    with pytest.raises(PluginError, match=f"{__name__}.NameRaises' failed to load: RuntimeError") as caught:
        app.plugins.register(NameRaises())
    assert caught.value.place is not None
    assert app.plugins.register(NameRaises(), "named") == "named"


def test_a_partial_has_no_hooks() -> None:
    """What has no hooks is registered as a plugin without any."""
    app = Cocopot("shop", autoload=False)
    app.plugins.register(functools.partial(print), "partial")
    assert app.test_client().get("/").status_code == 404


def test_plugins_without_a_hash_can_be_listed_and_left_out() -> None:
    """`get_plugins` and `subset_hook_caller` compare by identity, as everything else does."""
    first, second = OddEq(), OddEq()
    app = Cocopot("shop", autoload=False, plugins=[first, second])
    plugins = app.plugins.get_plugins()
    assert [plugin in plugins for plugin in (first, second, OddEq())] == [True, True, False]
    assert len(plugins) == len(list(plugins)) == len(app.plugins.records())
    assert "PluginSet" in repr(plugins)
    app.plugins.subset_hook_caller("cocopot_before_request", [first])(app=app, request=None)
    assert app.extensions == {"count": 1}
    call = app.plugins.subset_hook_caller("cocopot_before_request", [OddEq()])
    assert call is app.plugins.hook.cocopot_before_request


def test_the_class_of_a_registered_plugin() -> None:
    """To register it again is an error that names the plugin, and does not advise to register an instance."""
    app = Cocopot("shop", autoload=False, plugins=[Counter])
    with pytest.raises(
        PluginError, match=r"is the class of plugin '.*Counter', which is registered"
    ) as caught:
        app.plugins.register(Counter)
    assert caught.value.reason == "duplicate"
    assert caught.value.cure.startswith("Register it once.")
    assert "register(" not in str(caught.value)
    assert len(app.plugins.records("plugin")) == 1
    assert app.plugins.register(Counter()) == f"{__name__}.Counter (2)"


def test_a_plugin_twice() -> None:
    """The message has the name under which it is registered, and no list of all plugins."""
    plugin = SimpleNamespace()
    app = Cocopot("shop", autoload=False, plugins=[plugin])
    with pytest.raises(ValueError, match=r"under a different name: 'types\.SimpleNamespace'\.$"):
        app.plugins.register(plugin, "two")
    app.plugins.register(SimpleNamespace(), "one")
    with pytest.raises(ValueError, match=r"^A plugin is already registered as 'one': namespace\(\)\.$"):
        app.plugins.register(SimpleNamespace(), "one")


def test_a_disabled_plugin_that_is_registered_later() -> None:
    """Its own name is blocked; it does not get another one."""
    app = Cocopot("shop", autoload=False, disable={"half"})
    assert app.plugins.register(SimpleNamespace(plugin_name="half")) is None
    assert app.plugins.records("plugin") == []
