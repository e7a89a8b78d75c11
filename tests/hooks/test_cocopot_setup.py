"""`cocopot_setup`: routes, blueprints, error handlers, converters of a plugin."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, PluginError, hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_setup(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_at_the_end_of_the_constructor() -> None:
    """With the application, it comes after everybody's configuration defaults, in load order."""
    calls: list[str] = []

    class A:
        @hookimpl
        def cocopot_config_defaults(self) -> None:
            calls.append("defaults")

        @hookimpl
        def cocopot_setup(self) -> None:
            calls.append(type(self).__name__)

    class B(A):
        pass

    Cocopot("shop", autoload=False, plugins=[B, A])
    assert calls == ["defaults", "defaults", "A", "B"]


def test_the_application_is_open() -> None:
    """It gets the application, and may add routes, handlers, blueprints and state; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Any) -> str:
            app.add_url_rule("/plugin", "plugin", lambda: app.extensions["plugin"])
            app.register_error_handler(404, lambda exc: "lost")
            app.register_blueprint(Blueprint("bp", "shop"))
            app.extensions["plugin"] = "state"
            return "ignored"

    app = Cocopot("shop", autoload=False, plugins=[Plugin])
    client = app.test_client()
    assert (client.get("/plugin").text, client.get("/x").text) == ("state", "lost")
    assert list(app.blueprints) == ["bp"]


def test_the_built_in_implementation_is_last() -> None:
    """A plugin that adds a route of the same path as the static files is matched before them."""
    calls: list[bool] = []

    class Plugin:
        @hookimpl
        def cocopot_setup(self, app: Any) -> None:
            calls.append("static" in app.view_functions)

    app = Cocopot("shop", static_folder=str(Path(__file__).parent), autoload=False, plugins=[Plugin])
    assert calls == [False]
    assert "static" in app.view_functions


def test_historic() -> None:
    """A plugin that is registered late gets its call then; those that had theirs do not get it again."""
    calls: list[str] = []
    app = app_with(one=recorder(calls, "one"))
    app.test_client().get("/")
    app.plugins.register(recorder(calls, "late"), "late")
    assert calls == ["one", "late"]
    with pytest.raises(AssertionError, match="use call_historic"):
        app.plugins.hook.cocopot_setup(app=app)


def test_called_again_by_name() -> None:
    """A further historic call reaches every plugin in order, and its results a callback."""
    calls: list[str] = []

    class Answers:
        @hookimpl
        def cocopot_setup(self) -> str:
            return "answer"

    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        answers=Answers(),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    calls.clear()
    app.plugins.hook.cocopot_setup.call_historic(result_callback=calls.append, kwargs={"app": app})
    assert calls == ["tryfirst", "one", "trylast", "answer"]


def test_a_route_after_the_first_request() -> None:
    """A plugin that is registered too late to add a route is left out, with an error that says so."""

    class Late:
        @hookimpl
        def cocopot_setup(self, app: Any) -> None:
            app.add_url_rule("/late", "late", lambda: "late")

    app = app_with()
    app.test_client().get("/")
    with pytest.raises(RuntimeError, match="after its first request") as caught:
        app.plugins.register(Late(), "late")
    assert caught.value.__notes__ == ["Raised by plugin 'late' in hook cocopot_setup."]
    assert not app.plugins.has_plugin("late")


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}], ids=["new", "old"])
def test_no_wrappers(options: dict[str, Any]) -> None:
    """A wrapper of a historic hook is refused."""

    def cocopot_setup() -> Generator[None, Any, Any]:
        return (yield)

    wrapper = ModuleType("wrapper")
    wrapper.cocopot_setup = hookimpl(cocopot_setup, **options)  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="historic incompatible with yield") as caught:
        Cocopot("shop", autoload=False, plugins=[wrapper])
    assert caught.value.plugin == "wrapper"


def test_an_exception_stops_the_start() -> None:
    """Loaded with the application, a plugin that raises is named by a `PluginError`."""

    class Broken:
        @hookimpl
        def cocopot_setup(self) -> None:
            raise ValueError("broken")

    with pytest.raises(PluginError, match="Broken' failed in cocopot_setup: ValueError: broken") as caught:
        Cocopot("shop", autoload=False, plugins=[Broken])
    assert "Broken' in hook cocopot_setup." in caught.value.__cause__.__notes__[0]  # type: ignore[union-attr]


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_setup(self) -> None:
            raise ValueError("broken")

    app, broken = app_with(), Broken()
    with pytest.raises(ValueError, match="broken") as caught:
        app.plugins.register(broken, "broken", candidate=candidate)
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_setup."]
    assert not app.plugins.has_plugin("broken")
