from __future__ import annotations

from cocopot import Blueprint, Cocopot
from cocopot.hooks.call_scopes import blueprints_of_call


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
    with app.test_request_context("/shop/"):  # it is what a call without both concerns
        assert blueprints_of_call({"app": app}) == ["shop"]
        assert blueprints_of_call({"request": unmatched}) == []
