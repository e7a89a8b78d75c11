"""`cocopot_teardown_request`: give back what the request took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import cocopot
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
        def cocopot_teardown_request(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_after_the_response_is_handed_over() -> None:
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
    """It gets application, request and the exception that nobody handled, or `None`."""
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
    app = app_with(plugin=recorder(calls, "teardown"))
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

    app = app_with(plugin=recorder(calls, "teardown"))
    app.add_url_rule("/stream", "stream", lambda: cocopot.stream_with_context(stream()))
    assert app.test_client().get("/stream").text == "a"
    assert calls == ["first", "last", "teardown"]


def test_order() -> None:
    """The application's functions run first, the last registered first, then plugins in reverse."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.teardown_request(lambda exc: calls.append("app 1"))
    app.teardown_request(lambda exc: calls.append("app 2"))
    app.test_client().get("/")
    assert calls == ["tryfirst", "app 2", "app 1", "two", "one", "trylast"]


def test_blueprint() -> None:
    """A blueprint's functions run for its endpoints only, the inner one's first, before the application's."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin"))
    app.teardown_request(lambda exc: calls.append("app"))
    outer, inner = Blueprint("outer", "shop", url_prefix="/o"), Blueprint("inner", "shop", url_prefix="/i")
    outer.teardown_request(lambda exc: calls.append("outer"))
    inner.teardown_request(lambda exc: calls.append("inner"))
    inner.add_url_rule("/", "index", lambda: "view")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.test_client().get("/o/i/")
    app.test_client().get("/")
    assert calls == ["inner", "outer", "app", "plugin", "app", "plugin"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_teardown_request(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_teardown_request(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_by_name() -> None:
    """Called by name, it gives the results, or raises the errors together."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin"))
    app.teardown_request(str)
    with app.test_request_context("/") as context:
        teardown = app.plugins.hook.cocopot_teardown_request
        assert teardown(app=app, request=context.request, exc=ValueError("wrong")) == ["wrong"]
        app.teardown_request_funcs[None].append(lambda exc: throw(LookupError("lost")))
        with pytest.raises(ExceptionGroup):
            teardown(app=app, request=context.request, exc=None)
        app.teardown_request_funcs[None].clear()
    assert calls == ["plugin", "plugin", "plugin"]


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_every_one_runs(candidate: Candidate | None, who: str) -> None:
    """The errors are raised together; each names its plugin, or the application's function."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_teardown_request(self) -> None:
            raise ValueError("broken")

    app = app_with(plugin=recorder(calls, "plugin"))
    app.plugins.register(Broken(), "broken", candidate=candidate)

    @app.teardown_request
    def lost(exc: BaseException | None) -> None:
        raise LookupError("lost")

    with pytest.raises(ExceptionGroup, match="2 of 3 implementations") as caught:
        app.test_client().get("/")
    function = f"'app.teardown_request: {lost.__module__}.{lost.__qualname__}'"
    assert calls == ["plugin"]
    assert [(type(error), error.__notes__) for error in caught.value.exceptions] == [
        (LookupError, [f"Raised by {function} in hook cocopot_teardown_request."]),
        (ValueError, [f"Raised by {who} in hook cocopot_teardown_request."]),
    ]


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


def test_what_is_no_exception_arrives_as_itself() -> None:
    """A `KeyboardInterrupt` is not put into a group, and the others have run."""
    calls: list[str] = []

    class Interrupted:
        @hookimpl
        def cocopot_teardown_request(self) -> None:
            raise KeyboardInterrupt

    app = app_with(plugin=recorder(calls, "plugin"), interrupted=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        app.test_client().get("/")
    assert calls == ["plugin"]
