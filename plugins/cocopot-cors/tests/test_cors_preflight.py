"""Preflights: which are answered, and what the answer allows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cocopot_cors import CORS

from cocopot import Blueprint, Cocopot, Response, abort, hookimpl, request, testing

SHOP = "https://shop.example"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"


def make_app(**config: Any) -> Cocopot:
    """Return an application with a few views and the plugin alone."""
    app = testing.make_app(CORS, config=config, static_folder=None)
    app.add_url_rule("/notes", "list", lambda: "list", methods=["GET"])
    app.add_url_rule("/notes", "create", lambda: "create", methods=["POST"])
    app.add_url_rule("/notes/<int:id>", "change", lambda **_: "change", methods=["PUT", "REPORT"])
    app.add_url_rule("/quiet", "quiet", lambda: "quiet", provide_automatic_options=False)
    app.add_url_rule("/folder/", "folder", lambda: "folder")
    return app


def preflight(app: Cocopot, path: str = "/notes", method: str = "GET", **headers: str) -> Any:
    """Send a preflight; headers are named without their common beginning."""
    asked = {f"Access-Control-Request-{name.replace('_', '-')}": value for name, value in headers.items()}
    asked = {"Origin": SHOP, "Access-Control-Request-Method": method, **asked}
    return app.test_client().options(path, headers=asked)


def test_answer() -> None:
    """The response to a preflight is a 204, without a body and without headers about one."""
    response = preflight(make_app(CORS_ORIGINS=[SHOP]))
    assert (response.status_code, response.data) == (204, b"")
    assert dict(response.headers) == {
        ALLOW_ORIGIN: SHOP,
        ALLOW_METHODS: "GET, HEAD, POST, OPTIONS",
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }


@pytest.mark.parametrize(
    ("configured", "path", "sent"),
    [
        (["GET", "put"], "/notes/1", "PUT"),
        ("REPORT, PUT", "/notes/1", "REPORT, PUT"),
        ("*", "/notes/1", "OPTIONS, PUT, REPORT"),
        (["*"], "/quiet", "GET, HEAD"),
        (["DELETE"], "/notes", None),
        ([], "/notes", None),
    ],
)
def test_methods_are_those_of_the_path(configured: Any, path: str, sent: str | None) -> None:
    """Only methods that are configured and that the path has are allowed."""
    response = preflight(make_app(CORS_METHODS=configured), path, "DELETE")
    assert response.status_code == 204
    assert response.headers.get(ALLOW_METHODS) == sent


@pytest.mark.parametrize(("method", "sent"), [("PURGE", "PURGE"), ("PUR GE", None), ("DELETE", "DELETE")])
def test_a_rule_for_every_method(method: str, sent: str | None) -> None:
    """Where a rule takes any method, the requested one is allowed if it is well-formed."""
    app = make_app(CORS_METHODS="*")
    app.router.add(app.url_rule_class("/any", endpoint="list"))
    assert preflight(app, "/any", method).headers.get(ALLOW_METHODS) == sent


@pytest.mark.parametrize("path", ["/missing", "/notes/one"])
def test_an_unknown_path_stays_unknown(path: str) -> None:
    """A preflight for a path that does not exist is a 404 and allows no method."""
    response = preflight(make_app(), path)
    assert response.status_code == 404
    assert ALLOW_METHODS not in response.headers


def test_a_redirect_stays_a_redirect() -> None:
    """A preflight for a path without its slash is redirected, as any request is."""
    response = preflight(make_app(), "/folder")
    assert response.status_code == 308
    assert ALLOW_METHODS not in response.headers


def test_a_rule_without_options() -> None:
    """A path that does not accept OPTIONS otherwise still has preflights."""
    app = make_app()
    response = preflight(app, "/quiet")
    assert (response.status_code, response.headers[ALLOW_METHODS]) == (204, "GET, HEAD")
    assert app.test_client().options("/quiet", headers={"Origin": SHOP}).status_code == 405


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "a, b"])
def test_an_origin_that_is_not_allowed(origin: str) -> None:
    """The response to another origin allows nothing."""
    app = make_app(CORS_ORIGINS=[SHOP], CORS_MAX_AGE=60)
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    response = app.test_client().options("/notes", headers=headers)
    assert response.status_code == 204
    assert [name for name, _ in response.headers] == ["Vary"]


@pytest.mark.parametrize("path", ["/notes", "/own"])
@pytest.mark.parametrize(
    "headers", [{}, {"Origin": SHOP}, {"Access-Control-Request-Method": "GET"}, {"Origin": ""}]
)
def test_other_options_requests_reach_the_application(path: str, headers: dict[str, str]) -> None:
    """OPTIONS without the two headers of a preflight is answered by the view, or as if without the plugin."""
    app = make_app(CORS_ORIGINS=[SHOP])
    app.add_url_rule("/own", "own", lambda: request.method, methods=["OPTIONS", "GET"])
    response = app.test_client().options(path, headers=headers)
    assert (response.status_code, response.text) == (200, "OPTIONS" if path == "/own" else "")
    assert (ALLOW_ORIGIN in response.headers) == (headers.get("Origin") == SHOP)
    assert ALLOW_METHODS not in response.headers


def test_a_view_for_options_is_not_called_for_a_preflight() -> None:
    """The plugin answers preflights also where a view handles OPTIONS."""
    app = make_app()
    app.add_url_rule("/own", "own", lambda: "own", methods=["OPTIONS", "GET"])
    response = preflight(app, "/own")
    assert (response.status_code, response.headers[ALLOW_METHODS]) == (204, "GET, HEAD, OPTIONS")


def test_authentication_of_the_application_does_not_block() -> None:
    """A function that asks for credentials before each request does not see preflights."""
    app = make_app()
    app.before_request(lambda: abort(401))
    assert preflight(app).status_code == 204
    assert app.test_client().get("/notes", headers={"Origin": SHOP}).status_code == 401
    assert preflight(app, "/missing").status_code == 401


def test_authentication_of_a_blueprint_does_not_block() -> None:
    """The same holds for a blueprint's function."""
    bp = Blueprint("api", __name__, url_prefix="/api")
    bp.before_request(lambda: abort(401))
    bp.add_url_rule("/notes", "notes", list, methods=["DELETE"])
    app = make_app()
    app.register_blueprint(bp)
    response = preflight(app, "/api/notes", "DELETE")
    assert (response.status_code, response.headers[ALLOW_METHODS]) == (204, "OPTIONS, DELETE")


def test_authentication_of_another_plugin_does_not_block() -> None:
    """Preflights are answered before a plugin that was registered earlier checks credentials."""

    class Auth:
        @hookimpl
        def cocopot_before_request(self) -> Response:
            return Response("who are you?", 401)

    app = Cocopot(__name__, autoload=False, plugins=[Auth], static_folder=None)
    app.plugins.register(CORS(), "cors")
    app.add_url_rule("/notes", "notes", lambda: "notes")
    assert preflight(app).status_code == 204


@pytest.mark.parametrize(
    ("configured", "requested", "sent"),
    [
        ("*", "X-One, authorization", "X-One, authorization"),
        ("*", "x-one,x-one ,, bad name,b@d", "x-one"),
        ("*", "é", None),
        ("*", None, None),
        (["X-One", "X-Two"], "X-Three", "X-One, X-Two"),
        ("X-One", None, "X-One"),
        ([], "X-One", None),
    ],
)
def test_allowed_headers(configured: Any, requested: str | None, sent: str | None) -> None:
    """ "*" allows the well-formed headers that are requested, a list just those that it names."""
    app = make_app(CORS_ALLOW_HEADERS=configured)
    asked = {} if requested is None else {"Headers": requested}
    response = preflight(app, **asked)
    assert response.headers.get(ALLOW_HEADERS) == sent
    assert ("Access-Control-Request-Headers" in response.vary) == (configured == "*")


@pytest.mark.parametrize(
    ("value", "sent"), [(None, None), (0, "0"), (600, "600"), (timedelta(minutes=10, milliseconds=5), "600")]
)
def test_max_age(value: Any, sent: str | None) -> None:
    """The time for which a preflight may be cached is sent in seconds, with preflights only."""
    app = make_app(CORS_MAX_AGE=value)
    assert preflight(app).headers.get("Access-Control-Max-Age") == sent
    assert "Access-Control-Max-Age" not in app.test_client().get("/notes", headers={"Origin": SHOP}).headers


def test_credentials_and_exposed_headers() -> None:
    """A preflight response allows credentials, and does not list headers of a response."""
    app = make_app(CORS_ORIGINS=[SHOP], CORS_SUPPORTS_CREDENTIALS=True, CORS_EXPOSE_HEADERS="X-Total")
    response = preflight(app)
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Expose-Headers" not in response.headers


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("asked", ["true", "false", None])
def test_private_network(allowed: bool, asked: str | None) -> None:
    """A page of the public network is allowed if that is configured and requested."""
    headers = {} if asked is None else {"Private_Network": asked}
    response = preflight(make_app(CORS_ALLOW_PRIVATE_NETWORK=allowed), **headers)
    sent = response.headers.get("Access-Control-Allow-Private-Network")
    assert sent == ("true" if allowed and asked == "true" else None)
    assert ("Access-Control-Request-Private-Network" in response.vary) == allowed


def test_after_request_functions_see_the_answer() -> None:
    """The application's after-request functions run for the response to a preflight as for any other."""
    app = make_app(CORS_ORIGINS=[SHOP])

    @app.after_request
    def number(response: Response) -> Response:
        response.headers["X-Number"] = "7"
        return response

    response = preflight(app)
    assert (response.headers["X-Number"], response.headers[ALLOW_ORIGIN]) == ("7", SHOP)


def test_many_headers() -> None:
    """A list of requested headers that is too long to be cached is answered like any other."""
    names = ", ".join(f"X-Header-{number}" for number in range(100))
    for _ in range(2):
        assert preflight(make_app(), Headers=f"{names}, not a name").headers[ALLOW_HEADERS] == names


@pytest.mark.parametrize("path", ["/notes", "/notes/7"])
def test_an_override_of_the_default_answer(path: str) -> None:
    """The methods are those that a subclass names in the answer to OPTIONS, as often as it is asked."""

    class Shop(Cocopot):
        def make_default_options_response(self) -> Response:
            return Response("", headers={"Allow": "GET, PUT"})

    app = Shop("shop", autoload=False, plugins=[CORS], static_folder=None)
    app.add_url_rule("/notes", "notes", lambda: "")
    app.add_url_rule("/notes/<int:number>", "note", lambda number: f"{number}")
    for _ in range(2):
        assert preflight(app, path).headers[ALLOW_METHODS] == "GET, PUT"


@pytest.mark.parametrize(
    "path", ["/notes/7", "/notes/7/", "/notes/a/b", "/notes//7", "/both/x", "/m\u00e4rkte/x"]
)
def test_the_methods_are_those_of_options(path: str) -> None:
    """The methods for a path with variables are those in the response to OPTIONS, however it is matched."""
    app = make_app(CORS_METHODS="*")
    app.add_url_rule("/notes/<int:n>", "number", lambda n: "", methods=["GET", "PUT"], strict_slashes=False)
    app.add_url_rule("/notes/<path:rest>", "rest", lambda rest: "", methods=["DELETE"])
    app.add_url_rule("/both/<x>", "both", lambda x: "")
    app.add_url_rule("/both/<any(x, y):y>", "any", lambda y: "", methods=["PATCH"])
    app.add_url_rule("/m\u00e4rkte/<x>", "unicode", lambda x: "", methods=["POST"])
    allow = app.test_client().options(path).headers.get("Allow", "")
    methods = preflight(app, path).headers.get(ALLOW_METHODS, "")
    assert sorted(filter(None, methods.split(", "))) == sorted(filter(None, allow.split(", ")))
    assert bool(methods) is (path != "/notes//7")


@pytest.mark.parametrize("length", [500, 513])
def test_a_long_origin(length: int) -> None:
    """An origin that is longer than any host is not matched with a regular expression, and is not kept."""
    app = make_app(CORS_ORIGINS=["^https://.*"])
    origin = "https://" + "a" * (length - 8)
    for _ in range(2):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        response = app.test_client().options("/notes", headers=headers)
        assert response.headers.get(ALLOW_ORIGIN) == (origin if length < 513 else None)
