"""`cocopot_startup`: check the configuration, open pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot import hookimpl, url_for
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_startup(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_once_before_the_first_request() -> None:
    """It comes before the first request has begun, and not before the second."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_startup(self) -> None:
            calls.append("startup")

        @hookimpl
        def cocopot_request_started(self) -> None:
            calls.append("request")

    client = app_with(plugin=Plugin()).test_client()
    client.get("/")
    client.get("/")
    assert calls == ["startup", "request", "request"]


def test_not_without_a_request() -> None:
    """An application that builds URLs, runs commands or looks at its shell is not started."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "startup"))
    with app.test_request_context("/"):
        assert url_for("index") == "/"
    assert app.cli.name == "shop"
    assert app.make_shell_context() == {"app": app}
    assert calls == []


def test_the_configuration_is_final() -> None:
    """It gets the application with what was configured since; values may be normalised in place."""

    class Plugin:
        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, Any]:
            return {"SIZES": "1 2"}

        @hookimpl
        def cocopot_startup(self, app: Any) -> None:
            app.config["SIZES"] = app.config["SIZES"].split()

    app = app_with(plugin=Plugin())
    app.config["SIZES"] = "3 4"
    app.test_client().get("/")
    assert app.config["SIZES"] == ["3", "4"]


def test_registration_is_open_until_it_is_done() -> None:
    """A route may be added in the hook, and not after it; an application context is active."""

    class Plugin:
        @hookimpl
        def cocopot_startup(self, app: Any) -> None:
            app.add_url_rule("/started", "started", lambda: cocopot.current_app.name)
            assert cocopot.current_app.name == "shop"

    app = app_with(plugin=Plugin())
    assert app.test_client().get("/started").text == "shop"
    with pytest.raises(RuntimeError, match="after its first request"):
        app.add_url_rule("/late", "late", lambda: "late")


def test_order() -> None:
    """Plugins run in load order, then the application's functions, the first registered first."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.on_startup(lambda: calls.append("app 1"))
    app.on_startup(lambda: calls.append("app 2"))
    app.test_client().get("/")
    assert calls == ["tryfirst", "one", "two", "app 1", "app 2", "trylast"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_startup(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_startup(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_by_name() -> None:
    """Called by name, it gives the results, and does not count as a start."""
    app = app_with(plugin=recorder([], "plugin"))
    app.on_startup(lambda: "started")
    assert app.plugins.hook.cocopot_startup(app=app) == ["started"]
    assert app.started is False


def test_an_exception_reaches_the_server() -> None:
    """No error handler is asked, the rest does not run, and the next request tries again."""
    calls: list[str] = []

    class Broken:
        times = 1

        @hookimpl
        def cocopot_startup(self) -> None:
            if self.times:
                self.times = 0
                raise ValueError("broken")

    app = app_with(one=recorder(calls, "one"), broken=Broken(), two=recorder(calls, "two"))
    app.testing = False
    app.register_error_handler(ValueError, lambda exc: "not asked")
    with pytest.raises(ValueError, match="broken"):
        app.test_client().get("/")
    assert app.test_client().get("/").text == "view"
    assert calls == ["one", "one", "two"]


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_startup(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_startup."]
