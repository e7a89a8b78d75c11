"""`cocopot_shutdown`: close what `cocopot_startup` opened."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import cocopot
from cocopot import Cocopot, hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_shutdown"


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
    app = app_with(plugin=recorder(calls, "shutdown", HOOK))
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


@pytest.mark.parametrize("testing", [True, False])
def test_errors(testing: bool, caplog: pytest.LogCaptureFixture) -> None:
    """They are logged by name and raised together from `close`, whether exceptions propagate or not."""

    class Broken:
        @hookimpl
        def cocopot_shutdown(self) -> None:
            raise ValueError("broken")

    app = app_with(plugin=recorder([], "plugin", HOOK), broken=Broken())
    app.testing = testing
    with pytest.raises(ExceptionGroup, match="1 of 2 implementations of cocopot_shutdown raised") as caught:
        closed(app)
    note = "Raised by plugin 'broken' in hook cocopot_shutdown."
    assert caught.value.exceptions[0].__notes__ == [note]
    assert [record.getMessage() for record in caplog.records] == [f"ValueError {note}"]
