"""What application and blueprint register for templates."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, PluginError, hookimpl, render_template_string
from cocopot.testing import make_app
from tests.template_engines import Braces

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("filter", "test", "global")


def double(value: Any) -> Any:
    return value * 2


def triple(value: Any) -> Any:
    return value * 3


def names_of(app: Cocopot, kind: str) -> dict[str, Any]:
    standard = {"config", "g", "get_flashed_messages", "request", "session", "url_for"}
    return {k: v for k, v in getattr(app, f"template_{kind}s").items() if k not in standard}


@pytest.mark.parametrize("kind", KINDS)
class TestFunctions:
    def test_decorator(self, kind: str) -> None:
        """A function is registered by its own name or another one, with or without parentheses."""
        app = Cocopot("shop", autoload=False)
        decorator = getattr(app, f"template_{kind}")
        assert decorator(double) is decorator()(double) is decorator("two")(double) is double
        assert decorator(name="three")(double) is double
        assert names_of(app, kind) == {"double": double, "two": double, "three": double}

    def test_method(self, kind: str) -> None:
        """The method takes the function first."""
        app = Cocopot("shop", autoload=False)
        add = getattr(app, f"add_template_{kind}")
        add(double)
        add(double, "two")
        add(double, name="three")
        add(functools.partial(double), "partial")
        assert list(names_of(app, kind)) == ["double", "two", "three", "partial"]

    @pytest.mark.parametrize("prefix", ["", "app_"])
    def test_blueprint(self, kind: str, prefix: str) -> None:
        """What a blueprint registers is there for all templates once the blueprint is registered."""
        blueprint = Blueprint("shop", __name__)
        getattr(blueprint, f"{prefix}template_{kind}")("two")(double)
        getattr(blueprint, f"add_{prefix}template_{kind}")(double)
        app = Cocopot("shop", autoload=False)
        assert names_of(app, kind) == {}
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name="again")
        assert names_of(app, kind) == {"double": double, "two": double}

    def test_nested_blueprint(self, kind: str) -> None:
        """So is what a nested one registers."""
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        getattr(inner, f"add_template_{kind}")(double)
        outer.register_blueprint(inner)
        app = Cocopot("shop", autoload=False)
        app.register_blueprint(outer)
        assert names_of(app, kind) == {"double": double}

    @pytest.mark.parametrize("function", [lambda value: value, functools.partial(double), None])
    def test_no_name(self, kind: str, function: Any) -> None:
        """A function without a name needs one."""
        app = Cocopot("shop", autoload=False)
        with pytest.raises(TypeError, match=rf"^template_{kind}: .* needs a name .*: pass name=\."):
            getattr(app, f"add_template_{kind}")(function)
        with pytest.raises(TypeError, match="needs a name"):
            getattr(app, f"add_template_{kind}")(double, 5)
        assert names_of(app, kind) == {}

    def test_a_coroutine_function(self, kind: str) -> None:
        """A function that would never run is refused."""

        async def later(value: object) -> None: ...

        with pytest.raises(TypeError, match=f"@template_{kind}: the function .*later"):
            getattr(Cocopot("shop", autoload=False), f"template_{kind}")(later)

    def test_after_the_first_request(self, kind: str) -> None:
        """It is too late, for an application and for a blueprint that has been registered."""
        app = Cocopot("shop", autoload=False)
        blueprint = Blueprint("shop", __name__)
        app.register_blueprint(blueprint)
        app.start()
        for owner in (app, blueprint):
            with pytest.raises(RuntimeError, match=rf"template_{kind}\(\) was called"):
                getattr(owner, f"add_template_{kind}")(double)

    def test_two_plugins_with_one_name(self, kind: str) -> None:
        """The second plugin is refused, with both in the error; an application may replace a plugin's."""

        def plugin(name: str) -> object:
            return Setup(name, lambda app: getattr(app, f"add_template_{kind}")(lambda value: value, "money"))

        with pytest.raises(
            PluginError, match=rf"registers the template {kind} 'money', .*by plugin 'one'"
        ) as e:
            make_app(plugin("one"), plugin("two"))
        assert (e.value.plugin, e.value.reason) == ("two", "conflict")
        app = make_app(plugin("one"))
        getattr(app, f"add_template_{kind}")(double, "money")
        assert getattr(app, f"template_{kind}s")["money"] is double
        assert app.plugins.conflicts == []

    def test_a_blueprint_of_another_plugin(self, kind: str) -> None:
        """What a plugin's blueprint registers is the plugin's."""

        def with_blueprint(app: Cocopot) -> None:
            blueprint = Blueprint("shop", __name__)
            getattr(blueprint, f"add_template_{kind}")(double, "money")
            app.register_blueprint(blueprint)

        one = Setup("one", lambda app: getattr(app, f"add_template_{kind}")(triple, "money"))
        with pytest.raises(PluginError, match=rf"Plugin 'two' registers the template {kind} 'money'"):
            make_app(one, Setup("two", with_blueprint))

    def test_a_plugin_that_fails(self, kind: str) -> None:
        """What it has registered is rolled back."""

        def fail(app: Cocopot) -> None:
            getattr(app, f"add_template_{kind}")(double)
            raise ValueError("broken")

        app = make_app(Setup("broken", fail), plugin_errors="warn")
        assert names_of(app, kind) == {}


class Setup:
    """A plugin that runs a function in `cocopot_setup`."""

    def __init__(self, name: str, function: Callable[[Cocopot], object]) -> None:
        self.plugin_name, self._function = name, function

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        self._function(app)


def test_generators() -> None:
    """A filter may be a generator function; a test may not, as it would always hold."""

    def each(value: object) -> Any:
        yield value

    app = Cocopot("shop", autoload=False)
    app.add_template_filter(each)
    app.add_template_global(each)
    with pytest.raises(TypeError, match="has a `yield`"):
        app.add_template_test(each)


def test_a_global_may_be_any_object() -> None:
    """A value is a global like a function."""
    app = make_app(Braces())
    app.add_template_global(3, "three")
    with app.app_context():
        assert render_template_string("{{ three }}") == "3"
    with pytest.raises(TypeError, match="template_filter"):
        app.add_template_filter(3, "three")  # type: ignore[arg-type]  # not a function


class TestContextProcessors:
    def test_lists(self) -> None:
        """They are lists by blueprint that may be changed."""
        app = make_app(Braces())
        blueprint = Blueprint("shop", __name__)
        blueprint.context_processor(first)
        app.context_processor(second)
        app.register_blueprint(blueprint)
        assert app.template_context_processors == {None: [second], "shop": [first]}
        app.template_context_processors[None].append(first)
        with app.app_context():
            assert render_template_string("{{ a }}{{ b }}") == "12"
        app.template_context_processors = {}  # type: ignore[assignment]  # its content is replaced
        with app.app_context(), pytest.raises(KeyError):
            render_template_string("{{ a }}")

    def test_mistakes(self) -> None:
        """A function that would never run, and one that is registered too late, are refused."""
        app = Cocopot("shop", autoload=False)
        with pytest.raises(TypeError, match="has a `yield`"):
            app.context_processor(generator)
        with pytest.raises(TypeError, match="takes a function"):
            app.context_processor({"a": 1})  # type: ignore[type-var]  # not a function
        app.start()
        with pytest.raises(RuntimeError, match="context_processor"):
            app.context_processor(first)


def first() -> dict[str, int]:
    return {"a": 1}


def second() -> dict[str, int]:
    return {"b": 2}


def generator() -> Any:
    yield {"a": 1}
