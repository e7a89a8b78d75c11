"""CORS_RESOURCES: which options hold for which path."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cocopot_cors import CORS

from cocopot import Cocopot, testing

SHOP, BLOG = "https://shop.example", "https://blog.example"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def make_app(**config: Any) -> Cocopot:
    """Return an application that has every path."""
    app = testing.make_app(CORS, config=config, static_folder=None)
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/<path:path>", "any", lambda path: path, methods=["GET", "PUT"])
    return app


def allowed(app: Cocopot, path: str, origin: str = SHOP) -> str | None:
    return app.test_client().get(path, headers={"Origin": origin}).headers.get(ALLOW_ORIGIN)


@pytest.mark.parametrize("prefix", ["/api", "/api/"])
def test_a_prefix_stands_for_whole_segments(prefix: str) -> None:
    """A prefix covers its own path and all below it, and nothing that just begins alike."""
    app = make_app(CORS_RESOURCES={prefix: {}})
    assert [allowed(app, path) for path in ("/api", "/api/notes", "/api/")] == ["*", "*", "*"]
    assert [allowed(app, path) for path in ("/", "/apis", "/v1/api", "/API")] == [None] * 4


def test_other_paths_are_left_alone() -> None:
    """A path that no resource covers has no headers, no Vary, and its preflights are the application's."""
    app = make_app(CORS_RESOURCES={"/api": {"origins": SHOP}})
    assert "Vary" not in app.test_client().get("/web", headers={"Origin": SHOP}).headers
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "PUT"}
    response = app.test_client().options("/web", headers=headers)
    assert response.status_code == 200
    assert {ALLOW_ORIGIN, "Access-Control-Allow-Methods", "Vary"}.isdisjoint(response.headers.keys())


def test_the_longest_prefix_wins() -> None:
    """Of several prefixes the longest is used, independently of their order."""
    resources = {"/": {"origins": "*"}, "/api/admin": {"origins": BLOG}, "/api": {"origins": SHOP}}
    app = make_app(CORS_RESOURCES=resources)
    assert [allowed(app, path) for path in ("/", "/web", "/api/x")] == ["*", "*", SHOP]
    assert [allowed(app, "/api/admin/x", origin) for origin in (SHOP, BLOG)] == [None, BLOG]


def test_regular_expressions_come_first() -> None:
    """Expressions match whole paths and are tried before prefixes, in the order in which they are written."""
    resources = {
        "/api": {"origins": SHOP},
        re.compile(r"/api/v\d+/public"): {"origins": "*"},
        "^/api/v1/.*": {"origins": BLOG},
    }
    app = make_app(CORS_RESOURCES=resources)
    assert allowed(app, "/api/v1/public") == "*"
    assert allowed(app, "/api/v1/public/more") is None
    assert allowed(app, "/api/v1/public/more", BLOG) == BLOG
    assert allowed(app, "/api/v2/public/more") == SHOP


def test_options_are_inherited() -> None:
    """A resource overrides just the options that it names."""
    app = make_app(
        CORS_ORIGINS=SHOP,
        CORS_EXPOSE_HEADERS="X-Total",
        CORS_RESOURCES={"/a": {"expose_headers": ["X-Page"]}, "/b": {"origins": "*"}},
    )
    a, b = (app.test_client().get(path, headers={"Origin": SHOP}).headers for path in ("/a", "/b"))
    assert (a[ALLOW_ORIGIN], a["Access-Control-Expose-Headers"]) == (SHOP, "X-Page")
    assert (b[ALLOW_ORIGIN], b["Access-Control-Expose-Headers"]) == ("*", "X-Total")


def test_preflight_of_a_resource() -> None:
    """A preflight follows the options of its path."""
    app = make_app(CORS_RESOURCES={"/a": {"methods": ["PUT"], "max_age": 5}, "/b": {"methods": ["GET"]}})
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "PUT"}
    a, b = (app.test_client().options(path, headers=headers).headers for path in ("/a/x", "/b/x"))
    assert (a["Access-Control-Allow-Methods"], a["Access-Control-Max-Age"]) == ("PUT", "5")
    assert (b["Access-Control-Allow-Methods"], b.get("Access-Control-Max-Age")) == ("GET", None)


def test_no_resource() -> None:
    """An empty mapping switches the plugin off."""
    assert allowed(make_app(CORS_RESOURCES={}), "/") is None


def test_a_path_that_is_not_utf8() -> None:
    """A path that cannot be decoded is a 400, with the headers of its resource."""
    client = make_app(CORS_RESOURCES={"/api": {}}).test_client()
    response = client.get("/", environ_overrides={"PATH_INFO": "/api/\xff"})
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (400, "*")


def test_credentials_need_named_origins_only_where_they_hold() -> None:
    """Application-wide options that every resource overrides are not in each other's way."""
    app = make_app(CORS_SUPPORTS_CREDENTIALS=True, CORS_RESOURCES={"/api": {"origins": SHOP}})
    response = app.test_client().get("/api", headers={"Origin": SHOP})
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
