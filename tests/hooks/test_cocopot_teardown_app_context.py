"""`cocopot_teardown_app_context`: give back what the application context took."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_teardown_app_context"


def test_fires_after_the_teardown_of_the_request() -> None:
    """It comes last in a request, even if the teardown of the request raises."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_teardown_request(self) -> None:
            calls.append("request")
            raise ValueError("broken")

        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            calls.append("app context")

    with pytest.raises(ExceptionGroup):
        app_with(plugin=Plugin()).test_client().get("/")
    assert calls == ["request", "app context"]


def test_the_end_of_an_application_context() -> None:
    """It fires at the end of `with app.app_context()`, with the exception that left the block."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_teardown_app_context(self, app: Any, exc: BaseException | None) -> None:
            seen.append((app, exc))

    app, wrong = app_with(plugin=Plugin()), ValueError("wrong")
    with app.app_context():
        assert seen == []
    with pytest.raises(ValueError, match="wrong"), app.app_context():
        raise wrong
    assert seen == [(app, None), (app, wrong)]


def test_every_context_has_its_own() -> None:
    """A request inside an application context ends with a teardown of its own, and so does that context."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "teardown", HOOK))
    app.start()
    calls.clear()
    with app.app_context():
        app.test_client().get("/")
        calls.append("in the block")
    assert calls == ["teardown", "in the block", "teardown"]


def test_errors_are_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """Where exceptions do not propagate, the errors are logged with the plugin's name."""

    class Broken:
        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            raise ValueError("broken")

    app = app_with(broken=Broken())
    app.testing = False
    app.start()
    caplog.clear()
    assert app.test_client().get("/").text == "view"
    assert [record.getMessage() for record in caplog.records] == [
        "ValueError Raised by plugin 'broken' in hook cocopot_teardown_app_context."
    ]
