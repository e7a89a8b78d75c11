"""`cocopot_template_context`: names for a template that is about to be rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, PluginError, hookimpl, render_template_string, stream_template_string
from tests.hooks.support import app_with
from tests.template_engines import Braces

if TYPE_CHECKING:
    from collections.abc import Generator


def names(**values: Any) -> object:
    """Return a plugin that contributes these names."""

    class Plugin:
        @hookimpl
        def cocopot_template_context(self) -> dict[str, Any]:
            return values

    return Plugin()


def rendered(app: Cocopot, source: str, **context: Any) -> str:
    with app.test_request_context("/"):
        return render_template_string(source, **context)


def test_fires_before_each_template() -> None:
    """It gets the application, the template and the names that were passed, also for a stream."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_template_context(self, app: Any, template: Any, context: Any) -> dict[str, Any]:
            seen.append((app, template.name, dict(context)))
            return {"number": len(seen)}

    app = app_with(braces=Braces(), plugin=Plugin())
    assert rendered(app, "{{ number }}", bird="wren") == "1"
    with app.app_context():
        stream = stream_template_string("{{ number }}")
        assert len(seen) == 2
        assert list(stream)[1] == "2"
    assert seen == [(app, None, {"bird": "wren"}), (app, None, {})]


def test_who_wins() -> None:
    """The caller wins over the application, and that over a later plugin, and that over an earlier one."""
    app = app_with(braces=Braces(), one=names(a=1, b=1, c=1, d=1), two=names(b=2, c=2, d=2))
    app.context_processor(lambda: {"c": 3, "d": 3})
    assert rendered(app, "{{ a }}{{ b }}{{ c }}{{ d }}", d=4) == "1234"


@pytest.mark.parametrize(
    "function", [lambda: ["names"], lambda: "names", lambda: 1], ids=["list", "str", "int"]
)
def test_a_context_processor_that_returns_something_else(function: Any) -> None:
    """The function is named, with its place; `None` is nothing."""
    app = app_with(braces=Braces())
    app.context_processor(lambda: None)
    assert rendered(app, "text") == "text"
    app.context_processor(function)
    with pytest.raises(TypeError, match=r"The function 'app.context_processor: .*' returned a '\w+' from"):
        rendered(app, "text")


def test_an_exception_is_blamed() -> None:
    """An exception of a plugin carries its name, and leaves the function that renders."""

    class Broken:
        @hookimpl
        def cocopot_template_context(self) -> None:
            raise LookupError("broken")

    app = app_with(braces=Braces(), broken=Broken())
    app.add_url_rule("/page", "page", lambda: render_template_string("text"))
    app.register_error_handler(LookupError, lambda error: error.__notes__[0])
    text = app.test_client().get("/page").text
    assert text == "Raised by plugin 'broken' in hook cocopot_template_context."


def test_wrappers() -> None:
    """A wrapper may add names."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_template_context(self) -> Generator[None, Any, Any]:
            results = yield
            return [*results, {"count": len(results)}]

    for debug in (False, True):
        app = app_with(braces=Braces(), wrapper=Wrapper(), one=names(a=1))
        app.debug = debug
        assert rendered(app, "{{ a }} {{ count }}") == "1 1"


class TestDebug:
    """In debug mode, two plugins with one name are an error."""

    @pytest.fixture
    def app(self) -> Cocopot:
        app = app_with(
            braces=Braces(), one=names(user="ada", a=1), two=names(user="bob", b=2), three=names(c=3)
        )
        app.debug = True
        return app

    def test_two_plugins(self, app: Cocopot) -> None:
        """The error names both, and is that of the one whose value would be used."""
        with pytest.raises(PluginError) as caught:
            rendered(app, "{{ a }}")
        error = caught.value
        assert (error.plugin, error.reason, error.hook) == ("two", "conflict", "cocopot_template_context")
        assert error.problem == (
            "returns the name 'user' from cocopot_template_context, which plugin 'one' returns, too."
        )
        assert error.place is not None
        assert error.place.file == __file__
        assert "A context processor of the application can return the name" in error.cure

    def test_the_application_decides(self, app: Cocopot) -> None:
        """A name that the caller passes, or a context processor returns, is no conflict."""
        assert rendered(app, "{{ user }}", user="eve") == "eve"
        blueprint = Blueprint("shop", __name__)
        blueprint.context_processor(lambda: {"user": "eve"})
        blueprint.add_url_rule(
            "/shop", "index", lambda: render_template_string("{{ user }}{{ a }}{{ b }}{{ c }}")
        )
        app.register_blueprint(blueprint)
        assert app.test_client().get("/shop").text == "eve123"

    def test_without_debug(self, app: Cocopot) -> None:
        """Otherwise the plugin that was loaded last wins."""
        app.debug = False
        assert rendered(app, "{{ user }}") == "bob"

    def test_each_implementation_runs_once(self, app: Cocopot) -> None:
        """The check calls nothing again, and observers see the calls."""
        calls: list[str] = []

        @app.context_processor
        def processor() -> dict[str, str]:
            calls.append("processor")
            return {"user": "eve"}

        app.plugins.observe(lambda call: calls.append(call.plugin))
        rendered(app, "text")
        assert [call for call in calls if call in {"one", "two", "three", "processor"}] == [
            "one",
            "two",
            "three",
            "processor",
        ]

    def test_monitors(self, app: Cocopot) -> None:
        """With pluggy's monitoring the hook is called through it, and names are not checked."""
        called: list[str] = []
        undo = app.plugins.add_hookcall_monitoring(lambda hook, *_: called.append(hook), lambda *_: None)
        assert rendered(app, "{{ user }}") == "bob"
        undo()
        assert "cocopot_template_context" in called

    def test_without_processors(self) -> None:
        """Without an implementation there is nothing to check."""
        app = app_with(braces=Braces())
        app.debug = True
        assert rendered(app, "text") == "text"


def test_a_request_that_renders_nothing() -> None:
    """It does not call the hooks, also if they are implemented."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_template_context(self) -> None:
            calls.append("context")

        @hookimpl
        def cocopot_template_rendered(self) -> None:
            calls.append("rendered")

    app = app_with(braces=Braces(), plugin=Plugin())
    assert app.test_client().get("/").text == "view"
    assert calls == []
