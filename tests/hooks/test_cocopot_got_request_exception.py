"""`cocopot_got_request_exception`: an unhandled exception is about to become a 500."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import InternalServerError

from cocopot import Cocopot, hookimpl
from tests.hooks.drivers import recorder

HOOK = "cocopot_got_request_exception"


def app_that_raises(exc: Exception, **plugins: object) -> Cocopot:
    """Return an application whose view `/` raises, and that answers with a 500."""
    app = Cocopot("shop", autoload=False)
    for name, plugin in plugins.items():
        app.plugins.register(plugin, name)

    @app.route("/")
    def index() -> str:
        raise exc

    return app


def test_fires_between_the_handlers_and_the_500(caplog: pytest.LogCaptureFixture) -> None:
    """It fires after no handler matched, and before the exception is logged and the 500 is sent."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_handle_exception(self, exc: Exception) -> None:
            calls.append(type(exc))

        @hookimpl
        def cocopot_got_request_exception(self) -> None:
            calls.append(f"got, {len(caplog.records)} logged")

    app = app_that_raises(ValueError("wrong"), plugin=Plugin())
    assert app.test_client().get("/").status_code == 500
    assert calls == [ValueError, "got, 0 logged", InternalServerError]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("testing", [True, False])
def test_arguments(testing: bool) -> None:
    """It gets application, request and exception, also where exceptions propagate."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_got_request_exception(self, app: Any, request: Any, exc: Exception) -> None:
            seen.extend([app, request.path, exc])
            app.testing = False

    exc = ValueError("wrong")
    app = app_that_raises(exc, plugin=Plugin())
    app.testing = testing
    app.test_client().get("/")
    assert seen == [app, "/", exc]


def test_not_for_what_is_handled() -> None:
    """It does not fire for HTTP exceptions, nor for what an error handler answered."""
    calls: list[str] = []
    app = app_that_raises(KeyError("wrong"), plugin=recorder(calls, "plugin", HOOK))
    app.register_error_handler(KeyError, lambda exc: "handled")
    app.test_client().get("/")
    app.test_client().get("/nowhere")
    assert calls == []


def test_a_result_is_ignored() -> None:
    """What it returns is not the response; called by name, it gives the results, last loaded first."""

    def plugin(number: int) -> object:
        class Plugin:
            @hookimpl
            def cocopot_got_request_exception(self) -> int:
                return number

        return Plugin()

    exc = ValueError("wrong")
    app = app_that_raises(exc, one=plugin(1), two=plugin(2))
    assert app.test_client().get("/").status_code == 500
    with app.test_request_context("/") as context:
        results = app.plugins.hook.cocopot_got_request_exception(app=app, request=context.request, exc=exc)
    assert results == [2, 1]


def test_an_exception_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The rest is skipped, and the exception that was to be reported goes on."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_got_request_exception(self) -> None:
            raise LookupError("broken")

    wrong = ValueError("wrong")
    app = app_that_raises(wrong, earlier=recorder(calls, "earlier", HOOK), broken=Broken())
    assert app.test_client().get("/").status_code == 500
    assert calls == []
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert isinstance(logged[0], LookupError)
    assert logged[1] is wrong
