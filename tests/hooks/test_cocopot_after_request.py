"""`cocopot_after_request`: change or replace the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cocopot
from cocopot import Response, hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

HOOK = "cocopot_after_request"


def test_fires_after_make_response_and_before_teardown() -> None:
    """It comes after the functions of `after_this_request`, and before the teardown."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_make_response(self) -> None:
            calls.append("make")

        @hookimpl
        def cocopot_after_request(self) -> None:
            calls.append("after")

        @hookimpl
        def cocopot_teardown_request(self) -> None:
            calls.append("teardown")

    app = app_with(plugin=Plugin())

    @app.before_request
    def collect() -> None:
        cocopot.after_this_request(lambda response: calls.append("this"))

    app.test_client().get("/")
    assert calls == ["make", "this", "after", "teardown"]


def test_arguments() -> None:
    """It gets application, request and response, also for responses of error handlers and before-request."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_after_request(self, app: Any, request: Any, response: Any) -> None:
            seen.append((app.name, request.path, response.status_code))

    app = app_with(plugin=Plugin())
    app.before_request(lambda: ("", 202) if cocopot.request.path == "/before" else None)
    for path in ("/", "/before", "/nowhere"):
        app.test_client().get(path)
    assert seen == [("shop", "/", 200), ("shop", "/before", 202), ("shop", "/nowhere", 404)]


def test_threaded() -> None:
    """Each implementation gets what the one before returned; `None` means unchanged."""

    def adder(letter: str) -> object:
        class Adder:
            @hookimpl
            def cocopot_after_request(self, response: Any) -> Response:
                return Response(response.get_data(as_text=True) + letter)

        return Adder()

    app = app_with(a=adder("a"), nothing=recorder([], "nothing", HOOK), b=adder("b"))
    app.after_request(lambda response: Response(response.get_data(as_text=True) + "-"))
    assert app.test_client().get("/").text == "view-ba"


def test_the_response_changes_in_place() -> None:
    """A header that is set on the response is sent."""

    class Plugin:
        @hookimpl
        def cocopot_after_request(self, response: Any) -> None:
            response.headers["X-Plugin"] = "yes"

    assert app_with(plugin=Plugin()).test_client().get("/").headers["X-Plugin"] == "yes"


def test_a_wrapper_may_replace_the_response() -> None:
    """The return value of a wrapper is sent; for one that returns nothing, the error states what to do."""

    class Wrapper:
        forgets = False

        @hookimpl(wrapper=True)
        def cocopot_after_request(self) -> Generator[None, Any, Any]:
            response = yield
            return None if self.forgets else Response(response.get_data(as_text=True).upper())

    wrapper = Wrapper()
    app = app_with(wrapper=wrapper)
    assert app.test_client().get("/").text == "VIEW"
    wrapper.forgets = True
    with pytest.raises(TypeError, match="must return"):
        app.test_client().get("/")


def test_something_else() -> None:
    """A result that is not a response is an error that names the implementation."""

    class Plugin:
        @hookimpl
        def cocopot_after_request(self) -> str:
            return "text"

    with pytest.raises(TypeError, match="'plugin' returned a 'str' from cocopot_after_request"):
        app_with(plugin=Plugin()).test_client().get("/")
    app = app_with()
    app.after_request(lambda response: "text")
    with pytest.raises(TypeError, match=r"'app.after_request: .*' returned a 'str'"):
        app.test_client().get("/")


def test_an_exception_becomes_a_500() -> None:
    """The rest is skipped, and the response of the 500 goes through the hook once more."""
    calls: list[int] = []

    class Broken:
        @hookimpl
        def cocopot_after_request(self, response: Any) -> None:
            calls.append(response.status_code)
            if response.status_code == 200:
                raise LookupError("broken")

    app = app_with(later=recorder([], "later", HOOK), broken=Broken())
    app.testing = False
    app.register_error_handler(LookupError, lambda exc: "not asked")
    assert app.test_client().get("/").status_code == 500
    assert calls == [200, 500]


def test_an_exception_for_the_500_itself(caplog: pytest.LogCaptureFixture) -> None:
    """An implementation that always raises is logged, and the 500 is sent as it is."""

    class Broken:
        @hookimpl
        def cocopot_after_request(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken())
    app.testing = False
    assert app.test_client().get("/").status_code == 500
    assert [record.getMessage() for record in caplog.records] == [
        "Exception on / [GET]",
        "Request finalizing failed with an error while handling an error",
    ]
