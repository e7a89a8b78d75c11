"""`cocopot_teardown_app_context`: give back what the application context took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_teardown_app_context(self) -> None:
            calls.append(name)

    return Recorder()


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
    assert calls == ["app context", "request", "app context"]


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


def test_an_inner_context_leaves_it_to_the_outer_one() -> None:
    """A request inside an application context shares that, which is torn down once, at its own end."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "teardown"))
    app.start()
    calls.clear()
    with app.app_context():
        app.test_client().get("/")
        calls.append("in the block")
    assert calls == ["in the block", "teardown"]


def test_order() -> None:
    """The application's functions run first, the last registered first, then plugins in reverse."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.teardown_appcontext(lambda exc: calls.append("app 1"))
    app.teardown_appcontext(lambda exc: calls.append("app 2"))
    app.app_context().__enter__().pop()
    assert calls == ["tryfirst", "app 2", "app 1", "two", "one", "trylast"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_teardown_app_context(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_teardown_app_context(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.app_context().__enter__().pop()
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_by_name() -> None:
    """Called by name, it gives the results, or raises the errors together."""
    app = app_with(plugin=recorder([], "plugin"))
    app.teardown_appcontext(str)
    teardown = app.plugins.hook.cocopot_teardown_app_context
    assert teardown(app=app, exc=ValueError("wrong")) == ["wrong"]
    app.teardown_appcontext(lambda exc: 1 / 0)
    with pytest.raises(ExceptionGroup, match="1 of 3 implementations"):
        teardown(app=app, exc=None)


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_every_one_runs(candidate: Candidate | None, who: str) -> None:
    """The errors are raised together; each names its plugin, or the application's function."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            raise ValueError("broken")

    app = app_with(plugin=recorder(calls, "plugin"))
    app.plugins.register(Broken(), "broken", candidate=candidate)

    @app.teardown_appcontext
    def lost(exc: BaseException | None) -> None:
        raise LookupError("lost")

    with pytest.raises(ExceptionGroup, match="2 of 3 implementations") as caught:
        app.app_context().__enter__().pop()
    function = f"'app.teardown_appcontext: {lost.__module__}.{lost.__qualname__}'"
    assert calls == ["plugin"]
    assert [(type(error), error.__notes__) for error in caught.value.exceptions] == [
        (LookupError, [f"Raised by {function} in hook cocopot_teardown_app_context."]),
        (ValueError, [f"Raised by {who} in hook cocopot_teardown_app_context."]),
    ]


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


def test_what_is_no_exception_arrives_as_itself() -> None:
    """A `KeyboardInterrupt` is not put into a group, and the others have run."""
    calls: list[str] = []

    class Interrupted:
        @hookimpl
        def cocopot_teardown_app_context(self) -> None:
            raise KeyboardInterrupt

    app = app_with(plugin=recorder(calls, "plugin"), interrupted=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        app.app_context().__enter__().pop()
    assert calls == ["plugin"]
