"""The standard library's JSON, unless a plugin provides another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cocopot import Cocopot, hookimpl, request
from cocopot.json import DefaultJSONProvider, JSONProvider


class Shouting(JSONProvider):
    """A JSON library whose strings are in upper case."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json.dumps(obj, **kwargs).upper()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return json.loads(s.lower(), **kwargs)


class Plugin:
    @hookimpl
    def cocopot_json_provider(self, app: Any) -> JSONProvider:
        return Shouting(app)


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False, plugins=[Plugin()])


def test_default() -> None:
    """Without a plugin the default provider is used."""
    app = Cocopot(__name__, autoload=False)
    assert type(app.json) is DefaultJSONProvider
    assert app.json is app.json


def test_plugin_replaces_it(app: Cocopot) -> None:
    """A plugin's provider is the application's."""
    assert isinstance(app.json, Shouting)


def test_views_use_it(app: Cocopot) -> None:
    """Dicts and lists of views are written with it."""
    app.add_url_rule("/", "index", lambda: {"name": "ada"})
    assert app.test_client().get("/").text.strip() == '{"NAME": "ADA"}'


def test_requests_use_it(app: Cocopot) -> None:
    """The body of a request is read with it, also when the test client wrote it."""
    app.add_url_rule("/", "index", lambda: request.get_json()["name"], methods=["POST"])
    client = app.test_client()
    assert client.post("/", data='{"NAME": "ADA"}', content_type="application/json").text == "ada"
    assert client.post("/", json={"name": "Ada"}).text == "ada"


def test_of_one_application_only(app: Cocopot) -> None:
    """Another application keeps the default."""
    assert isinstance(Cocopot(__name__, autoload=False).json, DefaultJSONProvider)
    assert isinstance(app.json, Shouting)


def test_can_be_assigned() -> None:
    """The application's provider can also be assigned."""
    app = Cocopot(__name__, autoload=False)
    app.json = Shouting(app)
    app.add_url_rule("/", "index", lambda: ["a"])
    assert app.test_client().get("/").text.strip() == '["A"]'
