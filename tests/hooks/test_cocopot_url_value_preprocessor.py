"""`cocopot_url_value_preprocessor`: the values that the URL gave, before a view gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_between_start_and_before_request() -> None:
    """It comes after the start of the request, and before the before-request hooks."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_request_started(self) -> None:
            calls.append("started")

        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append("preprocessor")

        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("before")

    app_with(plugin=Plugin()).test_client().get("/")
    assert calls == ["started", "preprocessor", "before"]


@pytest.mark.parametrize(
    ("path", "endpoint", "values"), [("/x", "hello", {"name": "x"}), ("/x/y", None, None)]
)
def test_arguments(path: str, endpoint: str | None, values: dict[str, str] | None) -> None:
    """It gets application, request, endpoint and values; the last two are `None` when nothing matched."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(
            self, app: Any, request: Any, endpoint: Any, view_args: Any
        ) -> None:
            seen.extend([app, request.path, endpoint, view_args])

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda name: name)
    app.test_client().get(path)
    assert seen == [app, path, endpoint, values]


def test_values_change_in_place() -> None:
    """A value that is popped does not reach the view; one that is put there does; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(self, view_args: Any) -> str:
            view_args["shout"] = view_args.pop("name").upper()
            return "ignored"

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda shout: shout)
    assert app.test_client().get("/ada").text == "ADA"


def test_order() -> None:
    """Plugins run in load order, then the application's functions, the first registered first."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.url_value_preprocessor(lambda endpoint, values: calls.append("app 1"))
    app.url_value_preprocessor(lambda endpoint, values: calls.append("app 2"))
    app.test_client().get("/")
    assert calls == ["tryfirst", "one", "two", "app 1", "app 2", "trylast"]


def test_blueprint() -> None:
    """Functions of a blueprint run for its endpoints only, the outer one's first, after the application's."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin"))
    app.url_value_preprocessor(lambda endpoint, values: calls.append(f"app {endpoint}"))
    outer, inner = Blueprint("outer", "shop", url_prefix="/o"), Blueprint("inner", "shop", url_prefix="/i")
    outer.url_value_preprocessor(lambda endpoint, values: calls.append("outer"))
    inner.url_value_preprocessor(lambda endpoint, values: calls.append("inner"))
    inner.add_url_rule("/", "index", lambda: "view")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.test_client().get("/o/i/")
    app.test_client().get("/")
    assert calls == ["plugin", "app outer.inner.index", "outer", "inner", "plugin", "app index"]


def test_by_name() -> None:
    """Called by name, implementations of a blueprint look at the request themselves."""
    calls: list[str] = []
    app = app_with()
    blueprint = Blueprint("bp", "shop", url_prefix="/bp")
    blueprint.add_url_rule("/", "index", lambda: "view")
    blueprint.url_value_preprocessor(lambda endpoint, values: calls.append(f"bp {values}"))
    app.register_blueprint(blueprint)
    for path in ("/bp/", "/"):
        with app.test_request_context(path) as context:
            app.plugins.hook.cocopot_url_value_preprocessor(
                app=app, request=context.request, endpoint=None, view_args={"path": path}
            )
    assert calls == ["bp {'path': '/bp/'}"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_url_value_preprocessor(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_url_value_preprocessor(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_an_exception_stops_the_rest() -> None:
    """The view is not called, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
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
        def cocopot_url_value_preprocessor(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_url_value_preprocessor."]
