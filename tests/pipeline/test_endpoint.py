from __future__ import annotations

import functools
from typing import Any

import pytest

from cocopot import Blueprint, Cocopot, Response, hookimpl
from cocopot.pipeline import fastpath, lifecycle
from tests.calls import count_calls


@pytest.fixture
def app() -> Any:
    """An application with its own route and one in a blueprint."""
    app = Cocopot(__name__, autoload=False)
    app.add_url_rule("/", "index", lambda: "index")
    blueprint = Blueprint("bp", __name__)
    blueprint.add_url_rule("/bp", "view", lambda: "view")
    blueprint.before_request(lambda: None)
    app.register_blueprint(blueprint)
    return app


def test_a_hook_without_implementations_costs_nothing(app: Cocopot) -> None:
    """The slot of a hook without implementations is `None`, and so is that of a teardown without any."""
    pipeline = app.pipeline_for("index")
    assert pipeline.before_request_hook is None
    assert pipeline.after_request_hook is None
    assert pipeline.teardown_request_hook is None
    assert pipeline.tear_down is None


def test_steps_are_the_functions_of_the_lifecycle_unless_overridden(app: Cocopot) -> None:
    """A step runs without a call of its method; an override runs, and ends the fast path."""
    pipeline = app.pipeline_for("index")
    assert pipeline.handle_user_exception is lifecycle.handle_user_exception
    assert pipeline.serve is fastpath.serve
    app.make_response = app.make_response  # type: ignore[method-assign]  # the default itself
    assert app.pipeline_for("index").serve is fastpath.serve
    app.make_response = lambda rv: Response(str(rv))  # type: ignore[method-assign]
    assert app.pipeline_for("index").serve is lifecycle.serve
    del app.make_response
    assert app.pipeline_for("index").serve is fastpath.serve


def test_teardown_overrides_count_as_teardown(app: Cocopot) -> None:
    """An override of a teardown step runs although there is no teardown hook."""
    ended = []
    app.do_teardown_request = lambda exc=None: ended.append(exc)  # type: ignore[method-assign]
    assert app.test_client().get("/").text == "index"
    assert ended == [None]


def test_a_blueprints_functions_are_compiled_for_its_endpoints(app: Cocopot) -> None:
    """They are in the calls of the blueprint's endpoints, and in no others."""
    assert app.pipeline_for("bp.view").before_request_hook is not None
    assert app.pipeline_for("index").before_request_hook is None
    assert app.pipeline_for(None).before_request_hook is None


def test_calls_are_made_once_until_something_is_registered(app: Cocopot) -> None:
    """The same calls serve all requests of an endpoint; registering throws them away."""

    class Plugin:
        @hookimpl
        def cocopot_before_request(self) -> None: ...

    before = app.pipeline_for("index")
    hook = app.plugins.compiled_hook("cocopot_before_request")
    assert app.pipeline_for("index") is before
    app.plugins.register(Plugin())
    assert app.pipeline_for("index") is not before
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


def test_the_endpoints_of_a_blueprint_share_what_is_compiled(app: Cocopot) -> None:
    """Hooks depend on the blueprint: those of its second endpoint are not compiled again."""
    nested = Blueprint("nested", __name__)
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    for blueprint in (nested, outer):
        for name in ("first", "second"):
            blueprint.add_url_rule(f"/{name}", name, lambda: "text")
    outer.register_blueprint(nested, url_prefix="/nested")
    app.register_blueprint(outer)
    app.add_url_rule("/other", "other", lambda: "other")
    of_outer, of_nested = app.pipeline_for("outer.first"), app.pipeline_for("outer.nested.first")
    assert app.pipeline_for("index") is app.pipeline_for("other") is app.pipeline_for(None)
    assert app.pipeline_for("outer.second") is of_outer
    assert app.pipeline_for("outer.nested.second") is of_nested
    assert (
        len({id(app.pipeline_for("index")), id(app.pipeline_for("bp.view")), id(of_outer), id(of_nested)})
        == 4
    )


def test_the_coroutine_function_of_a_second_endpoint() -> None:
    """Each view that is a coroutine function is run, although the calls were compiled for another one."""

    async def late() -> str:
        return "late"

    app = Cocopot("late", autoload=False)
    app.add_url_rule("/early", "early", lambda: "early")
    app.add_url_rule("/late", "late")
    app.view_functions["late"] = late
    client = app.test_client()
    assert [client.get(path).text for path in ("/early", "/late", "/late")] == ["early", "late", "late"]
    app.close()


def test_the_functions_of_other_blueprints_are_not_searched() -> None:
    """The first request of a blueprint takes as many steps among 300 blueprints as among 10."""
    counts = []
    for number in (10, 300):
        app = Cocopot("shop", autoload=False)
        for index in range(number):
            blueprint = Blueprint(f"b{index}", __name__, url_prefix=f"/b{index}")
            blueprint.before_request(lambda: None)
            blueprint.add_url_rule("/", "index", lambda: "x")
            app.register_blueprint(blueprint)
        client = app.test_client()
        client.get("/b0/")
        counts.append(count_calls(functools.partial(client.get, "/b7/")))
    assert counts[1] - counts[0] < 100
