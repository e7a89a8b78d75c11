"""`cocopot_url_defaults`: fill in values for a URL that is about to be built."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import Cocopot, hookimpl, url_for
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_url_defaults"


def build(app: Cocopot, endpoint: str = "index", **values: Any) -> str:
    """Build a URL inside a request."""
    with app.test_request_context("/"):
        return url_for(endpoint, **values)


def test_fires_in_url_for() -> None:
    """It comes with application, endpoint and values whenever a URL is built, and not in a request."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, app: Any, endpoint: str, values: dict[str, Any]) -> None:
            seen.append((app.name, endpoint, dict(values)))

    app = app_with(plugin=Plugin())
    app.test_client().get("/")
    assert build(app, page=2) == "/?page=2"
    assert seen == [("shop", "index", {"page": 2})]


def test_values_change_in_place() -> None:
    """A value that is filled in appears in the URL; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_url_defaults(self, values: dict[str, Any]) -> str:
            values.setdefault("language", "en")
            return "ignored"

    app = app_with(plugin=Plugin())
    app.add_url_rule("/<language>/", "home", lambda language: language)
    assert build(app, "home") == "/en/"
    assert build(app, "home", language="fr") == "/fr/"


def test_an_exception_leaves_url_for() -> None:
    """The rest does not run, and the caller gets the exception."""
    calls: list[str] = []

    class Broken:
        @hookimpl
        def cocopot_url_defaults(self) -> None:
            raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        build(app_with(broken=Broken(), later=recorder(calls, "later", HOOK)))
    assert calls == []
