"""The blueprints that an endpoint or a hook call belongs to."""

from __future__ import annotations

import pytest

from cocopot import Blueprint, Cocopot
from cocopot.scopes import blueprints_of, blueprints_of_call


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        (None, []),
        ("", []),
        ("index", []),
        ("shop.index", ["shop"]),
        ("a.b.c.index", ["a.b.c", "a.b", "a"]),
    ],
)
def test_blueprints_of(endpoint: str | None, names: list[str]) -> None:
    """An endpoint names the blueprints that it belongs to, innermost first."""
    assert blueprints_of(endpoint) == names


def test_blueprints_of_call() -> None:
    """The request decides which blueprints a hook call concerns, or else the endpoint."""
    app = Cocopot("scopes", autoload=False)
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.add_url_rule("/", "index", lambda: "index")
    app.register_blueprint(blueprint)
    request = app.test_request_context("/shop/").existing_request
    assert blueprints_of_call({"request": request, "endpoint": "other.index"}) == ["shop"]
    assert blueprints_of_call({"endpoint": "a.b.index"}) == ["a.b", "a"]
    assert blueprints_of_call({"endpoint": 1}) == blueprints_of_call({"app": app}) == []
    unmatched = app.test_request_context("/shop/none").existing_request
    assert blueprints_of_call({"request": unmatched}) == []
