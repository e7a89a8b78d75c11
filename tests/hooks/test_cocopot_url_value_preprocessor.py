"""`cocopot_url_value_preprocessor`: the values that the URL gave, before a view gets them."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_url_value_preprocessor"


def test_fires_between_start_and_before_request() -> None:
    """It comes after the start of the request, and before the before-request hooks."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_request_started(self) -> None:
            calls.append("started")

        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            calls.append("preprocessor")

        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("before")

    app_with(plugin=Plugin()).test_client().get("/")
    assert calls == ["started", "preprocessor", "before"]


@pytest.mark.parametrize(
    ("path", "endpoint", "values"), [("/x", "hello", {"name": "x"}), ("/x/y", None, None)]
)
def test_arguments(path: str, endpoint: str | None, values: dict[str, str] | None) -> None:
    """It gets application, request, endpoint and values; the last two are `None` when nothing matched."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(
            self, app: Any, request: Any, endpoint: Any, view_args: Any
        ) -> None:
            seen.extend([app, request.path, endpoint, view_args])

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda name: name)
    app.test_client().get(path)
    assert seen == [app, path, endpoint, values]


def test_values_change_in_place() -> None:
    """A value that is popped does not reach the view; one that is put there does; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_url_value_preprocessor(self, view_args: Any) -> str:
            view_args["shout"] = view_args.pop("name").upper()
            return "ignored"

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda shout: shout)
    assert app.test_client().get("/ada").text == "ADA"


def test_an_exception_stops_the_rest() -> None:
    """The view is not called, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_url_value_preprocessor(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken(), later=recorder(calls, "later", HOOK))
    app.register_error_handler(LookupError, lambda exc: "handled")
    assert app.test_client().get("/").text == "handled"
    assert calls == []
