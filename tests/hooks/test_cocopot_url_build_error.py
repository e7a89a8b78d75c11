"""`cocopot_url_build_error`: a URL could not be built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing import BuildError

from cocopot import Cocopot, hookimpl, url_for
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

HOOK = "cocopot_url_build_error"


def build(app: Cocopot, endpoint: str = "nowhere", **values: Any) -> str:
    """Build a URL that cannot be built, inside a request."""
    with app.test_request_context("/"):
        return url_for(endpoint, **values)


def test_fires_when_no_rule_fits() -> None:
    """It comes after the URL defaults with error, endpoint and all values; not for a URL that is built."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, values: dict[str, Any]) -> None:
            values["size"] = 1

        @hookimpl
        def cocopot_url_build_error(self, app: Any, error: Any, endpoint: str, values: dict[str, Any]) -> str:
            seen.extend([app.name, type(error), endpoint, values])
            return "/elsewhere"

    app = app_with(plugin=Plugin())
    assert build(app, "index") == "/?size=1"
    assert build(app, _anchor="top") == "/elsewhere"
    asked = {"size": 1, "_anchor": "top", "_method": None, "_scheme": None, "_external": False}
    assert seen == ["shop", BuildError, "nowhere", asked]


def test_the_first_result_stops_the_rest() -> None:
    """A URL, even an empty one, stops the rest; without any, the error is raised."""
    calls: list[str] = []

    class Plugin:
        url: str | None = ""

        @hookimpl
        def cocopot_url_build_error(self) -> str | None:
            return self.url

    plugin = Plugin()
    app = app_with(earlier=recorder(calls, "earlier", HOOK), plugin=plugin)
    assert build(app) == ""
    assert calls == []
    plugin.url = None
    with pytest.raises(BuildError, match="nowhere"):
        build(app)
    assert calls == ["earlier"]


def test_wrappers() -> None:
    """Wrappers of both styles see the URL and may replace it; the one loaded first is outermost."""

    class New:
        @hookimpl(wrapper=True)
        def cocopot_url_build_error(self) -> Generator[None, Any, Any]:
            url = yield
            return f"{url}/new"

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_url_build_error(self) -> Generator[None, pluggy.Result[Any], None]:
            outcome = yield
            outcome.force_result(f"{outcome.get_result()}/old")

    app = app_with(new=New(), old=Old())
    app.url_build_error_handler(lambda error, endpoint, values: "/app")
    assert build(app) == "/app/old/new"


def test_by_name() -> None:
    """Called by name, it returns the first URL, or `None`."""
    app = app_with(plugin=recorder([], "plugin", HOOK))
    error = BuildError("nowhere", {}, None, None)
    ask = app.plugins.hook.cocopot_url_build_error
    assert ask(app=app, error=error, endpoint="nowhere", values={}) is None
    app.url_build_error_handler(lambda error, endpoint, values: f"/{endpoint}")
    assert ask(app=app, error=error, endpoint="nowhere", values={}) == "/nowhere"


def test_an_error_of_ones_own() -> None:
    """A `BuildError` that is raised here is passed on in place of the first."""
    mine = BuildError("mine", {}, None, None)

    class Plugin:
        @hookimpl
        def cocopot_url_build_error(self) -> None:
            raise mine

    with pytest.raises(BuildError) as caught:
        build(app_with(plugin=Plugin()))
    assert caught.value is mine
