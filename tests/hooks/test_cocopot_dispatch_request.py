"""`cocopot_dispatch_request`: call the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

HOOK = "cocopot_dispatch_request"


def test_fires_between_before_request_and_make_response() -> None:
    """It comes after the before-request hooks, and its result goes to the make-response hooks."""
    calls: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_before_request(self) -> None:
            calls.append("before")

        @hookimpl
        def cocopot_dispatch_request(self) -> str:
            calls.append("dispatch")
            return "plugin"

        @hookimpl
        def cocopot_make_response(self, value: Any) -> None:
            calls.append(value)

    app_with(plugin=Plugin()).test_client().get("/")
    assert calls == ["before", "dispatch", "plugin"]


def test_not_after_an_answer() -> None:
    """It does not fire when a before-request hook answered."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "plugin", HOOK))
    app.before_request(lambda: "answer")
    assert app.test_client().get("/").text == "answer"
    assert calls == []


def test_arguments() -> None:
    """It gets the application and the request, with the values for the view."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_dispatch_request(self, app: Any, request: Any) -> None:
            seen.extend([app, request.endpoint, request.view_args])

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<name>", "hello", lambda name: name)
    assert app.test_client().get("/ada").text == "ada"
    assert seen == [app, "hello", {"name": "ada"}]


@pytest.mark.parametrize("value", ["", "plugin"])
def test_the_first_result_stops_the_rest(value: str) -> None:
    """A plugin that returns a value answers in place of the view, even an empty one."""
    calls: list[str] = []

    class Plugin:
        @hookimpl
        def cocopot_dispatch_request(self) -> str:
            return value

    app = app_with(plugin=Plugin(), later=recorder(calls, "later", HOOK))
    assert app.test_client().get("/").text == value
    assert calls == []


def test_the_built_in_implementation_is_last() -> None:
    """Without a plugin's answer it calls the view, raises what routing found wrong, or answers OPTIONS."""
    calls: list[str] = []
    app = app_with(late=recorder(calls, "late", HOOK, trylast=True))
    client = app.test_client()
    assert client.get("/").text == "view"
    assert client.get("/nowhere").status_code == 404
    assert client.options("/").allow.as_set() == {"get", "head", "options"}
    assert calls == ["late"] * 3


def test_a_wrapper_may_replace_the_value() -> None:
    """A wrapper gets what the view returned, and what it returns goes on."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
            value = yield
            return f"<{value}>"

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_dispatch_request(self) -> Generator[None, pluggy.Result[Any], None]:
            outcome = yield
            outcome.force_result(f"[{outcome.get_result()}]")

    assert app_with(new=Wrapper(), old=Old()).test_client().get("/").text == "<[view]>"


def test_nothing_at_all() -> None:
    """For a wrapper that returns nothing, the error names the endpoint and what to do."""

    class Forgetful:
        @hookimpl(wrapper=True)
        def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
            yield

    with pytest.raises(TypeError, match=r"'index'.*must return what it wraps returned"):
        app_with(plugin=Forgetful()).test_client().get("/")


def test_by_name() -> None:
    """Called by name, it returns what the view returned."""
    app = app_with()
    app.add_url_rule("/dict", "dict", lambda: {"a": 1})
    with app.test_request_context("/dict") as context:
        assert app.plugins.hook.cocopot_dispatch_request(app=app, request=context.request) == {"a": 1}


def test_an_exception_goes_to_the_handlers() -> None:
    """A wrapper sees the view's exception first, then the error handlers get it."""
    calls: list[str] = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
            try:
                return (yield)
            except LookupError as exc:
                calls.append(f"rolled back {exc}")
                raise

    def view() -> str:
        raise LookupError("lost")

    app = app_with(wrapper=Wrapper())
    app.add_url_rule("/lost", "lost", view)
    app.register_error_handler(LookupError, lambda exc: f"handled {exc}")
    assert app.test_client().get("/lost").text == "handled lost"
    assert calls == ["rolled back lost"]


def test_the_view_is_not_the_plugins_fault() -> None:
    """An exception of the view that passes through a plugin's wrapper carries no note."""

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_dispatch_request(self) -> Generator[None, Any, Any]:
            return (yield)

    app = app_with(wrapper=Wrapper())
    app.add_url_rule("/zero", "zero", lambda: str(1 / 0))
    with pytest.raises(ZeroDivisionError) as caught:
        app.test_client().get("/zero")
    assert not hasattr(caught.value, "__notes__")
