"""`cocopot_startup`: check the configuration, open pools."""

from __future__ import annotations

from typing import Any

import pytest

import cocopot
from cocopot import hookimpl, url_for
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

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
