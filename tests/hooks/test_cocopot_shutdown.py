"""`cocopot_shutdown`: close what `cocopot_startup` opened."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot import Cocopot, hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_shutdown(self) -> None:
            calls.append(name)

    return Recorder()


def closed(app: Cocopot) -> None:
    """Start an application and close it."""
    app.start()
    app.close()


def test_fires_once_after_a_start() -> None:
    """It fires when an application that was started is closed, in an application context, and once only."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_startup(self) -> None:
            seen.append("startup")

        @hookimpl
        def cocopot_shutdown(self, app: Any) -> None:
            seen.append((app, cocopot.has_app_context()))

    app = app_with(plugin=Plugin())
    app.close()
    assert seen == []
    app.test_client().get("/")
    app.close()
    app.close()
    assert seen == ["startup", (app, True)]


def test_started_again() -> None:
    """An application that serves again after it was closed is started and closed again."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "shutdown"))
    app.on_startup(lambda: calls.append("startup"))
    closed(app)
    app.test_client().get("/")
    app.close()
    assert calls == ["startup", "shutdown", "startup", "shutdown"]


def test_the_end_of_the_process() -> None:
    """It fires when the interpreter ends, for an application that was started."""
    program = (
        "import cocopot\n"
        "app = cocopot.Cocopot('shop', autoload=False)\n"
        "app.on_shutdown(lambda: print('shut down'))\n"
        "app.start()\n"
        "print('end')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["end", "shut down", ""]


def test_order() -> None:
    """The application's functions run first, the last registered first, then plugins in reverse."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.on_shutdown(lambda: calls.append("app 1"))
    app.on_shutdown(lambda: calls.append("app 2"))
    closed(app)
    assert calls == ["tryfirst", "app 2", "app 1", "two", "one", "trylast"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_shutdown(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_shutdown(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    closed(app)
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


@pytest.mark.parametrize("testing", [True, False])
@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_every_one_runs(
    candidate: Candidate | None, who: str, testing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors are logged by name and raised together from `close`, whether exceptions propagate or not."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_shutdown(self) -> None:
            raise ValueError("broken")

    app = app_with(plugin=recorder(calls, "plugin"))
    app.testing = testing
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ExceptionGroup, match="1 of 2 implementations of cocopot_shutdown raised") as caught:
        closed(app)
    note = f"Raised by {who} in hook cocopot_shutdown."
    assert calls == ["plugin"]
    assert caught.value.exceptions[0].__notes__ == [note]
    assert [record.getMessage() for record in caplog.records] == [f"ValueError {note}"]


def test_by_name() -> None:
    """Called by name, it gives the results."""
    app = app_with(plugin=recorder([], "plugin"))
    app.on_shutdown(lambda: "closed")
    assert app.plugins.hook.cocopot_shutdown(app=app) == ["closed"]
