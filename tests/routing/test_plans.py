"""What the tables decide alone is decided without a walk of the states, and as Werkzeug does."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Map
from werkzeug.routing import Rule as WerkzeugRule

from cocopot.routing import Router, Rule

PAGES = [("/p/", {"defaults": {"page": 1}}), ("/p/<int:page>", {})]


def environ_of(path: str, **changes: Any) -> dict[str, Any]:
    return {
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "HTTP_HOST": "localhost",
        **changes,
    }


def decided(rules: list[tuple[str, dict[str, Any]]], environ: dict[str, Any]) -> Any:
    """What the tables decide, which is checked to be what Werkzeug's map finds."""
    router = Router([Rule(text, endpoint="e", **options) for text, options in rules])
    assert router.table.any_host is not None  # built now
    found: Any = router.match_plain(environ, {"SERVER_NAME": None, "TRUSTED_HOSTS": None})
    if type(found) is tuple:
        werkzeug = Map([WerkzeugRule(text, endpoint="e", **options) for text, options in rules])
        rule, arguments = werkzeug.bind_to_environ(environ).match(return_rule=True)
        assert (found[0].rule, found[1]) == (rule.rule, arguments)
        return found[1]
    return found


@pytest.mark.parametrize(
    ("rule", "path", "arguments"),
    [
        ("/f/<name>.<ext>", "/f/a.tar.gz", {"name": "a.tar", "ext": "gz"}),
        ("/f/<name>.json", "/f/a.json", {"name": "a"}),
        ("/@<name>", "/@a", {"name": "a"}),
        ("/s/<int:x>x<int:y>/<z>", "/s/640x480/a", {"x": 640, "y": 480, "z": "a"}),
        ("/d/<int:y>-<int:m>-<int:d>", "/d/2026-01-02", {"y": 2026, "m": 1, "d": 2}),
        ("/f/<path:a>/edit", "/f/x/y/edit", {"a": "x/y"}),
        ("/f/<path:a>/v/<int:b>", "/f/x/v/7", {"a": "x", "b": 7}),
    ],
)
def test_segments_with_other_text(rule: str, path: str, arguments: dict[str, Any]) -> None:
    """A segment with several variables, or with static text, is read by a plan."""
    assert decided([(rule, {})], environ_of(path)) == arguments


@pytest.mark.parametrize(
    ("rule", "path", "arguments"),
    [
        ("/items", "/items/", {}),
        ("/items/", "/items", {}),
        ("/items/<int:a>", "/items/7/", {"a": 7}),
        ("/items/<int:a>/", "/items/7", {"a": 7}),
    ],
)
def test_rules_that_are_not_strict(rule: str, path: str, arguments: dict[str, Any]) -> None:
    """A slash more or less is matched by the tables, if the rule allows it."""
    assert decided([(rule, {"strict_slashes": False})], environ_of(path)) == arguments
    assert not isinstance(decided([(rule, {})], environ_of(path)), dict)


def test_defaults_of_another_rule() -> None:
    """Only the values for which Werkzeug redirects to the other rule are left to it."""
    assert decided(PAGES, environ_of("/p/7")) == {"page": 7}
    assert decided(PAGES, environ_of("/p/")) == {"page": 1}
    assert decided(PAGES, environ_of("/p/1")) is None


def test_a_request_without_a_host() -> None:
    """Without a `Host` header, as of HTTP/1.0, the server's address is the host."""
    environ = environ_of("/7", SERVER_PROTOCOL="HTTP/1.0")
    del environ["HTTP_HOST"]
    assert decided([("/<int:a>", {})], environ) == {"a": 7}
    assert decided([("/<int:a>", {})], {**environ, "SERVER_NAME": "a b"}) is None


def test_a_host_with_a_variable_is_bound_once() -> None:
    """A host that a variable matches is cached, as others are, and the number of cached ones is limited."""
    router = Router([Rule("/", endpoint="e", host="<name>.example")], host_matching=True)
    for number in range(300):
        environ = environ_of("/", HTTP_HOST=f"n{number}.example")
        for _ in range(2):
            assert router.match_request(environ, "/", "GET")[1] == {"name": f"n{number}"}
        assert f"n{number}.example" in router.table.hosts["http"]
    assert len(router.table.hosts["http"]) <= 256


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/a/7", ["GET", "HEAD", "PUT"]), ("/a/x", None), ("/a//7", None), ("/any/x", None), ("/none", None)],
)
def test_the_methods_of_a_path(path: str, methods: list[str] | None) -> None:
    """They are found whatever the method of the request is, where the tables have them."""
    router = Router(
        [
            Rule("/a/<int:n>", endpoint="a", methods=["GET"]),
            Rule("/a/<int:n>", endpoint="b", methods=["PUT"]),
            Rule("/any/<n>", endpoint="any"),
        ]
    )
    assert router.table.any_host is not None  # built now
    for method in ("GET", "DELETE", "get"):
        environ = environ_of(path, REQUEST_METHOD=method)
        found = router.plain_methods(environ, {"SERVER_NAME": None, "TRUSTED_HOSTS": None})
        assert (None if found is None else sorted(found)) == methods
        assert methods is None or sorted(router.bind_to_environ(environ).allowed_methods()) == methods
