"""`cocopot headers`."""

from __future__ import annotations

import json
from pathlib import Path

import cocopot_headers
import pytest
from cocopot_devtools.hook_docs import begin_line, renew, specifications
from cocopot_headers import HeadersHooks, Policy, SecurityHeaders

from cocopot import Cocopot, hookimpl, testing

README = Path(__file__).parents[1] / "README.md"
HERE = Path(__file__).name


class Maps:
    plugin_name = "maps"

    @hookimpl
    def headers_csp(self, policy: Policy) -> None:
        add_tiles(policy)


def add_tiles(policy: Policy) -> None:
    policy.add("img-src", "https://tiles.example")


@pytest.fixture
def app() -> Cocopot:
    config = {"HEADERS_CSP": {"font-src": ["data:"]}}
    app = testing.make_app(SecurityHeaders, Maps, config=config, static_folder=None)
    app.add_url_rule("/", "index", lambda: "hello")
    app.add_url_rule("/widget", "widget", lambda: "", csp={"frame-ancestors": ["'self'"]})
    return app


def run(app: Cocopot, *args: str) -> str:
    result = app.test_cli_runner().invoke(args=["headers", *args])
    assert result.exit_code == 0, result.output
    return result.output


def test_headers(app: Cocopot) -> None:
    """It prints the status and the headers."""
    lines = run(app).splitlines()
    assert lines[:2] == ["200 OK", "Content-Type: text/html; charset=utf-8"]
    assert "X-Content-Type-Options: nosniff" in lines
    assert run(app, "/missing").startswith("404 NOT FOUND")


def test_why(app: Cocopot) -> None:
    """Each source is shown with the key, the route or the plugin that has demanded it, and the place."""
    text = run(app, "/widget", "--why")
    assert "    default-src 'self': the default policy\n" in text
    assert "    font-src data:: HEADERS_CSP (code " in text
    assert "    frame-ancestors 'self': route option csp of '/widget'\n" in text
    assert "    img-src 'self': as in the directive that it replaces\n" in text
    assert "    img-src https://tiles.example: plugin 'maps' (" in text
    assert f"{HERE}:{add_tiles.__code__.co_firstlineno + 1})" in text
    assert "    HEADERS_NOSNIFF, set by plugin headers\n" in text


def test_json(app: Cocopot) -> None:
    """The same for programs."""
    shown = json.loads(run(app, "/", "--json"))
    assert shown["status"] == "200 OK"
    assert {"name": "Content-Length", "value": "5", "because": "the view, or another plugin"} in shown[
        "headers"
    ]
    [tiles] = [entry for entry in shown["policy"] if entry["source"] == "https://tiles.example"]
    assert (tiles["directive"], tiles["author"]) == ("img-src", "plugin 'maps'")


def test_a_url(app: Cocopot) -> None:
    """A URL selects the scheme and the host."""
    app.config["HEADERS_HSTS"] = 60
    assert "Strict-Transport-Security: max-age=60" in run(app, "https://shop.example/")


@pytest.mark.parametrize("config", [{"HEADERS_CSP": None}, {}])
def test_without_a_policy(config: dict[str, object]) -> None:
    """A response without a policy has nothing to explain about it."""
    app = testing.make_app(SecurityHeaders, config=config, static_folder=None)
    app.add_url_rule("/", "index", lambda: "", csp=False)
    assert "Content-Security-Policy" not in run(app, "--why")


def test_the_documentation_of_the_hooks() -> None:
    """The entries of the README are those that `cocopot hook-docs` generates from the specifications."""
    page, name = README.read_text("utf-8"), "cocopot_headers:HeadersHooks"
    assert renew(page, begin_line(name), specifications(HeadersHooks)) == page
    assert all(hasattr(cocopot_headers, name) for name in cocopot_headers.__all__)
