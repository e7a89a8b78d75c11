from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from cocopot.hooks.failures import collect_errors
from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Mapping


class Notes:
    plugin_name = "notes"

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, Any]:
        return {"NOTES_LIMIT": 10}


def test_a_name_in_place_of_a_plugin_is_refused() -> None:
    """`plugins` takes objects; the message states how an installed plugin is chosen."""
    with pytest.raises(TypeError, match=r"not the name 'notes'; .* autoload=\{'notes'\}"):
        Cocopot(__name__, autoload=False, plugins=["notes"])
    with pytest.raises(TypeError, match="takes objects, modules or classes, not None"):
        Cocopot(__name__, autoload=False, plugins=[None])


def test_an_unknown_way_with_errors_is_refused() -> None:
    """`plugin_errors` is one of two words."""
    with pytest.raises(ValueError, match="'raise' or 'warn', not 'ignore'"):
        Cocopot(__name__, autoload=False, plugin_errors="ignore")  # type: ignore[arg-type]


class Needs:
    """A plugin that names others."""

    def __init__(self, name: str, requires: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> None:
        self.plugin_name, self.requires, self.after = name, requires, after


def test_the_variable_replaces_the_way_with_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """`COCOPOT_PLUGIN_ERRORS` overrides the application, in both directions; a blank value is ignored."""
    needy = Needs("needy", requires=("absent",))
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", " warn ")
    assert list(Cocopot(__name__, autoload=False, plugins=[needy]).plugins.failed) == ["needy"]
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", "raise")
    with pytest.raises(PluginError, match="requires 'absent'"):
        Cocopot(__name__, autoload=False, plugins=[needy], plugin_errors="warn")
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", " ")
    with pytest.raises(PluginError, match="requires 'absent'"):
        Cocopot(__name__, autoload=False, plugins=[needy])


def test_an_unknown_word_in_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable, not the argument that it replaces."""
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", "ignore")
    with pytest.raises(ValueError, match="COCOPOT_PLUGIN_ERRORS is 'raise' or 'warn', not 'ignore'"):
        Cocopot(__name__, autoload=False)


def test_with_warn_the_members_of_cycles_are_skipped() -> None:
    """Of two cycles every member is skipped, and what requires one of them; the others are loaded."""
    plugins = [
        Needs("a", requires=("b",)),
        Needs("b", after=("a",)),
        Needs("c", after=("d",)),
        Needs("d", requires=("c",)),
        Needs("dependent", requires=("a",)),
        Needs("free", after=("d",)),
    ]
    app = Cocopot(__name__, autoload=False, plugins=plugins, plugin_errors="warn")
    assert [record.name for record in app.plugins.records("plugin")] == ["free"]
    assert sorted(app.plugins.failed) == ["a", "b", "c", "d", "dependent"]
    assert "in a cycle: a -> b -> a" in str(app.plugins.failed["b"])
    assert "in a cycle: c -> d -> c" in str(app.plugins.failed["c"])
    assert "requires 'a', which failed to load" in str(app.plugins.failed["dependent"])


def test_with_warn_a_missing_name_is_recorded() -> None:
    """An application that names a plugin that is not there goes on without it."""
    app = Cocopot(__name__, autoload={"unheard-of"}, plugins=[Notes], plugin_errors="warn")
    assert [record.name for record in app.plugins.records("plugin")] == ["notes"]
    assert "named by autoload=, is not installed" in str(app.plugins.failed["unheard-of"])


def test_errors_are_collected(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Errors of all applications are collected, whatever is set; nothing is logged."""
    monkeypatch.setenv("COCOPOT_PLUGIN_ERRORS", "raise")
    with collect_errors() as errors:
        for name in ("one", "two"):
            app = Cocopot(__name__, autoload=False, plugins=[Needs(name, requires=("absent",)), Notes])
            assert [record.name for record in app.plugins.records("plugin")] == ["notes"]
    assert {name: error.reason for name, error in errors.items()} == dict.fromkeys(
        ("one", "two"), "requirement"
    )
    assert not caplog.records
    with pytest.raises(PluginError, match="requires 'absent'"):
        Cocopot(__name__, autoload=False, plugins=[Needs("one", requires=("absent",))])


class Misfits:
    """Plugins whose `cocopot_before_request` or `cocopot_setup` does not fit the specification."""

    class Argument:
        plugin_name = "argument"

        @hookimpl
        def cocopot_before_request(self, request: Any, respons: Any) -> None: ...

    class NotAGenerator:
        plugin_name = "not-a-generator"

        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> None: ...

    class Historic:
        plugin_name = "historic"

        @hookimpl(wrapper=True)
        def cocopot_setup(self) -> Any:
            return (yield)


@pytest.mark.parametrize(
    ("plugin", "hook", "problem"),
    [
        (Misfits.Argument, "cocopot_before_request", "has no argument 'respons'"),
        (Misfits.NotAGenerator, "cocopot_before_request", "not a generator function"),
        (Misfits.Historic, "cocopot_setup", "cocopot_setup cannot have wrappers, because"),
    ],
)
def test_a_misfit_is_an_error_with_hook_and_place(plugin: type, hook: str, problem: str) -> None:
    """An implementation that pluggy refuses is named by its hook and its place, which are fields."""
    with pytest.raises(PluginError, match=problem) as caught:
        Cocopot(__name__, autoload=False, plugins=[plugin])
    error = caught.value
    assert (error.plugin, error.hook, error.reason) == (plugin.plugin_name, hook, "signature")  # type: ignore[attr-defined]
    assert error.place is not None
    assert error.place.read_line().startswith(f"def {hook}(")


def test_a_misspelled_name_to_disable_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """A name that is not there, and looks like one that is, would disable nothing in silence."""
    with caplog.at_level(logging.WARNING):
        Cocopot(__name__, autoload=False, plugins=[Notes], disable={"nots", "something-else"})
    (record,) = caplog.records
    assert "names the plugin 'nots', which is not installed. Did you mean 'notes'" in record.getMessage()


def test_a_wrong_argument_is_named_beside_the_right_ones() -> None:
    """The error states which arguments the hook has, which one may be meant, and where the function is."""

    class Plugin:
        @hookimpl
        def cocopot_after_request(self, req: object) -> None: ...

    match = (
        r"no argument 'req'; it has the arguments app, request, response\. Did you mean 'request'\?\n  at "
    )
    with pytest.raises(PluginError, match=match) as caught:
        Cocopot(__name__, autoload=False, plugins=[Plugin])
    assert caught.value.hook == "cocopot_after_request"
    assert f"  at {__file__}:" in str(caught.value)
    assert ": def cocopot_after_request(self, req: object) -> None: ...\n" in str(caught.value)


def test_a_wrong_argument_of_a_hook_that_has_none() -> None:
    """The error states so."""

    class Specs:
        @hookspec
        def shop_opened(self) -> None: ...

    class Plugin:
        @hookimpl
        def cocopot_addhooks(self, pluginmanager: Any) -> None:
            pluginmanager.add_hookspecs(Specs)

        @hookimpl
        def shop_opened(self, app: Cocopot) -> None: ...

    with pytest.raises(PluginError, match=r"shop_opened has no argument 'app'; it has none\.\n  at "):
        Cocopot(__name__, autoload=False, plugins=[Plugin])


def test_a_late_plugin_that_fails_leaves_nothing_behind() -> None:
    """What its `cocopot_setup` had registered and set is rolled back."""

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_url_rule("/late", "late", lambda: "late")
            app.before_request(lambda: "late")
            app.router.converters["late"] = app.router.converters["default"]
            app.request_class = type("Late", (app.request_class,), {})
            raise LookupError("halfway")

    app = Cocopot(__name__, autoload=False)
    before = app.request_class, [record.name for record in app.plugins.records()]
    with pytest.raises(LookupError, match="halfway"):
        app.plugins.register(Plugin(), "late")
    assert (app.request_class, [record.name for record in app.plugins.records()]) == before
    assert "late" not in app.router.converters
    assert app.test_client().get("/late").status_code == 404


def test_a_late_plugin_gets_its_hooks_in_order() -> None:
    """First it provides hooks, then its defaults are taken, then it sets itself up."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_addhooks(self) -> None:
            calls.append("addhooks")

        @hookimpl
        def cocopot_config_defaults(self) -> Mapping[str, Any]:
            calls.append("defaults")
            return {"LATE": 1}

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            calls.append(app.config["LATE"])

    Cocopot(__name__, autoload=False).plugins.register(Plugin(), "late")
    assert calls == ["addhooks", "defaults", 1]


def test_changing_a_table_lets_no_request_through() -> None:
    """While a list of functions changes, a request sees it as it was or as it will be."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", lambda: "let through")
    app.before_request(lambda: ("refused", 403))
    client, stop = app.test_client(), threading.Event()
    seen: set[int] = set()

    def ask() -> None:
        while not stop.is_set():
            seen.add(client.get("/").status_code)

    thread = threading.Thread(target=ask)
    client.get("/")
    thread.start()
    functions = app.before_request_funcs[None]
    for _ in range(100):
        functions.insert(0, lambda: None)
        del functions[0]
    stop.set()
    thread.join(10)
    assert seen == {403}


UNSPEAKABLE = """
    class Unspeakable({base}):
        def __str__(self):
            raise LookupError
    raise Unspeakable
    """


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (UNSPEAKABLE.format(base="Exception"), "failed to load: Unspeakable: Unspeakable\n"),
        (UNSPEAKABLE.format(base="BaseException"), "failed to load: Unspeakable: Unspeakable\n"),
        ("raise GeneratorExit('gone')", "failed to load: GeneratorExit: gone\n"),
    ],
)
def test_any_exception_at_import_is_the_plugins(source: str, text: str) -> None:
    """Whatever a plugin raises, and whatever that states of itself, the error names the plugin."""
    with installed_plugin("odd", source):
        with pytest.raises(PluginError, match="'odd'.*" + text):
            Cocopot(__name__, autoload={"odd"})
        app = Cocopot(__name__, autoload={"odd"}, plugin_errors="warn")
        assert list(app.plugins.failed) == ["odd"]


def test_an_interrupt_at_import_is_not_the_plugins() -> None:
    """Ending the process by hand is not reported as a broken plugin."""
    with installed_plugin("slow", "raise KeyboardInterrupt"), pytest.raises(KeyboardInterrupt):
        Cocopot(__name__, autoload={"slow"})


class Awaited:
    @hookimpl
    async def cocopot_before_request(self) -> None: ...


class Named:
    @hookimpl(specname="cocopot_startup")
    async def begin(self) -> Any:
        yield


class Property:
    @property
    def cocopot_startup(self) -> Any:
        raise AssertionError


class Text:
    cocopot_startup = "text"


@pytest.mark.parametrize(
    ("plugin", "text"),
    [
        (7, "is 7. It must be a module, a class, or an instance of a class."),
        (["notes"], r"is \['notes'\]. It must"),
        (len, "is <built-in function len>. It must"),
        (
            Awaited,
            "implements 'cocopot_before_request' with `async def`, which .*\n  at .*: async def",
        ),
        (Named, "implements 'cocopot_startup' with `async def`"),
        (Property, "has a property 'cocopot_startup' and no function with that name"),
        (Text, "has a str 'cocopot_startup' and no function with that name"),
    ],
)
def test_what_could_never_run_is_refused(plugin: Any, text: str) -> None:
    """A plugin that cannot have hooks, and a hook that cannot be called or would be awaited, is an error."""
    with pytest.raises(PluginError, match=text):
        Cocopot(__name__, autoload=False, plugins=[plugin])
    with Cocopot(__name__, autoload=False, plugins=[plugin], plugin_errors="warn").test_client() as client:
        assert client.get("/").status_code == 404


def test_none_takes_a_hook_out() -> None:
    """A subclass can do without a hook of its base class."""

    class Less(Notes):
        cocopot_config_defaults = None  # type: ignore[assignment]

    assert "NOTES_LIMIT" not in Cocopot(__name__, autoload=False, plugins=[Less]).config
