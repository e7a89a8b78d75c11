"""The route option `cors`."""

from __future__ import annotations

from typing import Any

import pytest
from cocopot_cors import CORS

from cocopot import Blueprint, Cocopot, testing
from cocopot.exceptions import RouteOptionError

SHOP = "https://shop.example"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_METHODS = "Access-Control-Allow-Methods"


@pytest.fixture
def app() -> Cocopot:
    app = testing.make_app(CORS, config={"CORS_ORIGINS": [SHOP]}, static_folder=None)
    app.add_url_rule("/notes", "list", lambda: "list", methods=["GET"])
    app.add_url_rule("/notes", "create", lambda: "create", methods=["POST"], cors=False)
    account = Blueprint("account", __name__, url_prefix="/account", route_options={"cors": False})
    account.add_url_rule("/", "show", lambda: "show")
    account.add_url_rule("/avatar", "avatar", lambda: "avatar", cors=True)
    app.register_blueprint(account)
    return app


def preflight(app: Cocopot, path: str, method: str) -> Any:
    headers = {"Origin": SHOP, "Access-Control-Request-Method": method}
    return app.test_client().options(path, headers=headers)


@pytest.mark.parametrize(
    ("path", "method", "is_shared"),
    [
        ("/notes", "GET", True),
        ("/notes", "POST", False),
        ("/account/", "GET", False),
        ("/account/", "HEAD", False),
        ("/account/avatar", "GET", True),
        ("/notes", "DELETE", True),
        ("/missing", "GET", True),
    ],
)
def test_responses(app: Cocopot, path: str, method: str, is_shared: bool) -> None:
    """A route with `cors=False` gets no header, errors of the application go on having theirs."""
    response = app.test_client().open(path, method=method, headers={"Origin": SHOP})
    assert (ALLOW_ORIGIN in response.headers, "Vary" in response.headers) == (is_shared, is_shared)


def test_preflights(app: Cocopot) -> None:
    """One for a route with `cors=False` goes to the application, and no other one allows its method."""
    allowed = preflight(app, "/notes", "GET")
    assert (allowed.status_code, allowed.headers[ALLOW_METHODS]) == (204, "GET, HEAD, OPTIONS")
    for path, method in (("/notes", "POST"), ("/account/", "GET")):
        response = preflight(app, path, method)
        assert (response.status_code, ALLOW_ORIGIN in response.headers) == (200, False)
        assert ALLOW_METHODS not in response.headers
    assert preflight(app, "/account/avatar", "GET").headers[ALLOW_METHODS] == "GET, HEAD, OPTIONS"


def test_an_invalid_value(app: Cocopot) -> None:
    """It is rejected where the route is added."""
    with pytest.raises(RouteOptionError, match=r"must be a bool\. It is declared by plugin 'cors'"):
        app.add_url_rule("/x", "x", lambda: "x", cors="*")


PATHS = ("/notes", "/notes/", "//notes", "/open", "/open/", "/items/7", "/items/x", "/items", "/missing", "/")


@pytest.mark.parametrize("rule", ["/notes", "/notes/", "/items/<int:number>"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_paths_of_routes_without_the_option(rule: str, method: str) -> None:
    """That a path is not one of a route with `cors=False` is seen without matching each method, alike."""
    apps = []
    for _ in range(2):
        app = testing.make_app(CORS, config={"CORS_ORIGINS": [SHOP]}, static_folder=None)
        app.add_url_rule(rule, "private", lambda **_: "", methods=["POST"], cors=False, strict_slashes=False)
        app.add_url_rule("/notes", "list", lambda: "", methods=["GET"], strict_slashes=False)
        app.add_url_rule("/items/<name>", "item", lambda name: name, methods=["GET"])
        app.add_url_rule("/open", "open", lambda: "")
        preflight(app, "/", "GET")
        apps.append(app)
    apps[1].extensions["cors"].exempt_paths = None  # so that each method is matched
    for path in PATHS:
        answers = [preflight(app, path, method) for app in apps]
        assert answers[0].status_code == answers[1].status_code, path
        assert list(answers[0].headers) == list(answers[1].headers), path
