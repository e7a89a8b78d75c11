from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.plans.differences import compare
from cocopot_devtools.plans.problems import find_problems
from cocopot_devtools.plans.snapshot import take_snapshot

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

DEMO = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_setup(app):
        app.add_route_option("demo_level", int, 0)
        app.add_url_rule("/demo", "demo", lambda: "demo", methods=["PUT"], demo_level=2)
        app.add_request_property("demo", lambda request: None)

    @hookimpl
    def cocopot_startup(app):
        raise ValueError("not started")
    """


@pytest.fixture
def take(application: Path) -> Iterator[Any]:
    """Takes snapshots of the application in this process."""

    def take(*, start: bool = False) -> dict[str, Any]:
        sys.modules.pop("app", None)
        return take_snapshot([], start=start)

    path = list(sys.path)
    yield take
    sys.modules.pop("app", None)
    sys.path[:] = path


def test_a_snapshot(take: Any) -> None:
    """It has what the commands list, and what none of them does; the application is not started."""
    with installed_plugin("demo", DEMO):
        found = take()
    assert found["application"] == "app"
    assert {"/", "/demo"} <= {route["rule"] for route in found["routes"]}
    assert found["request_properties"] == {"demo": "demo"}
    assert found["route_options"] == [{"name": "demo_level", "default": 0, "plugin": "demo"}]
    assert (found["check"], found["conflicts"], found["deprecations"]) == (None, [], [])


def test_a_conflict(take: Any) -> None:
    """A snapshot has both sides of it, each as an object with its place."""
    twin = DEMO.replace("demo", "twin").replace("/twin", "/demo")
    with installed_plugin("demo", DEMO), installed_plugin("twin", twin):
        (conflict,) = take()["conflicts"]
    sides = [conflict["winner"], *conflict["losers"]]
    assert (conflict["kind"], conflict["key"]) == ("rule", "PUT /demo")
    assert [side["plugin"] for side in sides] == ["demo", "twin"]
    assert [sorted(side["place"]) for side in sides] == [["file", "line"]] * 2


def test_equal_snapshots(take: Any) -> None:
    """Without a change there is no difference."""
    differences = compare(take(), take())
    assert differences.is_empty()


def test_an_application_that_is_started(take: Any) -> None:
    """What is found when it is started, and not before a change, is a problem."""
    old = take(start=True)
    with installed_plugin("demo", DEMO):
        new = take(start=True)
    differences = compare(old, new)
    (problem,) = find_problems(old, new, differences)
    assert (problem.severity, problem.kind) == ("error", "check")
    assert problem.message.startswith("ValueError: not started")
    (route,) = differences.tables["routes"]["added"]
    assert (route["methods"], route["options"]) == (["OPTIONS", "PUT"], {"demo_level": 2})
    assert differences.tables["routes"]["changed"] == []


def test_without_an_application(take: Any, application: Path) -> None:
    """The plugins are described all the same, beside the reason."""
    application.unlink()
    found = take()
    assert found["missing"].startswith("There is no application.")
    assert "cors" in {plugin["name"] for plugin in found["plugins"]}


LISTING = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_inventory(app):
        return {"Migrations": ["one", "two"]}
    """


def test_what_plugins_list(take: Any) -> None:
    """What an installation would add to it is part of the plan, below the heading of the plugin."""
    before = take()
    with installed_plugin("demo", LISTING):
        after = take()
    added = compare(before, after).tables["inventory"]["added"]
    assert added == [{"heading": "Migrations", "entry": "one"}, {"heading": "Migrations", "entry": "two"}]


def test_a_plugin_that_cannot_list(take: Any) -> None:
    """It is an error with its name, and the rest of the snapshot is taken."""
    before = take()
    with installed_plugin(
        "demo", LISTING.replace('return {"Migrations": ["one", "two"]}', "raise ValueError")
    ):
        after = take()
    problems = [p.message for p in find_problems(before, after, compare(before, after)) if p.kind == "plugin"]
    assert len(problems) == 1
    assert "could not list what it has: ValueError" in problems[0]
    assert "plugin 'demo' (cocopot-demo 1.0.0) in hook cocopot_inventory" in problems[0]
