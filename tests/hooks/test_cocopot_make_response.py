"""`cocopot_make_response`: turn what a view returned into a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot import Response, hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

HOOK = "cocopot_make_response"


def test_fires_between_view_and_after_request() -> None:
    """It comes after the view, and its response goes to the after-request hooks."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_dispatch_request(self) -> None:
            calls.append("dispatch")

        @hookimpl
        def cocopot_make_response(self, value: Any) -> Response:
            calls.append(value)
            return Response("made")

        @hookimpl
        def cocopot_after_request(self, response: Any) -> None:
            calls.append(response.get_data(as_text=True))

    app_with(plugin=Plugin()).test_client().get("/")
    assert calls == ["dispatch", "view", "made"]


def test_values() -> None:
    """It gets the values of views, before-request functions and error handlers."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_make_response(self, app: Any, request: Any, value: Any) -> None:
            seen.append((app.name, request.path, value))

    app = app_with(plugin=Plugin())
    app.before_request(lambda: "before" if cocopot.request.path == "/before" else None)
    app.register_error_handler(404, lambda exc: ("lost", 404))
    for path in ("/", "/before", "/nowhere"):
        app.test_client().get(path)
    assert seen == [("shop", "/", "view"), ("shop", "/before", "before"), ("shop", "/nowhere", ("lost", 404))]


def test_a_type_of_ones_own() -> None:
    """A plugin makes a response of a value that the built-in implementation does not know."""

    class Plugin:
        @hookimpl
        def cocopot_make_response(self, value: Any) -> Response | None:
            return Response(f"set of {len(value)}") if isinstance(value, frozenset) else None

    app = app_with(plugin=Plugin())
    app.add_url_rule("/set", "set", lambda: frozenset({1, 2}))  # type: ignore[arg-type,return-value]
    assert app.test_client().get("/set").text == "set of 2"
    assert app.test_client().get("/").text == "view"


def test_the_first_result_stops_the_rest() -> None:
    """The plugin that was loaded last is asked first, and the others are not asked when it has an answer."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_make_response(self) -> Response:
            return Response("plugin", 201)

    app = app_with(
        earlier=recorder(calls, "earlier", HOOK), plugin=Plugin(), later=recorder(calls, "later", HOOK)
    )
    assert app.test_client().get("/").status_code == 201
    assert calls == ["later"]


def test_a_wrapper_may_change_the_response() -> None:
    """A wrapper gets the response that was made."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_make_response(self) -> Generator[None, Response, Response]:
            response = yield
            response.headers["X-Made"] = "yes"
            return response

    assert app_with(wrapper=Wrapper()).test_client().get("/").headers["X-Made"] == "yes"


def test_something_else() -> None:
    """A result that is not a response is an error that names type and endpoint."""

    class Plugin:
        @hookimpl
        def cocopot_make_response(self) -> str:
            return "text"

    with pytest.raises(TypeError, match="returned 'text' for a 'str' from the endpoint 'index'"):
        app_with(plugin=Plugin()).test_client().get("/")


def test_by_name() -> None:
    """Called by name, it returns a response for whatever a view may return."""
    app = app_with()
    with app.test_request_context("/") as context:
        response = app.plugins.hook.cocopot_make_response(app=app, request=context.request, value=("a", 202))
    assert (response.status_code, response.get_data()) == (202, b"a")


def test_an_exception_becomes_a_500() -> None:
    """An exception of the hook is not one of the view: it becomes a 500."""

    class Broken:
        @hookimpl
        def cocopot_make_response(self, value: Any) -> None:
            if value == "view":
                raise LookupError("broken")

    app = app_with(broken=Broken())
    app.testing = False
    app.register_error_handler(LookupError, lambda exc: "not asked")
    assert app.test_client().get("/").status_code == 500
