"""`cocopot_request_started`: the first thing in a request."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound

import cocopot
from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_request_started"


def test_fires_first() -> None:
    """It comes before every other hook of the request, with the URL already matched."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_request_started(self, request: Any) -> None:
            calls.append(("started", request.url_rule.rule, request.view_args))

        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append("preprocessor")

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda name: name)
    app.test_client().get("/ada")
    assert calls == [("started", "/<name>", {"name": "ada"}), "preprocessor"]


def test_arguments() -> None:
    """It gets the application and the request, also when no URL matched."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_request_started(self, app: Any, request: Any) -> None:
            seen.extend([app, request.path, request.url_rule, type(request.routing_exception)])

    app = app_with(plugin=Plugin())
    assert app.test_client().get("/nowhere").status_code == 404
    assert seen == [app, "/nowhere", None, NotFound]


def test_a_result_is_ignored() -> None:
    """What it returns is not the response; called by name, it gives the results in order."""

    class Plugin:
        @hookimpl
        def cocopot_request_started(self) -> str:
            return "not the response"

    app = app_with(one=Plugin(), nothing=recorder([], "nothing", HOOK), two=Plugin())
    assert app.test_client().get("/").text == "view"
    with app.test_request_context("/") as context:
        results = app.plugins.hook.cocopot_request_started(app=app, request=context.request)
    assert results == ["not the response", "not the response"]


def test_the_request_may_get_attributes() -> None:
    """An attribute that is put on the request is there in the view."""

    class Plugin:
        @hookimpl
        def cocopot_request_started(self, request: Any) -> None:
            request.number = 7

    app = app_with(plugin=Plugin())
    app.add_url_rule("/number", "number", lambda: str(cocopot.request.number))  # type: ignore[attr-defined]
    assert app.test_client().get("/number").text == "7"


def test_an_exception_is_handled_as_one_of_the_view() -> None:
    """The rest of the hook does not run, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_request_started(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken(), later=recorder(calls, "later", HOOK))
    app.register_error_handler(LookupError, lambda exc: (str(exc.args[0]), 503))
    response = app.test_client().get("/")
    assert (response.status_code, response.text, calls) == (503, "broken", [])
