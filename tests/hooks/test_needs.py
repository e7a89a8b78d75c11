from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from cocopot.hooks import PluginManager
from cocopot.hooks.candidates import installed
from cocopot.hooks.versions import fits
from cocopot.testing import installed_plugin, make_app

if TYPE_CHECKING:
    from collections.abc import Iterable


def plugin(name: str, **declared: Iterable[str]) -> Any:
    """Return a plugin that declares something about others, and does nothing."""
    return SimpleNamespace(plugin_name=name, **{"requires": (), **declared})


def loaded(*plugins: object, order: Iterable[str] = ()) -> list[str]:
    """Return the names of plugins in their load order."""
    app = Cocopot(__name__, autoload=False, plugins=plugins, order=order)
    return [record.name for record in app.plugins.records("plugin")]


def test_before() -> None:
    """A plugin is loaded before those that it names; names that are not there are ignored."""
    assert loaded(plugin("a"), plugin("b"), plugin("z", before=("b", "absent"))) == ["a", "z", "b"]


def test_the_declared_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """`order=` moves what it names; the variable replaces it."""
    plugins = [plugin(name) for name in "abcd"]
    assert loaded(*plugins, order=("d", "absent", "b")) == ["a", "c", "d", "b"]
    monkeypatch.setenv("COCOPOT_PLUGIN_ORDER", "c, a")
    assert loaded(*plugins, order=("d", "b")) == ["b", "c", "a", "d"]


def test_a_cycle_names_who_declared_each_step() -> None:
    """The operator's order, `before`, `after` and `requires` are all named."""
    plugins = [plugin("a", requires=("b",)), plugin("b", after=("c",)), plugin("d", before=("c",))]
    with pytest.raises(PluginError) as caught:
        loaded(*plugins, plugin("c"), order=("a", "d"))
    text = str(caught.value)
    assert "in a cycle: a -> b -> c -> d -> a. 'a' names 'b' in requires; 'b' names 'c' in after; " in text
    assert "'d' names 'c' in before; order= names 'a' before 'd'." in text
    assert caught.value.reason == "cycle"


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        ("ab", TypeError, "order takes a sequence of plugin names, not a string: order=('ab',)"),
        ({"a", "b"}, TypeError, "order takes a sequence of plugin names, not a set, which has no order"),
        (("a", 1), TypeError, "order takes a sequence of plugin names, not one with 1"),
        (("a", "b", "a"), PluginError, "order= names the plugin 'a' twice. Remove one of the two."),
    ],
)
def test_an_order_that_is_none_is_refused(order: Any, error: type[Exception], message: str) -> None:
    """A string, a set and a repeated name are mistakes."""
    with pytest.raises(error) as caught:
        loaded(plugin("a"), order=order)
    assert message in str(caught.value)


def test_an_ordered_name_that_is_not_installed_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It may have been uninstalled; a similar name is suggested."""
    loaded(plugin("session"), plugin("login"), order=("sesion", "login"))
    assert "order= names the plugin 'sesion', which is not installed. Did you mean 'session'?" in caplog.text


@pytest.mark.parametrize(
    "name", ["session>>1", ">=1", "session>=x", "", "session=1", "session=>1", "session,metrics"]
)
@pytest.mark.parametrize("attribute", ["requires", "after", "before"])
def test_a_requirement_that_is_none_is_refused(attribute: str, name: str) -> None:
    """The error names the plugin, the attribute and its value."""
    with pytest.raises(PluginError) as caught:
        loaded(plugin("login", **{attribute: (name,)}))
    assert f"Plugin 'login' has {attribute} = {(name,)!r}; " in str(caught.value)
    assert caught.value.reason == "declaration"


DECLARES = """
    import builtins
    builtins.imported = True
    from cocopot import hookimpl
    class Login:
        {declaration}
        @hookimpl
        def cocopot_startup(self): ...
    login = Login()
"""


@pytest.mark.parametrize("value", ["cocopot_login:Login", "cocopot_login:login", "cocopot_login.sub:Login"])
@pytest.mark.parametrize("attribute", ["requires", "after"])
def test_versions_are_compared_before_the_import(value: str, attribute: str) -> None:
    """The plugin whose requirement is not met is not imported, nor is its package."""
    source = DECLARES.format(declaration=f"{attribute}: tuple[str, ...] = ('users>=1.2,<2',)")
    modules = {"cocopot_login.sub": source} if ".sub" in value else {}
    with (
        installed_plugin("users", "", distribution="shop-users", version="2.0"),
        installed_plugin("login", source, entry_point=value, modules=modules),
        pytest.raises(PluginError) as caught,
    ):
        Cocopot(__name__, autoload={"login", "users"})
    assert "cocopot_login" not in sys.modules
    text = "requires 'users>=1.2,<2', and 'users' is of shop-users 2.0."
    assert text in str(caught.value)
    assert "Install shop-users>=1.2,<2." in str(caught.value)
    assert (caught.value.plugin, caught.value.reason) == ("login", "version")


def test_versions_that_are_computed_are_compared_after_the_import() -> None:
    """What cannot be read from the source counts all the same, before any hook is called."""
    source = DECLARES.format(declaration="requires = tuple(['session' + '>=2'])")
    with (
        installed_plugin("session", "", version="1.9"),
        installed_plugin("login", source, entry_point="cocopot_login:Login"),
        pytest.raises(PluginError, match=r"requires 'session>=2', and 'session' is of cocopot-session 1\.9"),
    ):
        Cocopot(__name__, autoload={"login", "session"})


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("requires = tuple(name for name in requires if not name)", "cocopot_login"),
        ("try: import missing\nexcept ImportError: requires = ()", "cocopot_login"),
        (
            "class Login: requires = ('session>=2',)\nlogin = Login()\nlogin.requires = ()",
            "cocopot_login:login",
        ),
    ],
)
def test_a_requirement_that_is_changed_later_is_not_compared(change: str, value: str) -> None:
    """The source is not taken for what the plugin declares if another statement sets the attribute."""
    source = f"requires = ('session>=2',)\n{change}\nfrom cocopot import hookimpl"
    with (
        installed_plugin("session", "", version="1.9"),
        installed_plugin("login", source, entry_point=value),
    ):
        app = Cocopot(__name__, autoload={"login", "session"})
    assert {record.name for record in app.plugins.records("plugin")} == {"session", "login"}


@pytest.mark.parametrize(
    ("specifier", "does_fit"),
    [("==1.4.dev1", True), ("<1.4", False), (">=1.4.dev2", False), (">=1.4", True), ("!=1.4", False)],
)
def test_a_development_version(specifier: str, does_fit: bool) -> None:
    """It counts as the release it leads to, and as itself where the specifier names such versions."""
    assert fits("1.4.dev1", specifier) is does_fit


@pytest.mark.parametrize("version", ["1.2", "1.2.5", "1.10", "2.0.dev3", "2.0a1"])
def test_versions_that_fit(version: str) -> None:
    """Versions are not compared as texts; a development version counts as the release it leads to."""
    source = DECLARES.format(declaration="requires = ('session >= 1.2',)")
    with (
        installed_plugin("session", "from cocopot import hookimpl", version=version),
        installed_plugin("login", source, entry_point="cocopot_login:Login"),
    ):
        app = Cocopot(__name__, autoload={"login", "session"})
    assert [record.name for record in app.plugins.records("plugin")] == ["session", "login"]


@pytest.mark.parametrize(
    "text", ["cocopot>=9,<10", "Cocopot (>=9)", "cocopot[serve]==0.2 ; python_version>='3'"]
)
def test_another_version_of_cocopot(text: str) -> None:
    """The requirement of the distribution is compared, and the plugin is not imported."""
    with (
        installed_plugin("login", DECLARES.format(declaration=""), dependencies=[text]),
        pytest.raises(PluginError) as caught,
    ):
        Cocopot(__name__, autoload={"login"})
    assert "cocopot_login" not in sys.modules
    assert "Plugin 'login' (cocopot-login 1.0.0, cocopot_login) requires cocopot" in str(caught.value)
    assert ", and the version of Cocopot is 1.0.0." in str(caught.value)
    assert caught.value.reason == "version"


def test_another_version_of_cocopot_in_an_egg() -> None:
    """The metadata of an egg has its requirements in a file of their own."""
    with installed_plugin("login", "raise ImportError") as login:
        (info,) = login.path.glob("*.dist-info")
        egg = info.rename(info.with_suffix(".egg-info"))
        (egg / "METADATA").rename(egg / "PKG-INFO")
        (egg / "requires.txt").write_text("cocopot>=9\n", "utf-8")
        installed.cache_clear()
        with pytest.raises(PluginError, match="requires cocopot>=9, and the version of Cocopot is 1"):
            Cocopot(__name__, autoload={"login"})


@pytest.mark.parametrize(
    "text",
    ["cocopot", "cocopot>=1,<2", "cocopot-session>=9", "cocopot>=9; extra == 'x'", "cocopot @ file:///x"],
)
def test_requirements_that_do_not_exclude_this_version(text: str) -> None:
    """Extras, other distributions and addresses are ignored."""
    with installed_plugin("login", "", dependencies=[text]):
        Cocopot(__name__, autoload={"login"})


def test_with_warn_one_that_does_not_fit_is_skipped() -> None:
    """The others are loaded, and what requires it is skipped, too."""
    with (
        installed_plugin("login", "", dependencies=["cocopot>=9"]),
        installed_plugin("shop", "requires = ('login',)"),
        installed_plugin("users", ""),
    ):
        app = Cocopot(__name__, autoload={"login", "shop", "users"}, plugin_errors="warn")
    assert {name: error.reason for name, error in app.plugins.failed.items()} == {
        "login": "version",
        "shop": "requirement",
    }
    assert [record.name for record in app.plugins.records("plugin")] == ["users"]


class Passing:
    """A plugin that records that a request has passed it, and declares something about others."""

    def __init__(self, name: str, steps: list[str], **declared: Iterable[str]) -> None:
        self.plugin_name = name
        self.steps = steps
        vars(self).update(declared)

    @hookimpl
    def cocopot_before_request(self) -> None:
        self.steps.append(self.plugin_name)

    @hookimpl
    def cocopot_after_request(self) -> None:
        self.steps.append(f"/{self.plugin_name}")


def test_a_late_plugin_has_the_place_that_it_declares() -> None:
    """It is called as if it had been loaded with those that are registered, also after a request."""
    steps: list[str] = []
    app = make_app(Passing("a", steps), Passing("b", steps), Passing("c", steps, after=("late",)))
    app.test_client().get("/")
    for late in (Passing("z", steps, before=("b",)), Passing("late", steps, requires=("a",))):
        app.plugins.register(late)
    assert [record.name for record in app.plugins.records("plugin")] == ["a", "z", "b", "late", "c"]
    steps.clear()
    app.test_client().get("/")
    assert steps == ["a", "z", "b", "late", "c", "/c", "/late", "/b", "/z", "/a"]


def test_a_late_plugin_has_the_place_that_the_operator_declares() -> None:
    """`order=` counts as for those that are loaded with the application; without it the place is the last."""
    app = make_app(plugin("a"), plugin("c"), order=("b", "c"))
    for late in (plugin("b"), plugin("aa")):
        app.plugins.register(late)
    assert [record.name for record in app.plugins.records("plugin")] == ["a", "b", "c", "aa"]


def test_a_late_plugin_has_its_place_in_a_hook_without_order() -> None:
    """There, what has been loaded last runs first."""

    class Specs:
        @hookspec
        def shop_opened(self) -> None: ...

    class Opened:
        def __init__(self, name: str, **declared: Iterable[str]) -> None:
            self.name = name
            vars(self).update(declared)

        @hookimpl
        def shop_opened(self) -> str:
            return self.name

    manager = PluginManager()
    manager.add_hookspecs(Specs)
    for late in (Opened("a"), Opened("b"), Opened("c", before=("b",))):
        manager.register(late, late.name)
    assert manager.hook.shop_opened() == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"requires": ("sesion",)}, r"requires 'sesion', which is not installed\. Did you mean 'session'\?"),
        ({"requires": ("metrics",)}, r"requires 'metrics', which is disabled by disable="),
        ({"requires": ("session>=2",)}, r"requires 'session>=2', and 'session' is of cocopot-session 1\.9\."),
        ({"after": ("session>=2",)}, r"requires 'session>=2', and 'session' is of cocopot-session 1\.9\."),
        ({"before": ("session>=2",)}, r"requires 'session>=2', and 'session' is of cocopot-session 1\.9\."),
        ({"requires": "session"}, r"has requires = 'session'; it must be a tuple of plugin names\."),
    ],
)
def test_a_late_plugin_whose_needs_are_not_met(declared: Any, message: str) -> None:
    """The error is the one that it would be if the plugin had been loaded with the application."""
    with installed_plugin("session", "from cocopot import hookimpl", version="1.9"):
        app = Cocopot(__name__, autoload={"session"}, disable={"metrics"})
        with pytest.raises(PluginError, match=message) as late:
            app.plugins.register(plugin("login", **declared))
        with pytest.raises(PluginError) as loaded:
            Cocopot(
                __name__, autoload={"session"}, disable={"metrics"}, plugins=[plugin("login", **declared)]
            )
    assert (str(late.value), late.value.reason) == (str(loaded.value), loaded.value.reason)
    assert [record.name for record in app.plugins.records("plugin")] == ["session"]


def test_a_late_plugin_without_a_place_is_refused() -> None:
    """The error names what it declares, the order of the others, and where they are ordered together."""
    app = make_app(plugin("a"), plugin("b"))
    with pytest.raises(PluginError) as caught:
        app.plugins.register(plugin("c", requires=("b",), before=("a",)))
    text = str(caught.value)
    assert "Plugin 'c' has no place among the plugins that are registered: it is loaded after 'b'" in text
    assert "and before 'a', and 'a' has been loaded before 'b'. 'c' names 'b' in requires; " in text
    assert "'c' names 'a' in before." in text
    assert "pass it to the application in plugins=" in text
    assert (caught.value.plugin, caught.value.reason) == ("c", "cycle")
    assert loaded(plugin("a"), plugin("b"), plugin("c", requires=("b",), before=("a",))) == ["b", "c", "a"]


def test_a_late_plugin_that_makes_a_cycle() -> None:
    """It is the same error as when the application is created."""
    app = make_app(plugin("a", after=("b",)))
    with pytest.raises(PluginError, match=r"in a cycle: a -> b -> a\. 'a' names 'b' in after; 'b' names 'a'"):
        app.plugins.register(plugin("b", requires=("a",)))


def test_a_late_plugin_whose_declaration_raises() -> None:
    """What its property raises is the cause of an error that names it."""

    class Broken:
        @property
        def requires(self) -> tuple[str, ...]:
            raise LookupError("no list")

    with pytest.raises(PluginError, match="Plugin 'late' cannot be ordered: LookupError: no list"):
        make_app().plugins.register(Broken(), "late")


def test_a_plugin_that_is_needed_before_it_is_loaded() -> None:
    """A plugin that another one registers while plugins are loaded can require only those loaded earlier."""

    class Registers:
        plugin_name = "first"

        @hookimpl
        def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
            pluginmanager.register(plugin("login", requires=("session",)))

    with pytest.raises(PluginError, match="requires 'session', which is not registered at this point"):
        make_app(Registers(), plugin("session"))
    assert loaded(Registers(), plugin("session"), order=("session", "first")) == ["session", "first", "login"]
