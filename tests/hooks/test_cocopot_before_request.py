"""`cocopot_before_request`: act before the view, or answer in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import NotFound

from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

HOOK = "cocopot_before_request"


def test_fires_between_preprocessor_and_view() -> None:
    """It comes after the URL value preprocessors and before the view."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append("preprocessor")

        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("before")

        @hookimpl
        def cocopot_dispatch_request(self) -> None:
            calls.append("dispatch")

    assert app_with(plugin=Plugin()).test_client().get("/").text == "view"
    assert calls == ["preprocessor", "before", "dispatch"]


def test_arguments() -> None:
    """It gets the application and the request, also when no route matched."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_before_request(self, app: Any, request: Any) -> None:
            seen.extend([app, request.path, type(request.routing_exception)])

    app = app_with(plugin=Plugin())
    app.test_client().get("/nowhere")
    assert seen == [app, "/nowhere", NotFound]


@pytest.mark.parametrize("value", ["", {"a": 1}, ("no", 403)], ids=["empty", "dict", "tuple"])
def test_the_first_result_is_the_response(value: Any) -> None:
    """A value stops the rest and the view; the after-request hooks run."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_before_request(self) -> Any:
            return value

        @hookimpl
        def cocopot_after_request(self, response: Any) -> None:
            calls.append(response.get_data(as_text=True))

    app = app_with(plugin=Plugin(), later=recorder(calls, "later", HOOK))
    app.before_request(lambda: calls.append("app"))
    text = app.test_client().get("/").text
    assert text != "view"
    assert calls == [text]


def test_a_wrapper_may_answer() -> None:
    """What a wrapper returns takes the place of the result."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_before_request(self) -> Generator[None, Any, Any]:
            result = yield
            return result or "wrapper"

    app = app_with(wrapper=Wrapper())
    assert app.test_client().get("/").text == "wrapper"
    app.before_request_funcs[None].append(lambda: "function")
    assert app.test_client().get("/").text == "function"


def test_an_exception_stops_the_rest() -> None:
    """The view is not called, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_before_request(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken(), later=recorder(calls, "later", HOOK))
    app.register_error_handler(LookupError, lambda exc: "handled")
    assert app.test_client().get("/").text == "handled"
    assert calls == []
