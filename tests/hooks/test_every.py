"""Hooks of which every implementation runs: a wrapper keeps none from running, whatever it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from cocopot import Blueprint, Cocopot, PluginManager, hookimpl, hookspec
from cocopot.exceptions import blame_of

if TYPE_CHECKING:
    from collections.abc import Callable

HOOKS: tuple[str, ...] = (
    "cocopot_teardown_request",
    "cocopot_teardown_app_context",
    "cocopot_shutdown",
    "shop_closed",
)


class Specs:
    @staticmethod
    @hookspec(every=True, order="out")
    def shop_closed(app: Cocopot) -> None: ...


class Provider:
    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        pluginmanager.add_hookspecs(Specs)


def raises_before() -> Any:
    if HOOKS:
        raise ValueError("before")
    yield


def does_not_yield() -> Any:
    if not HOOKS:
        yield


def yields_twice() -> Any:
    yield
    yield


def raises_after() -> Any:
    yield
    raise ValueError("after")


def cannot_be_closed() -> Any:
    for _ in range(2):
        try:
            yield
        except GeneratorExit:
            raise ValueError("close") from None


def ignores_the_end() -> Any:
    while True:
        try:
            yield
        except GeneratorExit:
            yield


def interrupts() -> Any:
    if HOOKS:
        raise KeyboardInterrupt
    yield


def exits_after() -> Any:
    try:
        yield
    finally:
        raise SystemExit


FAULTS = [raises_before, does_not_yield, yields_twice, raises_after, cannot_be_closed, ignores_the_end]


def plugin(hook: str, function: Callable[..., object], **options: bool) -> object:
    """Return a plugin with one implementation, a function without arguments."""
    return type("Plugin", (), {"run": staticmethod(hookimpl(function, specname=hook, **options))})()


def shop(hook: str, calls: list[str], **plugins: object) -> Cocopot:
    """Return an application with these plugins, and around them one implementation and one wrapper each."""

    def around() -> Any:
        calls.append("enter")
        try:
            yield
        finally:
            calls.append("leave")

    app = Cocopot("shop", autoload=False, plugins=[Provider])
    app.testing = True
    app.plugins.register(plugin(hook, lambda: calls.append("first")), "first")
    app.plugins.register(plugin(hook, around, wrapper=True), "outer")
    for name, value in plugins.items():
        app.plugins.register(value, name)
    app.plugins.register(plugin(hook, around, wrapper=True), "inner")
    app.plugins.register(plugin(hook, lambda: calls.append("last")), "last")
    return app


def call(app: Cocopot, hook: str) -> None:
    """Call a hook by its name."""
    arguments = {"app": app, "request": None, "exc": None}
    names = getattr(app.plugins.hook, hook).spec.argnames
    getattr(app.plugins.hook, hook)(**{name: arguments[name] for name in names})


ALL = ["enter", "enter", "last", "first", "leave", "leave"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("style", ["wrapper", "hookwrapper"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
def test_a_faulty_wrapper(fault: Callable[[], Any], style: str, hook: str) -> None:
    """All implementations and all other wrappers run, and the error is raised in a group, with its plugin."""
    calls: list[str] = []
    app = shop(hook, calls, faulty=plugin(hook, fault, **{style: True}))
    with pytest.raises(ExceptionGroup, match=f"1 of 5 implementations of {hook} raised") as caught:
        call(app, hook)
    assert calls == ALL
    (error,) = caught.value.exceptions
    assert [blame.plugin for blame in blame_of(error)] == ["faulty"]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("fault", [interrupts, exits_after])
def test_what_must_end_the_process(fault: Callable[[], Any], hook: str) -> None:
    """All run all the same, then it is raised by itself, with the other errors as its cause."""
    calls: list[str] = []
    app = shop(hook, calls, faulty=plugin(hook, fault, wrapper=True), broken=plugin(hook, lambda: 1 // 0))
    with pytest.raises((KeyboardInterrupt, SystemExit)) as caught:
        call(app, hook)
    assert calls == ALL
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    assert [type(error) for error in caught.value.__cause__.exceptions] == [ZeroDivisionError]


@pytest.mark.parametrize("hook", HOOKS)
def test_all_errors_are_raised(hook: str) -> None:
    """Those of several wrappers and of implementations, each once, whatever a wrapper puts in their place."""

    def replaces() -> Any:
        try:
            yield
        except ExceptionGroup:
            raise LookupError("replaced") from None

    faults = {
        "one": plugin(hook, raises_before, wrapper=True),
        "two": plugin(hook, lambda: 1 // 0),
        "three": plugin(hook, replaces, wrapper=True),
    }
    calls: list[str] = []
    with pytest.raises(ExceptionGroup, match="3 of 7") as caught:
        call(shop(hook, calls, **faults), hook)
    assert sorted(type(error).__name__ for error in caught.value.exceptions) == [
        "LookupError",
        "ValueError",
        "ZeroDivisionError",
    ]
    assert calls == ALL


@pytest.mark.parametrize("hook", HOOKS)
def test_a_wrapper_may_handle_the_errors(hook: str) -> None:
    """What a wrapper catches is not raised, and the errors of others are."""

    def catches() -> Any:
        try:
            yield
        except ExceptionGroup as group:
            calls.append(f"caught {len(group.exceptions)}")

    calls: list[str] = []
    call(shop(hook, calls, two=plugin(hook, catches, wrapper=True), one=plugin(hook, lambda: 1 // 0)), hook)
    assert "caught 1" in calls
    faulty = plugin(hook, raises_before, wrapper=True)
    app = shop(
        hook, [], zero=faulty, two=plugin(hook, catches, wrapper=True), one=plugin(hook, lambda: 1 // 0)
    )
    with pytest.raises(ExceptionGroup, match="1 of 7"):
        call(app, hook)


@pytest.mark.parametrize("fault", [*FAULTS, interrupts])
def test_in_a_request(fault: Callable[[], Any]) -> None:
    """The client gets its response, and the teardown functions of application, blueprint and plugins run."""
    calls: list[str] = []
    app = Cocopot("shop", autoload=False)
    blueprint = Blueprint("bp", "shop")
    blueprint.add_url_rule("/", "index", lambda: "view")
    blueprint.teardown_request(lambda exc: calls.append("blueprint"))
    app.register_blueprint(blueprint)
    app.teardown_request(lambda exc: calls.append("request"))
    app.teardown_appcontext(lambda exc: calls.append("context"))
    for hook in HOOKS[: 1 if fault is interrupts else 2]:
        app.plugins.register(plugin(hook, fault, wrapper=True), hook)
    if fault is interrupts:
        with pytest.raises(KeyboardInterrupt):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").text == "view"
    assert [name for name in calls if name != "context"] == ["blueprint", "request"]
    assert "context" in calls


@pytest.mark.parametrize("fault", FAULTS)
def test_close(fault: Callable[[], Any]) -> None:
    """`close` raises the group that it promises, after all shutdown functions have run."""
    calls: list[str] = []
    app = Cocopot("shop", autoload=False, plugins=[plugin("cocopot_shutdown", fault, wrapper=True)])
    app.on_shutdown(lambda: calls.append("shutdown"))
    app.start()
    with pytest.raises(ExceptionGroup, match="1 of 2 implementations of cocopot_shutdown"):
        app.close()
    assert calls == ["shutdown"]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_warning_of_an_old_style_wrapper(hook: str) -> None:
    """It names the class of the exception, not its message: Python keeps the text of each warning."""

    def fails() -> Any:
        yield
        raise ValueError("what a client sent")

    app = shop(hook, [], faulty=plugin(hook, fails, hookwrapper=True))
    with (
        pytest.warns(pluggy.PluggyTeardownRaisedWarning, match="\nValueError$"),
        pytest.raises(ExceptionGroup),
    ):
        call(app, hook)


def test_an_interrupt_that_caused_another_exception_is_not_caused_by_it() -> None:
    """The others are its cause; of one that was raised because of it, only the text, without a cycle."""

    class Inner:
        @hookimpl(wrapper=True)
        def shop_closed(self) -> Any:
            try:
                yield
            finally:
                raise KeyboardInterrupt

    class Outer:
        @hookimpl(wrapper=True)
        def shop_closed(self) -> Any:
            try:
                yield
            except KeyboardInterrupt as error:
                raise KeyError("outer") from error

    class Broken:
        @hookimpl
        def shop_closed(self) -> None:
            raise ValueError("inner")

    manager = PluginManager(hookspecs=[Specs])
    for plugin in (Outer(), Inner(), Broken()):
        manager.register(plugin)
    with pytest.raises(KeyboardInterrupt) as caught:
        manager.hook.shop_closed(app=None)
    cause = caught.value.__cause__
    assert type(cause) is ExceptionGroup
    assert [str(error) for error in cause.exceptions] == [
        "inner",
        "Because of it KeyError('outer') was raised.",
    ]
