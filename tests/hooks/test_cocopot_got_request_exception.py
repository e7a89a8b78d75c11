"""`cocopot_got_request_exception`: an unhandled exception is about to become a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import InternalServerError

from cocopot import Cocopot, hookimpl
from tests.hooks.support import BLAMED

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_got_request_exception(self) -> None:
            calls.append(name)

    return Recorder()


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
    """It comes after nobody handled the exception, and before that is logged and answered."""
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
    app = app_that_raises(KeyError("wrong"), plugin=recorder(calls, "plugin"))
    app.register_error_handler(KeyError, lambda exc: "handled")
    app.test_client().get("/")
    app.test_client().get("/nowhere")
    assert calls == []


def test_order() -> None:
    """Plugins run in reverse load order, between those that asked to be first and last."""
    calls: list[str] = []
    app = app_that_raises(
        ValueError("wrong"),
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.test_client().get("/")
    assert calls == ["tryfirst", "two", "one", "trylast"]


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


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_got_request_exception(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_got_request_exception(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_that_raises(ValueError("wrong"), plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_an_exception_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The rest is skipped, and the exception that was to be reported goes on."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_got_request_exception(self) -> None:
            raise LookupError("broken")

    wrong = ValueError("wrong")
    app = app_that_raises(wrong, earlier=recorder(calls, "earlier"), broken=Broken())
    assert app.test_client().get("/").status_code == 500
    assert calls == []
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert isinstance(logged[0], LookupError)
    assert logged[1] is wrong


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str, caplog: pytest.LogCaptureFixture) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_got_request_exception(self) -> None:
            raise ValueError("broken")

    app = app_that_raises(KeyError("wrong"))
    app.plugins.register(Broken(), "broken", candidate=candidate)
    assert app.test_client().get("/").status_code == 500
    error, _ = (record.exc_info[1] for record in caplog.records if record.exc_info)
    assert error is not None
    assert error.__notes__ == [f"Raised by {who} in hook cocopot_got_request_exception."]
