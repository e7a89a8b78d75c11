from __future__ import annotations

from typing import Any

from cocopot_devtools.plans.differences import compare
from cocopot_devtools.plans.planning import Plan
from cocopot_devtools.plans.problems import find_problems
from cocopot_devtools.plans.texts import plan_lines


def snapshot(**changes: Any) -> dict[str, Any]:
    """Return the snapshot of an application without plugins."""
    return {
        "application": "shop",
        "application_error": None,
        "plugins": [],
        "hooks": [],
        "routes": [],
        **changes,
    }


def route(**options: Any) -> dict[str, Any]:
    return {
        "rule": "/",
        "methods": ["GET", "HEAD"],
        "endpoint": "index",
        "added_by": "application",
        "options": options,
    }


LIMIT = {"name": "limit", "default": None, "plugin": "limiter"}


def test_a_new_route_option() -> None:
    """It is listed by itself, and changes no route that does not set it."""
    differences = compare(
        snapshot(routes=[route()]), snapshot(routes=[route(limit=None)], route_options=[LIMIT])
    )
    assert differences.tables["route_options"]["added"] == [LIMIT]
    assert not any(differences.tables["routes"].values())
    assert not differences.is_empty()


def test_a_route_with_another_option() -> None:
    """It is changed, and the text has the option."""
    old = snapshot(routes=[route(limit=None)], route_options=[LIMIT])
    new = snapshot(routes=[route(limit="5/min")], route_options=[LIMIT])
    lines = list(plan_lines(Plan("shop", [], [], compare(old, new), [])))
    assert "  ~ GET / index (application) -> GET / index limit='5/min' (application)" in lines


def test_an_application_that_fails_afterwards() -> None:
    """Its routes are not listed as removed; that it fails is the problem."""
    new = snapshot(application=None, application_error="ValueError: no")
    del new["routes"]
    old = snapshot(routes=[route()])
    differences = compare(old, new)
    assert (list(differences.tables), differences.load_order, differences.hooks) == (["plugins"], None, None)
    (problem,) = find_problems(old, new, differences)
    assert problem.message == "The application could not be loaded: ValueError: no"
