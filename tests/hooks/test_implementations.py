"""Implementations that would never run, or whose arguments no call could pass, are rejected when loaded."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from cocopot import Cocopot, PluginError, PluginManager, hookimpl, hookspec
from tests.hooks.drivers import SPECS

if TYPE_CHECKING:
    from collections.abc import Callable


def rejected(plugin: object, **options: Any) -> PluginError:
    """Return the error of an application with a plugin, which is the same if it is registered later."""
    with pytest.raises(PluginError) as caught:
        Cocopot("shop", autoload=False, plugins=[plugin], **options)
    app = Cocopot("shop", autoload=False)
    app.start()
    late = plugin() if isinstance(plugin, type) else plugin
    with pytest.raises(PluginError) as again:
        app.plugins.register(late)
    assert (caught.value.problem, caught.value.place) == (again.value.problem, again.value.place)
    assert app.plugins.records("plugin") == []
    return caught.value


def accepted(plugin: object) -> Cocopot:
    """Return an application with a plugin."""
    return Cocopot("shop", autoload=False, plugins=[plugin])


def module(hook: str, function: Any, **options: Any) -> ModuleType:
    """Return a module with an implementation, which is marked as pluggy itself marks it."""
    plugin = ModuleType("pool")
    setattr(plugin, hook, pluggy.HookimplMarker("cocopot")(function, **options))
    return plugin


async def coroutine() -> None: ...


async def stream() -> Any:
    yield


@pytest.mark.parametrize("hook", SPECS)
def test_generators(hook: str) -> None:
    """A function with `yield` is a wrapper or an error, in every hook, with the place and the cure."""
    error = rejected(module(hook, lambda: (yield)))
    assert (error.plugin, error.hook, error.reason) == ("pool", hook, "generator")
    assert error.place is not None
    assert error.place.file == __file__
    assert "@hookimpl(wrapper=True)" in str(error)
    assert 'disable={"pool"}' in error.cure


class Methods:
    plugin_name = "pool"

    @hookimpl
    def cocopot_before_request(self) -> Any:
        yield


class Static:
    plugin_name = "pool"

    @staticmethod
    @hookimpl
    def cocopot_before_request() -> Any:
        yield


class OfClass:
    plugin_name = "pool"

    @hookimpl
    @classmethod
    def cocopot_before_request(cls) -> Any:
        yield


class Named:
    plugin_name = "pool"

    @hookimpl(specname="cocopot_before_request", tryfirst=True)
    def guard(self) -> Any:
        yield


class Assigned:
    plugin_name = "pool"

    def __init__(self) -> None:
        self.cocopot_before_request = hookimpl(lambda: (yield))


class Inherited(Methods): ...


@pytest.mark.parametrize("plugin", [Methods, Static, OfClass, Named, Assigned, Inherited])
def test_generators_of_every_sort(plugin: type) -> None:
    """Methods, static and class methods, functions of the instance, and by another name."""
    error = rejected(plugin)
    assert error.problem.startswith("implements 'cocopot_before_request' with a `yield`")
    with Cocopot("shop", autoload=False, plugins=[plugin], plugin_errors="warn").test_client() as client:
        assert client.get("/").status_code == 404


@pytest.mark.parametrize("function", [coroutine, stream])
@pytest.mark.parametrize("options", [{}, {"wrapper": True}])
def test_asynchronous_functions(function: Callable[..., Any], options: dict[str, bool]) -> None:
    """They would never be awaited, as wrappers neither."""
    assert rejected(module("cocopot_startup", function, **options)).reason == "async"


def test_a_decorator_decides() -> None:
    """A decorator that runs a generator or a coroutine makes a plain function of it."""
    calls = []

    def run(function: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(function)
        def inner() -> None:
            calls.extend(function())

        return inner

    class Pool:
        @hookimpl
        @staticmethod
        @run
        def cocopot_startup() -> Any:
            yield "started"

    accepted(Pool).start()
    assert calls == ["started"]


@pytest.mark.parametrize("hook", ["cocopot_startup", "cocopot_before_request", "cocopot_teardown_request"])
def test_a_decorator_that_runs_nothing(hook: str) -> None:
    """What it returns of a generator or a coroutine function is an error with name and place."""

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inner(*args: object) -> object:
            return function(*args)

        return inner

    async def awaited(app: Any) -> None: ...

    for function in (decorated(lambda app: (yield)), decorated(awaited)):
        app = accepted(module(hook, function))
        app.testing = True
        with pytest.raises((TypeError, ExceptionGroup)) as caught:
            app.test_client().get("/")
        error = caught.value.exceptions[0] if isinstance(caught.value, ExceptionGroup) else caught.value
        assert "its decorator returns what a call makes" in str(error)
        assert f"\n  at {__file__}:" in str(error)
        assert error.__notes__ == [f"Raised by plugin 'pool' in hook {hook}."]


# -------------------------------------------------------------------------
# Arguments
# -------------------------------------------------------------------------

wraps: Any = functools.wraps(lambda request: None)


def no_arguments() -> None: ...


def with_default(request: Any = None, _cache: Any = (), *, _other: Any = None) -> str:
    return f"{request.path}{_cache}"


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (
            lambda req: None,
            "has no argument 'req'; it has the arguments app, request. Did you mean 'request'?",
        ),
        (lambda req=None: None, "has no argument 'req'; it has the arguments app, request. Did you mean"),
        (lambda *, request: None, "with the keyword-only argument 'request'. Remove the `*`"),
        (lambda app, *, request=None: None, "with the keyword-only argument 'request'"),
        (lambda *, extra: None, "has no argument 'extra'"),
        (lambda *, extra=None: None, "has no argument 'extra'"),
        (lambda *args: None, "with \\*args or \\*\\*kwargs, which would get nothing"),
        (lambda app, **kwargs: None, "with \\*args or \\*\\*kwargs, which would get nothing"),
        (lambda request=None, /: None, "a positional-only argument that has a default. Remove the `/`"),
        (wraps(lambda: None), "by a decorated function that cannot take its arguments, request: too many"),
    ],
)
def test_arguments_that_could_not_be_passed(function: Any, problem: str) -> None:
    """Whatever a call would leave out, or could not pass, is an error when the plugin is loaded."""
    error = rejected(module("cocopot_before_request", function))
    assert error.reason == "signature"
    with pytest.raises(PluginError, match=f"hook contract: cocopot_before_request .*{problem}"):
        raise error


@pytest.mark.parametrize(
    "function",
    [
        lambda: "/",
        lambda request: request.path,
        lambda request, /: request.path,
        lambda app, request=None: request.path,
        lambda request=None, _cache={}: request.path,
        lambda request, *, _log=print: request.path,
        wraps(lambda *args: args[0].path),
    ],
)
def test_arguments_that_are_passed(function: Any) -> None:
    """Arguments of the hook in any order, with or without a default, and defaults of the function's own."""
    assert accepted(module("cocopot_before_request", function)).test_client().get("/").text == "/"


def without_self(source: str) -> type:
    """Return a class with the marked function `cocopot_after_request`, with these parameters."""
    names: dict[str, Any] = {"hookimpl": hookimpl}
    exec(f"class P:\n @hookimpl\n def cocopot_after_request({source}): ...", names)
    return names["P"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("source", "cure"), [("response", "self, response"), ("", "self"), ("app, request", "self, app, request")]
)
def test_a_method_without_self(source: str, cure: str) -> None:
    """The plugin itself would be its first argument."""
    with pytest.raises(
        PluginError, match=rf"method without `self`.* Write def cocopot_after_request\({cure}\)"
    ):
        Cocopot("shop", autoload=False, plugins=[without_self(source)])
    accepted(without_self("this, response"))


def test_self_without_a_method() -> None:
    """Of a static method, and of a function that a module takes from a class, nothing is `self`."""

    class Pool:
        @staticmethod
        @hookimpl
        def cocopot_startup(self: Any, app: Cocopot) -> None: ...  # noqa: PLW0211 - the mistake

    for plugin in (Pool, module("cocopot_startup", Pool.cocopot_startup)):
        with pytest.raises(PluginError, match="cocopot_startup is implemented with `self`, but is not"):
            Cocopot("shop", autoload=False, plugins=[plugin])


def test_a_class_that_was_not_instantiated() -> None:
    """`register` takes it only with static and class methods, as nothing could be `self`."""
    app = Cocopot("shop", autoload=False)

    class Static:
        @staticmethod
        @hookimpl
        def cocopot_before_request() -> str:
            return "static"

    class Pool:
        @hookimpl
        def cocopot_startup(self) -> None: ...

    with pytest.raises(
        PluginError, match=r"by a method, and the class itself is registered.* register\(Pool\(\)\)"
    ):
        app.plugins.register(Pool)
    app.plugins.register(Static)
    assert app.test_client().get("/").text == "static"


@pytest.mark.parametrize("name", ["cocopot_startup", "begin"])
@pytest.mark.parametrize("value", [functools.partial(no_arguments), functools.cache(no_arguments), Methods()])
def test_what_is_no_function(name: str, value: Any) -> None:
    """A partial, or an object that can be called, would not be found: neither by its name nor by its mark."""
    plugin = ModuleType("pool")
    value.cocopot_impl = {"specname": "cocopot_startup"}
    setattr(plugin, name, value)
    error = rejected(plugin)
    assert (error.reason, error.problem.split(" ")[2:4]) == ("unmarked", [type(value).__name__, repr(name)])


def test_a_specification_that_comes_later() -> None:
    """An implementation that was loaded before the specification of its hook is checked against it."""

    class Specs:
        @staticmethod
        @hookspec
        def shop_price(item: Any) -> None: ...

    class Provider:
        plugin_name = "provider"

        @hookimpl
        def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
            pluginmanager.add_hookspecs(Specs)

    early = module("shop_price", lambda itm: None)
    with pytest.raises(
        PluginError, match=r"Plugin 'pool' .*has no argument 'itm'.*Did you mean 'item'"
    ) as caught:
        Cocopot("shop", autoload=False, plugins=[early, Provider])
    assert (caught.value.plugin, caught.value.hook) == ("pool", "shop_price")
