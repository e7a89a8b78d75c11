"""What pluggy documents goes on holding for Cocopot's plugin manager."""

from __future__ import annotations

import threading
import warnings
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from cocopot import Cocopot, PluginError
from cocopot.hooks import PluginManager, hookimpl, hookspec
from cocopot.hooks.candidates import Candidate

if TYPE_CHECKING:
    from collections.abc import Generator


class Specs:
    """Hooks without an order of the contract: pluggy's holds."""

    @hookspec
    def sample_all(self, value: int) -> None:
        """Every result is collected."""

    @hookspec(firstresult=True)
    def sample_first(self, value: int) -> None:
        """The first result stops the rest."""

    @hookspec(historic=True)
    def sample_historic(self, value: int) -> None:
        """The call is remembered."""


def manager_with(**plugins: object) -> PluginManager:
    """Return a manager of the hooks above with these plugins, registered in this order."""
    manager = PluginManager(hookspecs=[Specs])
    for name, plugin in plugins.items():
        manager.register(plugin, name)
    return manager


def adder(number: int) -> object:
    """Return a plugin whose implementations add a number."""

    class Adder:
        @hookimpl
        def sample_all(self, value: int) -> int:
            return value + number

        @hookimpl
        def sample_first(self, value: int) -> int:
            return value + number

    return Adder()


# -------------------------------------------------------------------------
# Calls
# -------------------------------------------------------------------------


def test_the_last_registered_is_called_first() -> None:
    """A hook whose specification states nothing of order has pluggy's."""
    manager = manager_with(one=adder(1), two=adder(2))
    assert manager.hook.sample_all(value=0) == [2, 1]
    assert manager.hook.sample_first(value=0) == 2


def test_calls_are_by_keyword() -> None:
    """A call by position is refused, and one with an argument missing is warned about and fails."""
    manager = manager_with(one=adder(1))
    with pytest.raises(TypeError, match="positional"):
        manager.hook.sample_all(1)  # type: ignore[call-arg]
    with (
        pytest.warns(UserWarning, match="'value' which are declared in the hookspec"),
        pytest.raises(pluggy.HookCallError, match="must provide argument 'value'"),
    ):
        manager.hook.sample_all()


def test_subset_hook_caller() -> None:
    """A subset leaves plugins out, also those that are registered later under it, and keeps the order."""
    two = adder(2)
    manager = manager_with(one=adder(1), two=two, three=adder(3))
    subset = manager.subset_hook_caller("sample_all", [two])
    assert subset(value=0) == [3, 1]
    manager.register(adder(4), "four")
    assert subset(value=0) == [4, 3, 1]
    assert manager.hook.sample_all(value=0) == [4, 3, 2, 1]


def test_call_extra() -> None:
    """Extra methods take part in one call only."""
    manager = manager_with(one=adder(1))
    assert manager.hook.sample_all.call_extra([lambda value: value * 10], {"value": 5}) == [50, 6]
    assert manager.hook.sample_all(value=5) == [6]


def test_call_extra_in_the_contracts_order() -> None:
    """An extra method is innermost: the last of an in hook's plugins, and the first of an out hook's."""

    class Ordered:
        @hookspec(order="in")
        def sample_in(self) -> None: ...

        @hookspec(order="out")
        def sample_out(self) -> None: ...

    class Plugin:
        @hookimpl
        def sample_in(self) -> str:
            return "plugin"

        @hookimpl
        def sample_out(self) -> str:
            return "plugin"

    manager = PluginManager(hookspecs=[Ordered])
    manager.register(Plugin())
    assert manager.hook.sample_in.call_extra([lambda: "extra"], {}) == ["plugin", "extra"]
    assert manager.hook.sample_out.call_extra([lambda: "extra"], {}) == ["extra", "plugin"]


def test_call_historic() -> None:
    """A historic call reaches plugins that come later, and hands each result to the callback."""

    def plugin(number: int | None) -> object:
        class Plugin:
            @hookimpl
            def sample_historic(self, value: int) -> int | None:
                return number and value + number

        return Plugin()

    manager, results = manager_with(one=plugin(1)), list[int]()
    manager.hook.sample_historic.call_historic(results.append, {"value": 10})
    manager.register(plugin(None), "nothing")
    manager.register(plugin(3), "three")
    assert results == [11, 13]


def test_an_application_has_no_calls_left_over() -> None:
    """A plugin that is unregistered is not called again, historic hooks included."""
    manager = manager_with(one=adder(1), two=adder(2))
    compiled = manager.compile("sample_all")
    assert compiled is not None
    manager.unregister(name="two")
    assert manager.hook.sample_all(value=0) == [1]
    assert manager.compile("sample_all")(0) == [1]  # type: ignore[misc]


# -------------------------------------------------------------------------
# Monitoring
# -------------------------------------------------------------------------


def test_hookcall_monitoring() -> None:
    """`before` and `after` see every call, compiled ones too, until they are taken away."""
    seen: list[Any] = []
    manager = manager_with(one=adder(1))
    undo = manager.add_hookcall_monitoring(
        lambda name, impls, kwargs: seen.append((name, len(impls), kwargs)),
        lambda outcome, name, impls, kwargs: seen.append(outcome.get_result()),
    )
    manager.hook.sample_all(value=1)
    manager.compile("sample_first")(2)  # type: ignore[misc]
    undo()
    manager.hook.sample_all(value=3)
    manager.compile("sample_first")(4)  # type: ignore[misc]
    assert seen == [("sample_all", 1, {"value": 1}), [2], ("sample_first", 1, {"value": 2}), 3]


def test_monitoring_a_request() -> None:
    """An application that serves already is monitored from the next request on, and answers the same."""
    names: list[str] = []
    app = Cocopot("shop", autoload=False)
    app.before_request(lambda: None)
    app.add_url_rule("/", "index", lambda: "view")
    client = app.test_client()
    client.get("/")
    undo = app.plugins.add_hookcall_monitoring(lambda name, *_: names.append(name), lambda *_: None)
    assert client.get("/").text == "view"
    undo()
    assert client.get("/").text == "view"
    assert names == ["cocopot_before_request", "cocopot_dispatch_request", "cocopot_make_response"]


def test_monitoring_keeps_order_kind_and_blueprint() -> None:
    """With a monitor, every hook is called in the same order and for the same endpoints as without."""

    class Ordered:
        @hookspec(order="in", threaded="value")
        def sample_threaded(self, value: str) -> None: ...

    def plugin(letter: str) -> object:
        class Plugin:
            @hookimpl
            def sample_threaded(self, value: str) -> str:
                return value + letter

        return Plugin()

    manager = PluginManager(hookspecs=[Ordered])
    manager.register(plugin("a"), "a")
    manager.register(plugin("b"), "b", scope="bp", depth=1)
    manager.add_hookcall_monitoring(lambda *_: None, lambda *_: None)
    assert manager.compile("sample_threaded")("-") == "-a"  # type: ignore[misc]
    assert manager.compile("sample_threaded", ["bp"])("-") == "-ab"  # type: ignore[misc]


def test_tracing() -> None:
    """`enable_tracing` writes calls and results until it is undone."""
    lines: list[str] = []
    manager = manager_with(one=adder(1))
    manager.trace.root.setwriter(lines.append)
    undo = manager.enable_tracing()
    manager.hook.sample_first(value=1)
    undo()
    manager.hook.sample_first(value=2)
    assert [line.split() for line in lines] == [
        ["sample_first", "[hook]", "value:", "1"],
        ["finish", "sample_first", "-->", "2", "[hook]"],
    ]


# -------------------------------------------------------------------------
# Registration
# -------------------------------------------------------------------------


def test_unregister() -> None:
    """By name or by object, it returns the plugin, and `None` for a name that no code has."""
    one, two = adder(1), adder(2)
    manager = manager_with(one=one, two=two)
    assert manager.unregister(one) is one
    assert manager.unregister(name="two") is two
    assert manager.unregister(name="nobody") is None
    assert manager.hook.sample_all(value=0) == []
    assert manager.records() == []


def test_a_plugin_or_a_name_twice() -> None:
    """Neither can be registered twice, and the first registration stays."""
    one = adder(1)
    manager = manager_with(one=one)
    with pytest.raises(ValueError, match="already registered"):
        manager.register(adder(2), "one")
    with pytest.raises(ValueError, match="already registered under a different name"):
        manager.register(one, "two")
    assert manager.hook.sample_all(value=0) == [1]
    assert [record.name for record in manager.records()] == ["one"]


def test_block() -> None:
    """Blocking a name unregisters it and keeps it out until it is unblocked."""
    one = adder(1)
    manager = manager_with(one=one, two=adder(2))
    manager.set_blocked("one")
    assert manager.hook.sample_all(value=0) == [2]
    assert manager.compile("sample_all")(0) == [2]  # type: ignore[misc]
    assert manager.is_blocked("one")
    assert manager.register(one, "one") is None
    assert manager.unblock("one") is True
    assert manager.unblock("one") is False
    manager.register(one, "one")
    assert manager.hook.sample_all(value=0) == [1, 2]


def test_names() -> None:
    """A plugin is known by its `__name__`, or that of its class; what pluggy reports of it is the same."""
    module, plugin, second = ModuleType("shop_plugin"), adder(1), adder(1)
    manager = PluginManager(hookspecs=[Specs])
    names = [manager.register(one) for one in (module, plugin, second)]
    assert names[0] == "shop_plugin"
    assert names[1] == f"{__name__}.adder.<locals>.Adder"
    assert manager.get_plugins() == {module, plugin, second}
    assert manager.get_plugin("shop_plugin") is module
    assert manager.has_plugin("shop_plugin")
    assert manager.get_name(plugin) == names[1]
    assert manager.is_registered(plugin)
    assert [name for name, _ in manager.list_name_plugin()] == names
    assert [caller.name for caller in manager.get_hookcallers(plugin) or ()] == ["sample_all", "sample_first"]


def test_invalid_plugins() -> None:
    """An object without a single mark may be registered, and implements nothing."""
    manager = manager_with(plain=SimpleNamespace(sample_all=lambda value: value))
    assert manager.hook.sample_all(value=0) == []
    assert manager.has_plugin("plain")


def test_a_failed_registration_leaves_nothing() -> None:
    """A plugin that does not fit the specification is not registered at all."""

    class Broken:
        @hookimpl
        def sample_all(self, value: int) -> int:
            return value

        @hookimpl
        def sample_first(self, other: int) -> int:
            return other

    manager = manager_with()
    with pytest.raises(PluginError, match="other"):
        manager.register(Broken(), "broken")
    assert manager.hook.sample_all(value=1) == []
    assert manager.records() == []
    assert not manager.has_plugin("broken")


# -------------------------------------------------------------------------
# Marks
# -------------------------------------------------------------------------


def test_hooks_without_specification() -> None:
    """They can be called, with what the call gives, and `check_pending` finds them."""

    class Plugin:
        @hookimpl
        def sample_unknown(self, a: int, b: int) -> int:
            return a + b

    manager = manager_with(plugin=Plugin())
    assert manager.hook.sample_unknown(b=1, a=2, c=3) == [3]
    assert manager.compile("sample_unknown") is None
    with pytest.raises(pluggy.PluginValidationError, match="unknown hook 'sample_unknown'"):
        manager.check_pending()


def test_check_pending_before_the_first_request() -> None:
    """An application with a plugin that was registered late and misspells a hook does not serve."""

    class Plugin:
        @hookimpl
        def cocopot_befor_request(self) -> None: ...

    app = Cocopot("shop", autoload=False)
    app.plugins.register(Plugin())
    with pytest.raises(PluginError, match="Did you mean 'cocopot_before_request'"):
        app.test_client().get("/")
    with pytest.raises(PluginError, match="Did you mean 'cocopot_before_request'"):
        Cocopot("shop", autoload=False, plugins=[Plugin])


def test_optionalhook() -> None:
    """An implementation may be marked as one of a hook that perhaps no one specifies."""

    class Plugin:
        @hookimpl(optionalhook=True)
        def sample_unknown(self) -> int:
            return 1

    manager = manager_with(plugin=Plugin())
    manager.check_pending()
    assert manager.hook.sample_unknown() == [1]
    app = Cocopot("shop", autoload=False, plugins=[Plugin])
    assert app.plugins.hook.sample_unknown() == [1]


def test_specification_added_later() -> None:
    """Implementations that are there already are verified then, and compiled calls know the kind."""

    class Plugin:
        @hookimpl
        def sample_first(self, value: int) -> int:
            return value

    manager = PluginManager(hookspecs=[])
    manager.register(Plugin())
    assert manager.hook.sample_first(value=1) == [1]
    manager.add_hookspecs(Specs)
    assert manager.hook.sample_first(value=1) == 1
    manager.check_pending()


def test_specname() -> None:
    """An implementation may have its own name; it is called and ordered like any other."""

    class Plugin:
        @hookimpl(specname="sample_all")
        def one(self, value: int) -> int:
            return value + 1

        @hookimpl(specname="sample_all", tryfirst=True)
        def two(self, value: int) -> int:
            return value + 2

    manager = manager_with(plugin=Plugin())
    assert manager.hook.sample_all(value=0) == [2, 1]
    assert manager.compile("sample_all")(0) == [2, 1]  # type: ignore[misc]


def test_implementations_are_found_without_registering() -> None:
    """Hooks are named by what is implemented, not by the function; of a class they are found as well."""

    class Plugin:
        @hookimpl(specname="sample_all")
        def one(self, value: int) -> int:
            return value

        @hookimpl
        def sample_frist(self) -> None: ...

        def sample_first(self) -> None: ...

    manager = manager_with()
    assert sorted(name for name, _ in manager.implementations_in(Plugin)) == ["sample_all", "sample_frist"]
    functions = dict(manager.implementations_in(Plugin()))
    assert functions["sample_all"](3) == 3
    assert manager.records() == []


@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        ("cocopot_startup", "all"),
        ("cocopot_before_request", "first"),
        ("cocopot_after_request", "threaded"),
        ("cocopot_shutdown", "every"),
    ],
)
def test_the_kind_of_a_hook(hook: str, kind: str) -> None:
    """A hook's specification states what becomes of results."""
    assert PluginManager().kind(hook) == kind


def test_specname_in_an_application() -> None:
    """A hook of the contract may be implemented under another name, configuration defaults too."""

    class Plugin:
        @hookimpl(specname="cocopot_before_request")
        def answer(self) -> str:
            return "answer"

        @hookimpl(specname="cocopot_config_defaults")
        def defaults(self) -> dict[str, Any]:
            return {"SIZE": 1}

    late = Cocopot("shop", autoload=False)
    late.plugins.register(Plugin())
    for app in (late, Cocopot("shop", autoload=False, plugins=[Plugin])):
        assert app.test_client().get("/").text == "answer"
        assert app.config["SIZE"] == 1


def test_warn_on_impl() -> None:
    """A specification may warn who implements it, or who asks for one of its arguments."""

    class Deprecated:
        @hookspec(warn_on_impl=DeprecationWarning("sample_old is old"))
        def sample_old(self) -> None: ...

        @hookspec(warn_on_impl_args={"old": DeprecationWarning("old is old")})
        def sample_new(self, new: int, old: int) -> None: ...

    class Old:
        @hookimpl
        def sample_old(self) -> None: ...

    class Asks:
        @hookimpl
        def sample_new(self, old: int) -> None: ...

    class Fine:
        @hookimpl
        def sample_new(self, new: int) -> None: ...

    manager = PluginManager(hookspecs=[Deprecated])
    with pytest.warns(DeprecationWarning, match="sample_old is old"):
        manager.register(Old())
    with pytest.warns(DeprecationWarning, match="old is old"):
        manager.register(Asks())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        manager.register(Fine())


def test_kinds_of_functions() -> None:
    """Implementations may be functions of a module, methods, class methods and static methods."""

    class Plugin:
        @staticmethod
        @hookimpl
        def sample_all(value: int) -> int:
            return value + 1

        @classmethod
        @hookimpl
        def sample_first(cls, value: int) -> int:
            return value + 2

    module = ModuleType("module")
    module.sample_all = hookimpl(lambda value: value + 3)  # type: ignore[attr-defined]
    manager = manager_with(plugin=Plugin(), module=module)
    assert manager.hook.sample_all(value=0) == [3, 1]
    assert manager.hook.sample_first(value=0) == 2


def test_a_specification_that_contradicts_itself() -> None:
    """A hook cannot be historic or first-result and threaded or every-one-runs at once."""
    with pytest.raises(ValueError, match="historic"):
        hookspec(firstresult=True, historic=True)(lambda: None)
    with pytest.raises((TypeError, ValueError)):
        hookspec(firstresult=True, threaded="value")(lambda value: None)


# -------------------------------------------------------------------------
# Blame
# -------------------------------------------------------------------------


def raiser(exc: BaseException) -> object:
    """Return a plugin that raises."""

    class Raiser:
        @hookimpl
        def sample_all(self) -> None:
            raise exc

    return Raiser()


def test_a_wrapper_is_blamed_for_its_own_exception() -> None:
    """What a wrapper raises names the wrapper; what passes through it does not."""

    class Passes:
        @hookimpl(wrapper=True)
        def sample_all(self) -> Generator[None, Any, Any]:
            return (yield)

    class Replaces:
        @hookimpl(wrapper=True)
        def sample_all(self) -> Generator[None, Any, Any]:
            try:
                return (yield)
            except ValueError as exc:
                raise KeyError("replaced") from exc

    manager = manager_with(raises=raiser(ValueError("first")), replaces=Replaces(), passes=Passes())
    with pytest.raises(KeyError) as caught:
        manager.hook.sample_all(value=0)
    assert caught.value.__notes__ == ["Raised by plugin 'replaces' in hook sample_all."]
    assert caught.value.__cause__.__notes__ == ["Raised by plugin 'raises' in hook sample_all."]  # type: ignore[union-attr]


def test_one_exception_gets_a_note_once() -> None:
    """An exception object that is raised again and again carries one note."""
    manager = manager_with(raises=raiser(ValueError("same")))
    for _ in range(3):
        with pytest.raises(ValueError, match="same") as caught:
            manager.hook.sample_all(value=0)
    assert caught.value.__notes__ == ["Raised by plugin 'raises' in hook sample_all."]


def test_a_hook_that_calls_a_hook() -> None:
    """An exception that leaves two implementations names both, the inner one first."""
    manager = manager_with(inner=raiser(ValueError("deep")))

    class Outer:
        @hookimpl
        def sample_first(self, value: int) -> None:
            manager.hook.sample_all(value=value)

    manager.register(Outer(), "outer", candidate=Candidate("outer", distribution="shop-outer", version="3"))
    with pytest.raises(ValueError, match="deep") as caught:
        manager.hook.sample_first(value=0)
    assert caught.value.__notes__ == [
        "Raised by plugin 'inner' in hook sample_all.",
        "Raised by plugin 'outer' (shop-outer 3) in hook sample_first.",
    ]


def test_who_is_being_set_up() -> None:
    """While the setup of a plugin runs the manager names the plugin, also inside another one's."""
    seen: list[str | None] = []

    class Inner:
        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            seen.append(app.plugins.current_setup.get())
            raise LookupError

    class Outer:
        plugin_name = "outer"

        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            with pytest.raises(LookupError):
                app.plugins.register(Inner(), "inner")
            seen.append(app.plugins.current_setup.get())

    app = Cocopot("shop", autoload=False, plugins=[Outer])
    assert seen == ["inner", "outer"]
    assert app.plugins.current_setup.get() is None


def test_who_is_being_set_up_in_another_thread() -> None:
    """A route that another thread adds while a plugin is set up is not taken for the plugin's."""

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Cocopot) -> None:
            app.add_url_rule("/plugin", "plugin", str)
            thread = threading.Thread(target=app.add_url_rule, args=("/other", "other", str))
            thread.start()
            thread.join()

    app = Cocopot("shop", autoload=False)
    app.plugins.register(Plugin(), "plugin")
    added_by = {rule.rule: getattr(rule, "added_by", None) for rule in app.router.iter_rules()}
    assert (added_by["/plugin"], added_by["/other"]) == ("plugin", None)


def test_a_compiled_hook_survives_a_change_at_any_moment() -> None:
    """A registration of another thread may discard what is compiled between any two steps of a lookup."""

    class Discarding(dict[Any, Any]):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            manager.invalidate()
            return found

        def get(self, key: Any, default: Any = None) -> Any:
            found = super().get(key, default)
            manager.invalidate()
            return found

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, values: dict[str, Any]) -> None:
            values["seen"] = True

    app = Cocopot(__name__, autoload=False, plugins=[Plugin])
    manager = app.plugins
    for _ in range(2):
        manager.compiled = Discarding(manager.compiled)
        call, values = manager.compiled_hook("cocopot_url_defaults"), dict[str, Any]()
        assert call is not None
        call(app, "index", values)
        assert values == {"seen": True}
