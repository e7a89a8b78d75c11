"""`cocopot_before_request`: act before the view, or answer in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import NotFound

from cocopot import Blueprint, hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_before_request(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_between_preprocessor_and_view() -> None:
    """It comes after the URL value preprocessors and before the view."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append("preprocessor")

        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("before")

        @hookimpl
        def cocopot_dispatch_request(self) -> None:
            calls.append("dispatch")

    assert app_with(plugin=Plugin()).test_client().get("/").text == "view"
    assert calls == ["preprocessor", "before", "dispatch"]


def test_arguments() -> None:
    """It gets the application and the request, also when no route matched."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_before_request(self, app: Any, request: Any) -> None:
            seen.extend([app, request.path, type(request.routing_exception)])

    app = app_with(plugin=Plugin())
    app.test_client().get("/nowhere")
    assert seen == [app, "/nowhere", NotFound]


@pytest.mark.parametrize("value", ["", {"a": 1}, ("no", 403)], ids=["empty", "dict", "tuple"])
def test_the_first_result_is_the_response(value: Any) -> None:
    """A value stops the rest and the view; the after-request hooks run."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_before_request(self) -> Any:
            return value

        @hookimpl
        def cocopot_after_request(self, response: Any) -> None:
            calls.append(response.get_data(as_text=True))

    app = app_with(plugin=Plugin(), later=recorder(calls, "later"))
    app.before_request(lambda: calls.append("app"))
    text = app.test_client().get("/").text
    assert text != "view"
    assert calls == [text]


def test_order() -> None:
    """Plugins run in load order, then the application's functions, the first registered first."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.before_request(lambda: calls.append("app 1"))
    app.before_request(lambda: calls.append("app 2"))
    app.test_client().get("/")
    assert calls == ["tryfirst", "one", "two", "app 1", "app 2", "trylast"]


def test_blueprint() -> None:
    """Functions of a blueprint run for its endpoints only, the outer one's first, after the application's."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin"))
    app.before_request(lambda: calls.append("app"))
    outer, inner = Blueprint("outer", "shop", url_prefix="/o"), Blueprint("inner", "shop", url_prefix="/i")
    outer.before_request(lambda: calls.append("outer"))
    inner.before_request(lambda: calls.append("inner"))
    inner.add_url_rule("/", "index", lambda: "view")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.test_client().get("/o/i/")
    app.test_client().get("/")
    assert calls == ["plugin", "app", "outer", "inner", "plugin", "app"]


def test_by_name() -> None:
    """Called by name, it returns the first result, of a blueprint's function for its endpoints only."""
    app = app_with(plugin=recorder([], "plugin"))
    blueprint = Blueprint("bp", "shop", url_prefix="/bp")
    blueprint.add_url_rule("/", "index", lambda: "view")
    blueprint.before_request(lambda: "answer")
    app.register_blueprint(blueprint)
    results = []
    for path in ("/bp/", "/"):
        with app.test_request_context(path) as context:
            results.append(app.plugins.hook.cocopot_before_request(app=app, request=context.request))
    assert results == ["answer", None]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_before_request(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_a_wrapper_may_answer() -> None:
    """What a wrapper returns takes the place of the result."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> Generator[None, Any, Any]:
            result = yield
            return result or "wrapper"

    app = app_with(wrapper=Wrapper())
    assert app.test_client().get("/").text == "wrapper"
    app.before_request_funcs[None].append(lambda: "function")
    assert app.test_client().get("/").text == "function"


def test_an_exception_stops_the_rest() -> None:
    """The view is not called, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_before_request(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken(), later=recorder(calls, "later"))
    app.register_error_handler(LookupError, lambda exc: "handled")
    assert app.test_client().get("/").text == "handled"
    assert calls == []


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_before_request(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_before_request."]


def test_a_function_of_the_application_is_not_blamed() -> None:
    """An exception of the application's own function carries no note: the traceback names it."""
    app = app_with(plugin=recorder([], "plugin"))

    @app.before_request
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/")
    assert not hasattr(caught.value, "__notes__")
