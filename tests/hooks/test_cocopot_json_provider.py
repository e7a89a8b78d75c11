"""`cocopot_json_provider`: replace the JSON library."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import create_environ, run_wsgi_app

import cocopot
from cocopot import hookimpl
from cocopot.json import DefaultJSONProvider, JSONProvider
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

HOOK = "cocopot_json_provider"


class Shouting(JSONProvider):
    """A provider whose output differs from that of the default one."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return upper-case JSON."""
        return json.dumps(obj, **kwargs).upper()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return what JSON represents."""
        return json.loads(s, **kwargs)


def provider_of(provider: JSONProvider) -> object:
    """Return a plugin that returns `provider`."""

    class Plugin:
        @hookimpl
        def cocopot_json_provider(self) -> JSONProvider:
            return provider

    return Plugin()


def test_fires_when_json_is_first_used() -> None:
    """It comes once, with the application, when JSON is used for the first time, and not before."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_json_provider(self, app: Any) -> None:
            seen.append(app)

    app = app_with(plugin=Plugin())
    with app.test_request_context("/"):
        assert seen == []
        assert app.json is app.json
    assert seen == [app]


def test_a_plugins_provider() -> None:
    """What it returns writes the JSON of responses and of `jsonify`."""
    app = app_with()
    app.plugins.register(provider_of(Shouting(app)), "plugin")
    app.add_url_rule("/dict", "dict", lambda: {"a": "b"})
    app.add_url_rule("/jsonify", "jsonify", lambda: cocopot.jsonify(["c"]))
    client = app.test_client()
    assert [client.get(path).text.strip() for path in ("/dict", "/jsonify")] == ['{"A": "B"}', '["C"]']


def test_the_first_result_stops_the_rest() -> None:
    """The plugin that was loaded last wins, and the others are not asked."""
    calls: list[str] = []
    app = app_with(earlier=recorder(calls, "earlier", HOOK))
    app.plugins.register(provider_of(DefaultJSONProvider(app)), "one")
    app.plugins.register(provider_of(Shouting(app)), "two")
    assert type(app.json) is Shouting
    assert calls == []


def test_the_built_in_implementation_is_last() -> None:
    """Without a plugin's provider, the standard library's is used."""
    calls: list[str] = []
    app = app_with(late=recorder(calls, "late", HOOK, trylast=True))
    assert type(app.json) is DefaultJSONProvider
    assert calls == ["late"]


def test_by_name() -> None:
    """Called by name, it runs each time."""
    app = app_with()
    first = app.plugins.hook.cocopot_json_provider(app=app)
    second = app.plugins.hook.cocopot_json_provider(app=app)
    assert type(first) is type(second) is DefaultJSONProvider
    assert first is not second


def test_an_exception_in_a_view() -> None:
    """An exception at the first use of JSON in a view is handled as one of the view."""

    class Broken:
        @hookimpl
        def cocopot_json_provider(self) -> None:
            raise LookupError("broken")

    app = app_with(broken=Broken())
    app.register_error_handler(LookupError, lambda exc: "handled")
    app.add_url_rule("/json", "json", lambda: cocopot.jsonify({}))
    body, status, _ = run_wsgi_app(app, create_environ("/json"), buffered=True)
    assert (status, list(body)) == ("200 OK", [b"handled"])
