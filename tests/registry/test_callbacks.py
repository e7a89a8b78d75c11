"""Functions of the application as hook implementations, and as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, request

if TYPE_CHECKING:
    from collections.abc import Callable


class Greeter:
    """A view or a function may be any callable."""

    def __call__(self) -> str:
        return "hello"

    def method(self) -> None:
        """Be named."""


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False)


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def note(calls: list[str]) -> Callable[[str], Callable[..., None]]:
    """Return a maker of functions that note their name in `calls`."""
    return lambda name: lambda *_: calls.append(name)


def view() -> str:
    return "view"


class TestNames:
    def test_of_each_decorator(self, app: Cocopot) -> None:
        """A decorated function is registered under decorator, module and function."""
        for decorator in (
            app.before_request,
            app.after_request,
            app.teardown_request,
            app.teardown_appcontext,
            app.url_value_preprocessor,
            app.url_defaults,
            app.on_startup,
            app.on_shutdown,
            app.shell_context_processor,
            app.url_build_error_handler,
        ):
            assert decorator(view) is view
            name = f"app.{decorator.__name__}: {__name__}.view"
            assert app.plugins.records("application")[-1].name == name
            assert app.plugins.has_plugin(name)

    def test_of_a_blueprint(self, app: Cocopot) -> None:
        """The name of a blueprint's function states which blueprint, in full."""
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        inner.before_request(view)
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        (record,) = app.plugins.records("application")
        assert record.name == f"bp.outer.inner.before_request: {__name__}.view"
        assert (record.scope, record.depth) == ("outer.inner", 2)

    def test_of_a_second_one(self, app: Cocopot, calls: list[str]) -> None:
        """One function can be registered twice; it runs twice, and the second name has a number."""

        def twice() -> None:
            calls.append("twice")

        app.before_request(twice)
        app.before_request(twice)
        names = [record.name for record in app.plugins.records("application")]
        assert names == [names[0], f"{names[0]} (2)"]
        app.test_client().get("/")
        assert calls == ["twice", "twice"]

    def test_functions_run_in_call_order(self, app: Cocopot, note: Any) -> None:
        """The list of a hook's implementations shows the order in which the functions run."""
        app.after_request_funcs[None] = [len, view]
        order = [impl.plugin_name for impl in app.plugins.call_order("cocopot_after_request")]
        assert order == [f"app.after_request: {__name__}.view", "app.after_request: builtins.len"]


class TestOrder:
    @pytest.fixture
    def client(self, app: Cocopot, note: Any) -> Any:
        outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
        inner.add_url_rule("/", "index", view)
        for registrar, name in ((inner, "inner"), (outer, "outer"), (app, "app")):
            for number in (1, 2):
                registrar.url_value_preprocessor(note(f"preprocess {name} {number}"))
                registrar.before_request(note(f"before {name} {number}"))
                registrar.after_request(note(f"after {name} {number}"))
                registrar.teardown_request(note(f"teardown {name} {number}"))
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        return app.test_client()

    @pytest.mark.parametrize("stage", ["preprocess", "before"])
    def test_in(self, client: Any, calls: list[str], stage: str) -> None:
        """On the way in the application's come first, outer blueprints before inner, first ones first."""
        client.get("/")
        expected = [f"{stage} {name} {number}" for name in ("app", "outer", "inner") for number in (1, 2)]
        assert [call for call in calls if call.startswith(stage)] == expected

    @pytest.mark.parametrize("stage", ["after", "teardown"])
    def test_out(self, client: Any, calls: list[str], stage: str) -> None:
        """On the way out it is the other way round."""
        client.get("/")
        expected = [f"{stage} {name} {number}" for name in ("inner", "outer", "app") for number in (2, 1)]
        assert [call for call in calls if call.startswith(stage)] == expected

    def test_by_keyword(self, app: Cocopot, calls: list[str], note: Any) -> None:
        """Called through the plugin manager, a blueprint's functions check the request themselves."""
        shop = Blueprint("shop", __name__)
        shop.add_url_rule("/shop", view_func=view)
        shop.before_request(note("shop"))
        app.add_url_rule("/", view_func=view)
        app.register_blueprint(shop)
        app.before_request(note("app"))
        for path in ("/", "/shop"):
            with app.test_request_context(path):
                app.plugins.hook.cocopot_before_request(app=app, request=request)
        assert calls == ["app", "app", "shop"]

    @pytest.mark.parametrize(
        ("decorator", "hook", "arguments", "expected"),
        [
            ("before_request", "cocopot_before_request", {}, ()),
            ("after_request", "cocopot_after_request", {"response": 1}, (1,)),
            ("teardown_request", "cocopot_teardown_request", {"exc": 1}, (1,)),
            (
                "url_value_preprocessor",
                "cocopot_url_value_preprocessor",
                {"endpoint": 1, "view_args": 2},
                (1, 2),
            ),
            ("url_defaults", "cocopot_url_defaults", {"endpoint": "e", "values": 2}, ("e", 2)),
            ("teardown_appcontext", "cocopot_teardown_app_context", {"exc": 1}, (1,)),
            ("on_startup", "cocopot_startup", {}, ()),
            ("on_shutdown", "cocopot_shutdown", {}, ()),
            ("shell_context_processor", "cocopot_shell_context", {}, ()),
            (
                "url_build_error_handler",
                "cocopot_url_build_error",
                {"error": 1, "endpoint": 2, "values": 3},
                (1, 2, 3),
            ),
        ],
    )
    def test_arguments(
        self, app: Cocopot, decorator: str, hook: str, arguments: dict[str, Any], expected: tuple[Any, ...]
    ) -> None:
        """Each decorator's functions get what they take, also when the hook is called by keyword."""
        seen: list[tuple[Any, ...]] = []
        getattr(app, decorator)(lambda *args: seen.append(args))
        specified = getattr(app.plugins.hook, hook).spec.argnames
        with app.test_request_context("/") as context:
            others = {"request": context.request} if "request" in specified else {}
            getattr(app.plugins.hook, hook)(app=app, **others, **arguments)
            assert seen == [expected]


class TestLists:
    def test_as_a_list(self, app: Cocopot) -> None:
        """The functions can be read and changed as a list can."""
        functions = app.before_request_funcs[None]
        functions.extend([len, view, len])
        assert (len(functions), functions[1], functions[:2], list(functions)[-1]) == (
            3,
            view,
            [len, view],
            len,
        )
        functions[0] = view
        del functions[2]
        assert functions == [view, view]
        assert functions == app.before_request_funcs[None]
        assert functions != (view, view)
        assert repr(functions) == repr([view, view])
        functions.clear()
        assert functions == []

    def test_slices(self, app: Cocopot, calls: list[str], note: Any) -> None:
        """Several functions can be replaced at once."""
        functions = app.before_request_funcs[None]
        functions.extend(note(name) for name in "abcd")
        functions[1:3] = [note("x")]
        app.test_client().get("/")
        assert calls == ["a", "x", "d"]

    @pytest.mark.parametrize("index", [-5, -1, 0, 1, 2, 9])
    def test_insert_anywhere(self, app: Cocopot, calls: list[str], note: Any, index: int) -> None:
        """A function runs where it was inserted, as in a plain list."""
        plain = ["a", "b"]
        app.before_request_funcs[None] = [note("a"), note("b")]
        app.before_request_funcs[None].insert(index, note("x"))
        plain.insert(index, "x")
        app.test_client().get("/")
        assert calls == plain

    def test_removing_unregisters(self, app: Cocopot) -> None:
        """A function that is removed is not a plugin any more."""
        before = app.plugins.records()
        app.before_request_funcs[None].extend([view, len])
        app.before_request_funcs[None].remove(view)
        (added,) = (record for record in app.plugins.records() if record not in before)
        assert added.name == "app.before_request: builtins.len"

    def test_not_hashable(self, app: Cocopot) -> None:
        """They are not keys, as lists are none."""
        with pytest.raises(TypeError, match="unhashable"):
            hash(app.before_request_funcs[None])
