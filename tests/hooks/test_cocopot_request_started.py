"""`cocopot_request_started`: the first thing in a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import NotFound

import cocopot
from cocopot import hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_request_started(self) -> None:
            calls.append(name)

    return Recorder()


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

    app = app_with(one=Plugin(), nothing=recorder([], "nothing"), two=Plugin())
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


def test_order() -> None:
    """Plugins run in load order, between those that asked to be first and last."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.test_client().get("/")
    assert calls == ["tryfirst", "one", "two", "trylast"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around everybody else; the one that was loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_request_started(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_request_started(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.test_client().get("/")
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


def test_an_exception_is_handled_as_one_of_the_view() -> None:
    """The rest of the hook does not run, and an error handler answers."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_request_started(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken(), later=recorder(calls, "later"))
    app.register_error_handler(LookupError, lambda exc: (str(exc.args[0]), 503))
    response = app.test_client().get("/")
    assert (response.status_code, response.text, calls) == (503, "broken", [])


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_request_started(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.test_client().get("/")
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_request_started."]
