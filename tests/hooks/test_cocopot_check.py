"""`cocopot_check`: what plugins report in `cocopot check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from cocopot import Cocopot, current_app, hookimpl
from cocopot.cli import Finding, main
from tests.cli.support import Ready
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def reporting(function: Callable[[Cocopot], Any]) -> object:
    """Return a plugin that returns what a function returns."""

    class Plugin:
        @hookimpl
        def cocopot_check(self, app: Cocopot) -> Any:
            return function(app)

    return Plugin()


def findings(app: Cocopot) -> list[dict[str, Any]]:
    """Return the findings of `cocopot check` about plugins."""
    document = json.loads(CliRunner().invoke(main, ["check", "--json"], obj=Ready(app)).stdout)
    return [finding for finding in document["findings"] if finding["kind"] == "plugin"]


def test_findings_are_those_of_the_plugin() -> None:
    """A finding has the plugin that returned it, unless it names another one, and no secret."""
    one = Finding("error", "plugin", "postgres://ada:hidden@db is wrong.", "Correct it.", place="a.py:1")
    app = app_with(one=reporting(lambda _: [one]), two=reporting(lambda _: (one,)[:0]))
    (found,) = findings(app)
    assert (found["plugin"], found["severity"], found["place"]) == ("one", "error", "a.py:1")
    assert "hidden" not in found["problem"]
    other = Finding("warning", "plugin", "It is slow.", plugin="other")
    assert [f["plugin"] for f in findings(app_with(one=reporting(lambda _: [other])))] == ["other"]


def test_fires_in_the_started_application() -> None:
    """It fires in an application context, once the application has been started, and not in requests."""
    seen: list[Any] = []
    app = app_with(one=reporting(lambda app: seen.append((app.started, current_app.name))))
    app.test_client().get("/")
    assert seen == []
    findings(app)
    assert seen == [(True, app.name)]


def test_not_after_a_failed_start() -> None:
    """An application that cannot be started is not asked."""
    app = app_with(one=reporting(lambda _: [Finding("error", "plugin", "asked")]))
    app.on_startup(lambda: 1 / 0)
    assert findings(app) == []


def test_an_exception() -> None:
    """It is a finding that names the plugin, and the rest of the check goes on."""
    (found,) = findings(app_with(broken=reporting(lambda _: 1 / 0)))
    assert (found["plugin"], found["severity"]) == ("broken", "error")
    assert found["problem"].startswith("ZeroDivisionError: division by zero")


def test_a_wrong_finding() -> None:
    """What is not a finding is blamed on the plugin that returned it."""
    (found,) = findings(app_with(wrong=reporting(lambda _: ["It is slow."])))
    assert "Plugin 'wrong' returned" in found["problem"]
    assert "they are cocopot.cli.Finding." in found["problem"]


def test_a_wrapper_may_change_findings() -> None:
    """What a wrapper returns is taken in place of the results."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_check(self) -> Generator[None, Any, Any]:
            results = yield
            return [[Finding("warning", "plugin", f"{len(results)} results")]]

    app = app_with(wrapper=Wrapper(), one=reporting(lambda _: [Finding("error", "plugin", "slow")]))
    assert [found["problem"] for found in findings(app)] == ["1 results"]
