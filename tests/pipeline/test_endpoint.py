from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Blueprint, Cocopot, hookimpl
from cocopot.pipeline.endpoint import Calls, calls_for

if TYPE_CHECKING:
    from cocopot.types import Application


@pytest.fixture
def app() -> Any:
    """An application with a route of its own and one in a blueprint."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", lambda: "index")
    blueprint = Blueprint("bp", __name__)
    blueprint.add_url_rule("/bp", "view", lambda: "view")
    blueprint.before_request(lambda: None)
    app.register_blueprint(blueprint)
    return app


def test_nobody_costs_nothing(app: Application) -> None:
    """A hook that nobody implements, and a step that nobody overrides, is `None`."""
    calls = Calls(app, "index")
    assert calls.before_request is None
    assert calls.after_request is None
    assert calls.teardown_request is None
    assert calls.process is None
    assert not calls.teardown_is_overridden


def test_a_blueprints_functions_are_compiled_for_its_endpoints(app: Application) -> None:
    """They are in the calls of the blueprint's endpoints, and in no others."""
    assert calls_for(app, "bp.view").before_request is not None
    assert calls_for(app, "index").before_request is None
    assert calls_for(app, None).before_request is None


def test_calls_are_made_once_until_something_is_registered(app: Application) -> None:
    """The same calls serve all requests of an endpoint; registering throws them away."""

    class Plugin:
        @hookimpl
        def cocopot_before_request(self) -> None: ...

    before = calls_for(app, "index")
    hook = app.plugins.compiled_hook("cocopot_before_request")
    assert calls_for(app, "index") is before
    app.plugins.register(Plugin())
    assert calls_for(app, "index") is not before
    assert hook is None
    assert app.plugins.compiled_hook("cocopot_before_request") is not None


def test_an_override_that_copies_the_default_one_is_seen(app: Cocopot) -> None:
    """`functools.wraps` copies all that is marked on a function, and the override counts all the same."""
    original, seen = app.process_response, []

    @functools.wraps(original)
    def traced(response: Any) -> Any:
        seen.append(response.status)
        return original(response)

    app.process_response = traced  # type: ignore[method-assign]
    assert app.test_client().get("/").text == "index"
    assert seen == ["200 OK"]
