"""Observers are reported of each call of an implementation, and cost nothing where there are none."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from cocopot import Blueprint, Cocopot, Response, abort, hookimpl, url_for
from cocopot.hooks import PluginManager, hookspec
from cocopot.hooks.observers import HookCallRecord
from tests.hooks.support import app_with
from tests.hooks.test_compiler_oracle import (
    EXAMPLES,
    VALUES,
    Impl,
    Recorder,
    impl_lists,
    ordered_manager,
    outcome_of,
)
from tests.processes import clean_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import pluggy

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 10


class Specs:
    """A hook of each kind."""

    @hookspec(order="in")
    def sample_all(self, value: Any) -> None: ...

    @hookspec(order="in", firstresult=True)
    def sample_first(self, value: Any) -> None: ...

    @hookspec(order="out", threaded="value")
    def sample_threaded(self, value: Any) -> None: ...

    @hookspec(order="out", every=True)
    def sample_every(self, value: Any) -> None: ...

    @hookspec(historic=True, order="in")
    def sample_historic(self, value: Any) -> None: ...


HOOKS = ["sample_all", "sample_first", "sample_threaded", "sample_every"]


def manager_of(*functions: Callable[..., Any]) -> PluginManager:
    """Return a manager with these implementations of every hook, each in a plugin of its name."""
    manager = PluginManager(hookspecs=[Specs])
    for function in functions:
        plugin = type("Plugin", (), dict.fromkeys(HOOKS, staticmethod(function)))
        manager.register(plugin(), function.__name__)
    return manager


def manager_with(*functions: Callable[..., Any]) -> tuple[PluginManager, list[HookCallRecord]]:
    """Return such a manager, and what is reported of its calls."""
    manager = manager_of(*functions)
    records: list[HookCallRecord] = []
    manager.observe(records.append)
    return manager, records


def told(records: list[HookCallRecord]) -> list[tuple[str, Any, Any]]:
    return [(record.plugin, record.result, record.exception) for record in records]


@hookimpl
def one(value: Any) -> Any:
    """Return a value."""
    return f"one {value}"


@hookimpl
def broken(value: Any) -> None:
    """Raise its argument."""
    raise value


# -------------------------------------------------------------------------
# What is reported
# -------------------------------------------------------------------------


@pytest.mark.parametrize("hook", HOOKS)
def test_a_result(hook: str) -> None:
    """Hook, plugin and result are reported, of compiled calls and of calls by name."""
    manager, records = manager_with(one)
    compiled: Any = manager.compile(hook)
    assert compiled("x") == getattr(manager.hook, hook)(value="x")
    assert [record.hook for record in records] == [hook, hook]
    assert told(records) == [("one", "one x", None)] * 2


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt()])
def test_an_exception(hook: str, error: BaseException) -> None:
    """What an implementation raises is reported, and goes on."""
    manager, records = manager_with(broken)
    compiled: Any = manager.compile(hook)
    with pytest.raises((type(error), ExceptionGroup)):
        compiled(error)
    assert told(records) == [("broken", None, error)]


def test_times() -> None:
    """An implementation begins between the clock's readings around the call, and lasts no longer than it."""
    manager, records = manager_with(one)
    before = time.perf_counter()
    manager.hook.sample_all(value=1)
    after = time.perf_counter()
    (record,) = records
    assert before <= record.start <= record.start + record.duration <= after
    assert record.wrapped is None


def test_only_what_runs() -> None:
    """Implementations behind the first result are not called, and nothing is reported of them."""

    @hookimpl
    def two(value: Any) -> Any:
        return value

    manager, records = manager_with(two, one)
    assert manager.hook.sample_first(value=7) == 7
    assert told(records) == [("two", 7, None)]


def test_historic_and_extra_and_some() -> None:
    """Plugins that come late, methods of one call, and calls of some implementations are reported of."""
    manager, records = manager_with(one)
    manager.hook.sample_historic.call_historic(kwargs={"value": "h"})
    late = type("Late", (), {"sample_historic": staticmethod(hookimpl(lambda value: f"late {value}"))})
    manager.register(late(), "late")
    manager.hook.sample_all.call_extra([lambda value: f"extra {value}"], {"value": "e"})
    manager.call_implementations("sample_all", manager.call_order("sample_all"), value="s")
    assert [record.result for record in records] == ["late h", "one e", "extra e", "one s"]
    assert [record.plugin for record in records][::3] == ["late", "one"]


# -------------------------------------------------------------------------
# Wrappers
# -------------------------------------------------------------------------


@hookimpl(wrapper=True)
def wrapper(value: Any) -> Generator[None, Any, Any]:
    """Hand on something else."""
    result = yield
    return ["wrapped", result]


@hookimpl(hookwrapper=True)
def old(value: Any) -> Generator[None, pluggy.Result[Any], None]:
    """Hand on something else, in the old style."""
    outcome = yield
    outcome.force_result(["old", outcome.get_result()])


@pytest.mark.parametrize("around", [wrapper, old])
def test_a_wrapper(around: Callable[..., Any]) -> None:
    """Of a wrapper is reported what it hands on, after what it wraps."""
    manager, records = manager_with(around, one)
    manager.hook.sample_first(value="x")
    assert told(records) == [
        ("one", "one x", None),
        (around.__name__, ["old" if around is old else "wrapped", "one x"], None),
    ]


@pytest.mark.parametrize("around", [wrapper, old])
def test_times_of_a_wrapper(around: Callable[..., Any]) -> None:
    """Its duration is its own; what it wraps lies inside the time that it waits."""
    manager, records = manager_with(around, one)
    before = time.perf_counter()
    manager.hook.sample_first(value="x")
    after = time.perf_counter()
    inner, outer = records
    assert outer.wrapped is not None
    assert before <= outer.start <= inner.start
    assert inner.duration <= outer.wrapped
    assert outer.start + outer.duration + outer.wrapped <= after


@hookimpl(wrapper=True)
def passes(value: Any) -> Generator[None, Any, Any]:
    """Let everything through."""
    return (yield)


@hookimpl(hookwrapper=True)
def old_passes(value: Any) -> Generator[None, Any, None]:
    """Let everything through, in the old style."""
    yield


@hookimpl(wrapper=True)
def swallows(value: Any) -> Generator[None, Any, Any]:
    """Answer in place of an exception."""
    try:
        return (yield)
    except ValueError:
        return "instead"


@hookimpl(wrapper=True)
def replaces(value: Any) -> Generator[None, Any, Any]:
    """Raise another exception."""
    try:
        return (yield)
    except ValueError as error:
        raise LookupError("other") from error


@hookimpl(wrapper=True)
def early(value: Any) -> Generator[None, Any, Any]:
    """Raise before the yield."""
    if value is not None:
        raise LookupError("other")
    yield


@pytest.mark.parametrize(
    ("around", "error", "outcome"),
    [
        (passes, ValueError("wrong"), ValueError),
        (passes, StopIteration("wrong"), StopIteration),
        (old_passes, ValueError("wrong"), ValueError),
        (swallows, ValueError("wrong"), "instead"),
        (replaces, ValueError("wrong"), LookupError),
        (early, ValueError("wrong"), LookupError),
    ],
)
def test_a_wrapper_and_an_exception(around: Callable[..., Any], error: Exception, outcome: Any) -> None:
    """A wrapper is reported with its outcome: its own exception, another one, or a result."""
    manager, records = manager_with(around, broken)
    if isinstance(outcome, str):
        assert manager.hook.sample_first(value=error) == outcome
        assert told(records)[1:] == [(around.__name__, outcome, None)]
        return
    with pytest.raises(outcome) as caught:
        manager.hook.sample_first(value=error)
    assert told(records)[-1] == (around.__name__, None, caught.value)
    assert len(records) == (1 if around is early else 2)


@hookimpl(wrapper=True)
def never(value: Any) -> Generator[None, Any, Any]:
    """Do not yield."""
    if value is None:
        yield


@hookimpl(wrapper=True)
def twice(value: Any) -> Generator[None, Any, Any]:
    """Yield twice."""
    try:
        yield
    finally:
        yield


@hookimpl(hookwrapper=True)
def old_twice(value: Any) -> Generator[None, Any, None]:
    """Yield twice, in the old style."""
    yield
    yield


@hookimpl(wrapper=True)
def stubborn(value: Any) -> Generator[None, Any, Any]:
    """Yield twice, and refuse to be closed."""
    yield
    try:
        yield
    except GeneratorExit:
        raise LookupError("stubborn") from None


@pytest.mark.parametrize("around", [never, twice, old_twice, stubborn])
@pytest.mark.parametrize("inner", [one, broken])
def test_a_wrapper_that_breaks_the_rules(around: Callable[..., Any], inner: Callable[..., Any]) -> None:
    """The error is the same as without an observer, and it is reported."""
    manager, records = manager_with(around, inner)
    unobserved = manager_of(around, inner)
    errors: list[BaseException] = []
    for asked in (manager, unobserved):
        with pytest.raises((RuntimeError, LookupError, ValueError)) as caught:
            asked.hook.sample_first(value=ValueError("wrong"))
        errors.append(caught.value)
    assert repr(errors[0]) == repr(errors[1])
    assert repr(records[-1].exception) == repr(errors[0])
    assert records[-1].plugin == around.__name__


@pytest.mark.parametrize(
    "hook", ["sample_in", "sample_out", "sample_first", "sample_threaded", "sample_every"]
)
@given(impls=impl_lists())
@EXAMPLES
def test_an_observer_changes_nothing(hook: str, impls: list[Impl]) -> None:
    """Results, exceptions, warnings and order stay the same; who was called is reported, once."""
    recorder, records = Recorder(), list[HookCallRecord]()
    manager = ordered_manager(impls, hook, recorder)
    for call in (
        lambda: getattr(manager.hook, hook)(**VALUES),
        lambda: (manager.compile(hook) or tuple)(*VALUES.values()) if impls else None,
    ):
        expected = outcome_of(recorder, call)
        undo = manager.observe(records.append)
        assert outcome_of(recorder, call) == expected
        undo()
        names = {name for name, *_ in recorder.calls}
        if "has second yield" not in str(expected):  # else the wrappers around it are thrown away
            assert sorted(record.plugin for record in records) == sorted(names)
        assert {record.plugin for record in records} <= names
        records.clear()


# -------------------------------------------------------------------------
# Requests
# -------------------------------------------------------------------------

ROUTE = ["cocopot_dispatch_request", "cocopot_make_response"]


@hookimpl
def nought() -> float:
    """Divide by zero."""
    return 1 / 0


def shop() -> Cocopot:
    """Return an application with a view for each way through a request."""
    app = Cocopot("shop", autoload=False)
    app.testing = True
    assert app.json is not None  # created now, so that no view is the first to use it
    app.add_url_rule("/text", "text", lambda: "text")
    app.add_url_rule("/json", "json", lambda: {"a": 1})
    app.add_url_rule("/response", "response", lambda: Response("made"))
    app.add_url_rule("/values/<name>", "values", lambda name: name)
    app.add_url_rule("/abort", "abort", lambda: abort(418))
    return app


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("/text", ROUTE),
        ("/json", ROUTE),
        ("/response", ROUTE),
        ("/values/x", ROUTE),
        ("/abort", ["cocopot_dispatch_request", "cocopot_handle_exception", "cocopot_make_response"]),
        ("/missing", ["cocopot_dispatch_request", "cocopot_handle_exception", "cocopot_make_response"]),
    ],
)
@pytest.mark.parametrize("warm", [False, True])
def test_built_in_implementations(path: str, hooks: list[str], warm: bool) -> None:
    """Also what an unobserved request does without a call is reported, and the answer is the same."""
    app, unobserved = shop(), shop()
    records: list[HookCallRecord] = []
    if warm:
        app.test_client().get("/text")
    app.plugins.observe(records.append)
    answer, expected = app.test_client().get(path), unobserved.test_client().get(path)
    assert (answer.status, answer.data, list(answer.headers)) == (
        expected.status,
        expected.data,
        list(expected.headers),
    )
    assert [record.hook for record in records] == hooks
    assert all(record.plugin.startswith("builtin.") for record in records)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_methods(method: str) -> None:
    """Whatever the method, dispatch and response are reported."""
    app, records = shop(), list[HookCallRecord]()
    app.plugins.observe(records.append)
    app.test_client().open("/text", method=method)
    hooks = [record.hook for record in records]
    assert (hooks[0], hooks[-1]) == (ROUTE[0], ROUTE[1])


def test_blame() -> None:
    """An exception has the same note on the plugin that raised it."""
    records: list[HookCallRecord] = []
    app = app_with(broken=type("Broken", (), {"cocopot_before_request": staticmethod(nought)})())
    app.plugins.observe(records.append)
    with pytest.raises(ZeroDivisionError) as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == ["Raised by plugin 'broken' in hook cocopot_before_request."]
    assert [record.plugin for record in records if record.exception is caught.value][:1] == ["broken"]


def test_functions_of_the_application() -> None:
    """Functions are reported by their names, and those of a blueprint only where they are called."""
    app, records = shop(), list[HookCallRecord]()
    blueprint = Blueprint("bp", __name__)
    blueprint.add_url_rule("/bp", "view", lambda: "bp")

    @app.before_request
    def everywhere() -> None: ...

    @blueprint.before_request
    def inside() -> None: ...

    app.register_blueprint(blueprint)
    app.plugins.observe(records.append)
    names = []
    for path in ("/text", "/bp"):
        app.test_client().get(path)
        names.append([record.plugin for record in records if record.hook == "cocopot_before_request"])
        records.clear()
    assert [len(found) for found in names] == [1, 2]
    assert names[1][0] == names[0][0] == f"app.before_request: {__name__}.{everywhere.__qualname__}"
    assert names[1][1] == f"bp.bp.before_request: {__name__}.{inside.__qualname__}"


def test_a_whole_life() -> None:
    """Startup, teardown and shutdown are reported too, in the order in which they end."""
    hooks = [
        "cocopot_startup",
        "cocopot_request_started",
        "cocopot_after_request",
        "cocopot_teardown_request",
        "cocopot_shutdown",
    ]
    records: list[HookCallRecord] = []
    app = app_with(
        plugin=type("Plugin", (), {hook: staticmethod(hookimpl(lambda: None)) for hook in hooks})()
    )
    app.plugins.observe(records.append)
    app.test_client().get("/")
    app.close()
    assert [record.hook for record in records if record.plugin == "plugin"] == hooks


def test_beside_a_monitor() -> None:
    """pluggy's monitoring of hook calls and an observer of implementations work beside each other."""
    app, records, names = shop(), list[HookCallRecord](), list[str]()
    app.start()
    app.plugins.observe(records.append)
    app.plugins.add_hookcall_monitoring(lambda name, *_: names.append(name), lambda *_: None)
    assert app.test_client().get("/text").text == "text"
    assert [record.hook for record in records] == names == ROUTE


# -------------------------------------------------------------------------
# Coming and going
# -------------------------------------------------------------------------


def parts_of(call: Any) -> Any:
    """Return what a compiled call consists of: its code, and the functions that it calls."""
    functions = {name: value for name, value in call.__globals__.items() if name[:2] in ("_f", "_w")}
    return call if call is one else (call.__code__, functions.get("_f0"), functions.get("_w0"))


def sources(manager: PluginManager) -> list[Any]:
    return [parts_of(manager.compile(hook)) for hook in HOOKS]


@pytest.mark.parametrize("functions", [[one], [one, broken], [wrapper, one], [old, one, broken]])
def test_no_observer_costs_nothing(functions: list[Callable[..., Any]]) -> None:
    """Without an observer, the compiled calls are what they are where there never was one."""
    never_observed, observed = manager_of(*functions), manager_of(*functions)
    undo = observed.observe(lambda record: None)
    assert sources(observed) != sources(never_observed)
    undo()
    assert sources(observed) == sources(never_observed)


def test_several() -> None:
    """Each observer is notified until it is removed, the same callback twice if it is added twice."""
    manager, first = manager_with(one)
    second: list[HookCallRecord] = []
    undo, _ = manager.observe(second.append), manager.observe(second.append)
    manager.hook.sample_all(value=1)
    undo()
    undo()
    manager.hook.sample_all(value=2)
    assert [record.result for record in first] == ["one 1", "one 2"]
    assert [record.result for record in second] == ["one 1", "one 1", "one 2"]


def test_a_callback_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The request goes on, the other observers are reported, and the first error is logged by name."""
    app, records = shop(), list[HookCallRecord]()

    def clumsy(record: HookCallRecord) -> None:
        raise LookupError(record.hook)

    app.plugins.observe(clumsy)
    app.plugins.observe(records.append)
    client = app.test_client()
    assert [client.get("/text").text for _ in range(3)] == ["text"] * 3
    assert len(records) == 6
    (logged,) = caplog.records
    assert logged.name == "cocopot.plugins"
    assert f"The hook-call observer {clumsy.__qualname__} raised" in logged.getMessage()
    assert "cocopot_dispatch_request in 'builtin.dispatch'" in logged.getMessage()


def test_a_callback_that_interrupts() -> None:
    """What is not an `Exception`, such as Ctrl-C, propagates."""
    manager = manager_of(one)

    def interrupt(record: HookCallRecord) -> None:
        raise KeyboardInterrupt

    manager.observe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        manager.hook.sample_all(value=1)


def test_a_callback_that_sets_context_variables() -> None:
    """It has them for itself."""
    manager, variable = manager_of(one), ContextVar("variable", default="before")
    manager.observe(lambda record: variable.set("changed"))
    manager.hook.sample_all(value=1)
    assert variable.get() == "before"


def test_a_callback_that_calls_hooks() -> None:
    """Of the calls that a callback makes itself nothing is reported, wrappers included."""
    app, records = shop(), list[HookCallRecord]()
    app.url_defaults(lambda endpoint, values: values.setdefault("name", "x"))

    class Around:
        @hookimpl(wrapper=True)
        def cocopot_url_defaults(self) -> Generator[None, Any, Any]:
            return (yield)

    app.plugins.register(Around())

    def curious(record: HookCallRecord) -> None:
        records.append(record)
        assert url_for("values") == "/values/x"

    app.plugins.observe(curious)
    assert app.test_client().get("/text").text == "text"
    assert [record.hook for record in records] == ROUTE


@hookimpl(hookwrapper=True)
def outer(value: Any) -> Generator[None, Any, None]:
    """Wrap, in the old style, what breaks the rules."""
    yield


def throw_away(manager: PluginManager) -> None:
    """Leave a wrapper behind that has not ended, for the garbage collector."""
    with pytest.raises(RuntimeError, match=r"has second yield\. It must yield once") as raised:
        manager.hook.sample_all(value=1)
    raised.value.circle = raised.value  # type: ignore[attr-defined]  # keeps the call's frame, and what is in it


def test_a_wrapper_that_is_collected_during_a_report() -> None:
    """A callback is not notified of what is collected while it runs: it may hold a lock."""
    manager, names = manager_of(outer, twice), []

    def collecting(record: HookCallRecord) -> None:
        names.append(record.plugin)
        gc.collect()

    undo = manager.observe(collecting)
    gc.disable()
    try:
        throw_away(manager)
        throw_away(manager)
    finally:
        gc.enable()
        undo()
    assert names == ["twice", "twice"]


def test_a_wrapper_that_is_collected_while_a_context_variable_is_set() -> None:
    """Whenever the garbage collector comes by, the process goes on."""
    code = """
import gc
from contextvars import Context, ContextVar
from tests.hooks.test_observers import manager_of, one, outer, throw_away, twice

manager, other = manager_of(outer, twice), manager_of(one)
variables = [ContextVar("variable") for _ in range(40)]
manager.observe(variables[0].set)
other.observe(variables[1].set)

def run(number):
    for variable in variables[:number]:
        variable.set(1)
    for objects in range(30):
        gc.disable()
        throw_away(manager)
        gc.set_threshold(gc.get_count()[0] + objects)
        gc.enable()
        other.hook.sample_all(value=1)

for number in range(40):
    Context().run(run, number)
"""
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=clean_environ(), check=False, timeout=60
    )
    assert process.returncode == 0


def test_a_request_in_flight_keeps_its_calls() -> None:
    """An observer that comes while a request runs is reported of the next one."""
    inside, changed = threading.Event(), threading.Event()

    class Slow:
        @hookimpl
        def cocopot_request_started(self) -> None:
            inside.set()
            assert changed.wait(PATIENCE)

    app, records = shop(), list[HookCallRecord]()
    app.plugins.register(Slow())
    app.start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: app.test_client().get("/text").text)
        assert inside.wait(PATIENCE)
        app.plugins.observe(records.append)
        changed.set()
        assert running.result(PATIENCE) == "text"
    assert records == []
    app.test_client().get("/text")
    assert [record.hook for record in records] == ["cocopot_request_started", *ROUTE]


def test_many_threads() -> None:
    """With requests in several threads, each call is reported once, and in its own thread."""
    app, records = shop(), list[tuple[int, str]]()
    app.plugins.observe(lambda record: records.append((threading.get_ident(), record.hook)))
    app.start()
    records.clear()

    def serve(number: int) -> list[str]:
        client = app.test_client()
        assert client.get(f"/values/{number}").text == str(number)
        return [hook for thread, hook in records if thread == threading.get_ident()]

    with ThreadPoolExecutor(4) as pool:
        for seen in pool.map(serve, range(40)):
            assert seen[-2:] == ROUTE
    assert len(records) == 80
