"""`cocopot_startup`: check the configuration, open pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot import Cocopot, g, hookimpl, url_for
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

HOOK = "cocopot_startup"


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
    app = app_with(plugin=recorder(calls, "startup", HOOK))
    with app.test_request_context("/"):
        assert url_for("index") == "/"
    assert app.cli.name == "shop"
    assert app.make_shell_context() == {"app": app, "g": g}
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


def test_by_name() -> None:
    """Called by name, it gives the results, and does not count as a start."""
    app = app_with(plugin=recorder([], "plugin", HOOK))
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

    app = app_with(one=recorder(calls, "one", HOOK), broken=Broken(), two=recorder(calls, "two", HOOK))
    app.testing = False
    app.register_error_handler(ValueError, lambda exc: "not asked")
    with pytest.raises(ValueError, match="broken"):
        app.test_client().get("/")
    assert app.test_client().get("/").text == "view"
    assert calls == ["one", "one", "two"]


class TestLate:
    """A plugin that is registered after the startup hooks have run gets its call when it is registered."""

    @pytest.fixture
    def calls(self) -> list[str]:
        return []

    @pytest.fixture
    def plugin(self, calls: list[str]) -> type:
        class Plugin:
            def __init__(self, name: str, next_plugin: object = None) -> None:
                self.name = name
                self.next_plugin = next_plugin

            @hookimpl
            def cocopot_setup(self) -> None:
                calls.append(f"{self.name} set up")

            @hookimpl
            def cocopot_startup(self, app: Cocopot) -> None:
                calls.append(f"{self.name} in {cocopot.current_app.name}")
                if self.next_plugin is not None:
                    app.plugins.register(self.next_plugin)

        return Plugin

    def test_after_the_start(self, calls: list[str], plugin: type) -> None:
        """It is called once, after its set-up, in an application context."""
        app = Cocopot("shop", autoload=False, plugins=[plugin("early")])
        app.start()
        app.plugins.register(plugin("late"))
        app.test_client().get("/")
        assert calls == ["early set up", "early in shop", "late set up", "late in shop"]

    def test_during_the_start(self, calls: list[str], plugin: type) -> None:
        """A plugin that another one's startup registers is called once too."""
        app = Cocopot("shop", autoload=False, plugins=[plugin("outer", plugin("inner"))])
        app.start()
        assert calls == ["outer set up", "outer in shop", "inner set up", "inner in shop"]

    def test_before_the_start(self, calls: list[str], plugin: type) -> None:
        """Before the start, and after the end, it is called with the others at the next start."""
        app = Cocopot("shop", autoload=False)
        app.plugins.register(plugin("early"))
        assert calls == ["early set up"]
        app.start()
        app.close()
        app.plugins.register(plugin("between"))
        assert calls == ["early set up", "early in shop", "between set up"]
        app.start()
        assert calls[3:] == ["early in shop", "between in shop"]

    def test_wrappers(self, calls: list[str], plugin: type) -> None:
        """The wrappers around the hook run around the late call, too."""

        class Wrapper:
            @hookimpl(wrapper=True)
            def cocopot_startup(self) -> Generator[None, Any, Any]:
                calls.append("enter")
                yield
                calls.append("leave")

        app = Cocopot("shop", autoload=False, plugins=[Wrapper])
        app.start()
        app.plugins.register(plugin("late"))
        assert calls == ["enter", "leave", "late set up", "enter", "late in shop", "leave"]

    def test_failing(self) -> None:
        """A late plugin whose startup raises is not registered, and what it has set up is rolled back."""

        class Plugin:
            @hookimpl
            def cocopot_setup(self, app: Cocopot) -> None:
                app.before_request_funcs[None].append(lambda: "late")
                app.extensions["late"] = 1

            @hookimpl
            def cocopot_startup(self) -> None:
                raise ValueError("no pool")

        app = Cocopot("shop", autoload=False)
        app.start()
        before = app.plugins.records()
        with pytest.raises(ValueError, match="no pool") as caught:
            app.plugins.register(Plugin(), "late")
        assert caught.value.__notes__ == ["Raised by plugin 'late' in hook cocopot_startup."]
        assert app.plugins.records() == before
        assert app.extensions == {}
        assert not app.plugins.has_plugin("late")
        app.plugins.register(type("Other", (), {})(), "late")
        assert app.test_client().get("/").status_code == 404
