"""What holds for every hook: order, kind, wrappers, exceptions, blame, and arguments by name.

Most tests run twice: as the framework calls the hook in a real application, and as a plugin calls it by name.
A file test_cocopot_*.py has what is particular to its hook.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, PluginError
from cocopot.hooks.candidates import Candidate
from tests.hooks.drivers import (
    ARGUMENTS,
    DRIVERS,
    SPECS,
    by_name,
    create_again,
    driven,
    in_order,
    plugin,
    recorder,
    result_of,
    shop,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    import pluggy

    from cocopot.hooks.observers import HookCallRecord


def of_kind(*kinds: str) -> list[str]:
    """Return the hooks whose results are used in one of these ways."""
    return [hook for hook, driver in DRIVERS.items() if driver.kind in kinds]


HISTORIC, EVERY, FIRST, THREADED = map(of_kind, ("historic", "every", "first", "threaded"))
#: The hooks that fire while an application is created.
SET_UP = [hook for hook, driver in DRIVERS.items() if driver.drive is create_again]
DECORATED = [hook for hook, driver in DRIVERS.items() if driver.decorator]
ways = pytest.mark.parametrize("call", [driven, by_name])


def test_every_hook_has_a_driver() -> None:
    """A specification without a driver would not be tested here."""
    assert list(DRIVERS) == list(SPECS)


@pytest.mark.parametrize("hook", SPECS)
def test_kind_and_order(hook: str) -> None:
    """The specification has the kind and the order that the contract promises."""
    options = SPECS[hook].cocopot_spec
    kind = "historic" if options["historic"] else shop().plugins.kind(hook)
    assert (kind, options["order"]) == (DRIVERS[hook].kind, DRIVERS[hook].order)


@ways
@pytest.mark.parametrize("hook", SPECS)
def test_order(hook: str, call: Callable[..., object]) -> None:
    """Plugins run in load order, then the application's functions; in reverse if the order is out."""
    calls: list[str] = []
    app = shop(
        recorder(calls, "a last", hook, trylast=True),
        recorder(calls, "b", hook),
        recorder(calls, "c", hook),
        recorder(calls, "d first", hook, tryfirst=True),
    )
    functions = ["app 1", "app 2"] if DRIVERS[hook].decorator else []
    for name in functions:
        getattr(app, DRIVERS[hook].decorator)(lambda *args, name=name: calls.append(name))
    calls.clear()
    call(app, hook)
    expected = ["d first", *in_order(hook, ["b", "c", *functions]), "a last"]
    if hook == "cocopot_addhooks" and call is driven:  # each plugin's call comes before the next plugin
        expected = ["a last", "b", "c", "d first"]
    assert calls == expected


@ways
@pytest.mark.parametrize("hook", [hook for hook in DECORATED if hasattr(Blueprint, DRIVERS[hook].decorator)])
def test_functions_of_blueprints(hook: str, call: Callable[..., object]) -> None:
    """They run for the endpoints of their blueprint only; an inner blueprint's are inside the outer one's."""
    calls: list[str] = []
    app = shop(recorder(calls, "plugin", hook))
    outer, inner = Blueprint("outer", "shop"), Blueprint("inner", "shop")
    for name, registrar in {"app": app, "inner": inner, "outer": outer}.items():
        getattr(registrar, DRIVERS[hook].decorator)(lambda *args, name=name: calls.append(name))
    inner.add_url_rule("/", "index", lambda: "view")
    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    for path, scopes in {"/": [], "/outer/inner/": ["outer", "inner"]}.items():
        calls.clear()
        call(app, hook, path)
        assert calls == in_order(hook, ["plugin", "app", *scopes])


@pytest.mark.parametrize("hook", SPECS)
def test_observers_see_it(hook: str) -> None:
    """An observer is notified of every implementation in its turn, of the built-in default last."""
    records: list[HookCallRecord] = []
    app = shop(plugin("a", hook, lambda: None), plugin("b", hook, lambda: None, trylast=True))
    if DRIVERS[hook].decorator:
        getattr(app, DRIVERS[hook].decorator)(lambda *args: None)
    app.plugins.observe(records.append)
    # Another application, with which set-up hooks are driven, is not observed.
    (by_name if hook in SET_UP else driven)(app, hook)
    names = [record.plugin for record in records if record.hook == hook]
    origins = {record.name: record.origin for record in app.plugins.records()}
    expected = {
        "plugin": 2,
        "application": int(bool(DRIVERS[hook].decorator)),
        "builtin": int(DRIVERS[hook].has_default),
    }
    found = [origins[name] for name in names]
    assert {origin: found.count(origin) for origin in expected} == expected  # type: ignore[arg-type]
    assert found[-1] == ("builtin" if DRIVERS[hook].has_default else "plugin")


@ways
@pytest.mark.parametrize("hook", FIRST)
def test_the_first_result_stops_the_rest(hook: str, call: Callable[..., object]) -> None:
    """No implementation runs after the first one that returns a value, which is the result."""
    calls: list[str] = []
    value = result_of(hook, "b")
    app = shop(
        recorder(calls, "a", hook),
        recorder(calls, "b", hook, value),
        recorder(calls, "c", hook),
        recorder(calls, "d last", hook, trylast=True),
    )
    result = call(app, hook)
    assert calls == in_order(hook, ["a", "b", "c"])[:2]
    assert call is driven or result is value


@ways
@pytest.mark.parametrize("hook", of_kind("all", "every", "historic"))
def test_all_run_whatever_they_return(hook: str, call: Callable[..., object]) -> None:
    """A result stops no other implementation; a call by name returns those that are not `None`, in order."""
    calls: list[str] = []
    values = {"a": result_of(hook, "a"), "b": None, "c": result_of(hook, "c")}
    app = shop(*(recorder(calls, name, hook, value) for name, value in values.items()))
    calls.clear()
    result = call(app, hook)
    order = in_order(hook, ["a", "b", "c"])
    assert calls == order
    if call is by_name and hook not in HISTORIC:
        assert result == [values[name] for name in order if values[name] is not None]


@ways
@pytest.mark.parametrize("hook", THREADED)
def test_a_threaded_argument_is_passed_on(hook: str, call: Callable[..., object]) -> None:
    """An implementation gets what the one before returned; after `None` it gets the same again."""
    seen: list[object] = []
    threaded = SPECS[hook].cocopot_spec["threaded"]
    value = result_of(hook, "b")
    record = eval(f"lambda {threaded}: record({threaded})", {"record": seen.append})
    app = shop(plugin("a", hook, record), plugin("b", hook, lambda: value), plugin("c", hook, record))
    app.plugins.register(plugin("d", hook, lambda: None), "d")
    result = call(app, hook)
    # What `cocopot_wsgi` passes on calls what was returned.
    assert [getattr(item, "target", item) is value for item in seen] == [False, True]
    assert call is driven or result is value


@pytest.mark.parametrize("hook", HISTORIC)
def test_a_historic_hook_is_called_for_late_plugins(hook: str) -> None:
    """A plugin that is registered late gets its call then, once; a call that is not stored is an error."""
    calls: list[str] = []
    app = shop(recorder(calls, "early", hook))
    app.start()
    app.plugins.register(recorder(calls, "late", hook))
    assert calls == ["early", "late"]
    with pytest.raises(AssertionError, match="use call_historic"):
        getattr(app.plugins.hook, hook)(app=app, pluginmanager=app.plugins)


def wrappers(calls: list[str], hook: str) -> list[ModuleType]:
    """Return three wrappers of both styles that record when they enter and leave."""

    def new(name: str) -> Callable[[], Generator[None, Any, Any]]:
        def wrap() -> Generator[None, Any, Any]:
            calls.append(f"{name} in")
            result = yield
            calls.append(f"{name} out")
            return result

        return wrap

    def old() -> Generator[None, pluggy.Result[Any], None]:
        calls.append("old in")
        outcome = yield
        calls.append(f"old out {outcome.exception}")

    return [
        plugin("wrapper 1", hook, new("new 1"), wrapper=True),
        plugin("wrapper 2", hook, old, hookwrapper=True),
        plugin("wrapper 3", hook, new("new 3"), wrapper=True),
    ]


@ways
@pytest.mark.parametrize("hook", [hook for hook in SPECS if hook not in HISTORIC])
def test_wrappers(hook: str, call: Callable[..., object]) -> None:
    """Wrappers of both styles run around all others; the one that was loaded first is outermost."""
    calls: list[str] = []
    app = shop(recorder(calls, "plain", hook, tryfirst=True), *wrappers(calls, hook))
    if DRIVERS[hook].decorator:
        getattr(app, DRIVERS[hook].decorator)(lambda *args: calls.append("app"))
    calls.clear()
    call(app, hook)
    others = (
        ["plain", "app"] if DRIVERS[hook].decorator else ["plain"]
    )  # in this order, because of `tryfirst`
    assert calls == ["new 1 in", "old in", "new 3 in", *others, "new 3 out", "old out None", "new 1 out"]


@pytest.mark.parametrize("position", [0, 1], ids=["new", "old"])
@pytest.mark.parametrize("hook", HISTORIC)
def test_no_wrappers_of_historic_hooks(hook: str, position: int) -> None:
    """A wrapper of a historic hook is rejected, with the plugin's name."""
    wrapper = wrappers([], hook)[position]
    with pytest.raises(PluginError, match="cannot have wrappers, because") as caught:
        shop(wrapper)
    assert caught.value.plugin == wrapper.__name__


def broken(hook: str, error: BaseException, armed: list[bool]) -> ModuleType:
    """Return the plugin `broken`, which raises once `armed` has an item."""

    def implementation() -> None:
        if armed:
            raise error

    return plugin("broken", hook, implementation)


#: What leaves the framework when a plugin raises `ValueError`, if not that itself; `None` if it is logged.
LEAVES: dict[str, type[Exception] | None] = {
    **dict.fromkeys(EVERY, ExceptionGroup),
    **dict.fromkeys(SET_UP, PluginError),
    "cocopot_register_commands": None,
    "cocopot_got_request_exception": None,
    "cocopot_response_closed": None,
}


@ways
@pytest.mark.parametrize("hook", SPECS)
def test_an_exception_stops_the_rest(hook: str, call: Callable[..., object]) -> None:
    """An exception stops what has not run yet, but for hooks of which every implementation runs."""
    calls: list[str] = []
    armed: list[bool] = []
    error = ValueError("broken")
    app = shop(recorder(calls, "a", hook), broken(hook, error, armed), recorder(calls, "c", hook))
    calls.clear()
    armed.append(True)
    by_name_leaves = ExceptionGroup if hook in EVERY else ValueError
    leaves = LEAVES.get(hook, ValueError) if call is driven else by_name_leaves
    with pytest.raises(leaves) if leaves is not None else nullcontext() as caught:
        call(app, hook)
    order = in_order(hook, ["a", "c"])
    isolated = hook in EVERY or (call is driven and hook == "cocopot_register_commands")
    assert calls == (order if isolated else order[:1])
    if caught is not None:
        assert error in (caught.value, caught.value.__cause__, *getattr(caught.value, "exceptions", ()))


@ways
@pytest.mark.parametrize("hook", EVERY)
def test_an_interrupt_leaves_as_itself(hook: str, call: Callable[..., object]) -> None:
    """A `KeyboardInterrupt` is not put into a group; the other implementations run before it leaves."""
    calls: list[str] = []
    app = shop(
        recorder(calls, "a", hook), broken(hook, KeyboardInterrupt(), [True]), recorder(calls, "c", hook)
    )
    with pytest.raises(KeyboardInterrupt):
        call(app, hook)
    assert sorted(calls) == ["a", "c"]


@pytest.mark.parametrize(
    ("candidate", "who"),
    [
        (None, "plugin 'broken'"),
        (Candidate("broken", distribution="dist", version="2.1"), "plugin 'broken' (dist 2.1)"),
    ],
    ids=["object", "installed"],
)
@pytest.mark.parametrize("hook", SPECS)
def test_blame(hook: str, candidate: Candidate | None, who: str, caplog: pytest.LogCaptureFixture) -> None:
    """An exception names the plugin, its distribution and version, and the hook, also where it is logged."""
    app, error = shop(), ValueError("broken")
    leaves = LEAVES.get(hook, ValueError)
    expected = pytest.raises((ValueError, ExceptionGroup)) if leaves is not None else nullcontext()
    with expected:
        app.plugins.register(broken(hook, error, [True]), "broken", candidate=candidate)
        driven(app, hook)
    note = f"Raised by {who} in hook {hook}."
    if leaves is None:
        assert note in caplog.text
    else:
        assert error.__notes__ == [note]
    assert app.plugins.has_plugin("broken") is (hook not in SET_UP)
    if leaves is None or hook in EVERY:
        logged = [(record.exc_info or (None, None))[1] for record in caplog.records]
        assert error in logged


@pytest.mark.parametrize("hook", [hook for hook in EVERY if DRIVERS[hook].decorator])
def test_errors_are_raised_together(hook: str) -> None:
    """A group has the errors of plugins and of the application's functions, in the order of the hook."""
    in_plugin, in_function = ValueError("broken"), LookupError("lost")

    def function(*args: object) -> None:
        raise in_function

    app = shop(recorder([], "a", hook), broken(hook, in_plugin, [True]))
    getattr(app, DRIVERS[hook].decorator)(function)
    with pytest.raises(ExceptionGroup, match=f"2 of 3 implementations of {hook} raised") as caught:
        driven(app, hook)
    assert list(caught.value.exceptions) == [in_function, in_plugin]


@pytest.mark.parametrize("hook", DECORATED)
def test_functions_of_the_application_are_blamed_in_a_group_only(hook: str) -> None:
    """Its traceback names a function of the application; only in a group of errors it needs a note."""
    app, error = shop(plugin("quiet", hook, lambda: None)), ValueError("broken")

    def function(*args: object) -> None:
        raise error

    getattr(app, DRIVERS[hook].decorator)(function)
    with pytest.raises((ValueError, ExceptionGroup)):
        driven(app, hook)
    name = f"app.{DRIVERS[hook].decorator}: {function.__module__}.{function.__qualname__}"
    notes = [f"Raised by {name!r} in hook {hook}."] if hook in EVERY else []
    assert getattr(error, "__notes__", []) == notes


@ways
@pytest.mark.parametrize("hook", SPECS)
def test_arguments_by_name(hook: str, call: Callable[..., object]) -> None:
    """An implementation gets the arguments that it names: all in any order, or each one alone."""
    names = list(inspect.signature(SPECS[hook]).parameters)
    seen: list[dict[str, object]] = []
    requests = [names[::-1], *([name] for name in names)]
    app = shop(
        *(
            plugin(
                f"plugin {number}",
                hook,
                eval(f"lambda {', '.join(asked)}: see(locals())", {"see": seen.append}),
            )
            for number, asked in enumerate(requests)
        )
    )
    seen.clear()
    call(app, hook)
    assert sorted(map(list, seen)) == sorted(requests)
    for arguments in seen:
        assert all(isinstance(value, ARGUMENTS[name][0]) for name, value in arguments.items())
        if hook not in SET_UP:
            assert arguments.get("app", app) is app
