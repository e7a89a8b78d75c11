"""`cocopot_teardown_request`: give back what the request took."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import cocopot
from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_teardown_request"


def test_fires_after_the_response_is_sent() -> None:
    """It comes after the server got the response, and before the teardown of the application context."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_after_request(self) -> None:
            calls.append("after")

        @hookimpl
        def cocopot_teardown_request(self) -> None:
            calls.append("teardown")

        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            calls.append("app context")

    app = app_with(plugin=Plugin())
    app.start()
    calls.clear()
    run_wsgi_app(lambda environ, start: app(environ, record_start(calls, start)), create_environ())
    assert calls == ["after", "sent", "teardown", "app context"]


def record_start(calls: list[str], start: Any) -> Any:
    def start_response(*args: Any) -> Any:
        calls.append("sent")
        return start(*args)

    return start_response


def test_arguments() -> None:
    """It gets application, request and the unhandled exception, or `None`."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_teardown_request(self, app: Any, request: Any, exc: BaseException | None) -> None:
            seen.append((app.name, request.path, exc))

    app, wrong = app_with(plugin=Plugin()), ValueError("wrong")
    app.add_url_rule("/wrong", "wrong", lambda: throw(wrong))
    for path in ("/", "/nowhere"):
        app.test_client().get(path)
    with pytest.raises(ValueError, match="wrong"):
        app.test_client().get("/wrong")
    assert seen == [("shop", "/", None), ("shop", "/nowhere", None), ("shop", "/wrong", wrong)]


def throw(exc: Exception) -> Any:
    raise exc


def test_a_handled_exception_is_none() -> None:
    """An exception that an error handler answered did not end the request."""
    seen: list[Any] = []
    app = app_with()
    app.before_request(lambda: throw(ValueError("wrong")))
    app.register_error_handler(ValueError, lambda exc: "handled")
    app.teardown_request(seen.append)
    assert app.test_client().get("/").text == "handled"
    assert seen == [None]


def test_a_kept_context() -> None:
    """Inside a test client's `with`, it waits for the end of the block."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "teardown", HOOK))
    with app.test_client() as client:
        client.get("/")
        calls.append("in the block")
    assert calls == ["in the block", "teardown"]


def test_a_stream() -> None:
    """With `stream_with_context`, it waits for the end of the stream."""
    calls: list[str] = []

    def stream() -> Any:
        calls.append("first")
        yield "a"
        calls.append("last")

    app = app_with(plugin=recorder(calls, "teardown", HOOK))
    app.add_url_rule("/stream", "stream", lambda: cocopot.stream_with_context(stream()))
    assert app.test_client().get("/stream").text == "a"
    assert calls == ["first", "last", "teardown"]


def test_errors_are_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """Where exceptions do not propagate, the errors are logged with the plugin's name."""

    class Broken:
        @hookimpl
        def cocopot_teardown_request(self) -> None:
            raise ValueError("broken")

    app = app_with(broken=Broken())
    app.testing = False
    app.start()
    caplog.clear()
    assert app.test_client().get("/").text == "view"
    assert [record.getMessage() for record in caplog.records] == [
        "ValueError Raised by plugin 'broken' in hook cocopot_teardown_request."
    ]
