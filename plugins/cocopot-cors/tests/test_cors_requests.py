"""Requests that are not preflights, and the origins that may read their responses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cocopot_cors import CORS

from cocopot import Blueprint, Cocopot, Response, abort, hookimpl

SHOP = "https://shop.example"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"


def make_app(**config: Any) -> Cocopot:
    """Return an application with a few views and the plugin alone."""
    app = Cocopot(__name__, autoload=False, plugins=[CORS], static_folder=None)
    app.config.update(config)

    @app.get("/")
    def index() -> str:
        return "index"

    @app.get("/crash")
    def crash() -> str:
        raise LookupError("crash")

    @app.get("/teapot")
    def teapot() -> str:
        abort(418)

    return app


def get(app: Cocopot, path: str = "/", origin: str | None = SHOP, **headers: str) -> Any:
    if origin is not None:
        headers["Origin"] = origin
    return app.test_client().get(path, headers=headers)


@pytest.mark.parametrize("origin", [SHOP, "null", "nonsense, more", "", None])
def test_default_allows_every_origin_with_a_constant(origin: str | None) -> None:
    """Without configuration every response has "*", so it does not depend on the origin."""
    response = get(make_app(), origin=origin)
    assert response.headers.getlist(ALLOW_ORIGIN) == ["*"]
    assert "Vary" not in response.headers
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_one_origin() -> None:
    """An origin that is allowed is echoed, and another one is not."""
    app = make_app(CORS_ORIGINS=SHOP)
    assert get(app).headers[ALLOW_ORIGIN] == SHOP
    assert ALLOW_ORIGIN not in get(app, origin="https://evil.example").headers
    assert ALLOW_ORIGIN not in get(app, origin=None).headers


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_several_origins(kind: type) -> None:
    """Each origin of a list is echoed, none of them is named to another one."""
    app = make_app(CORS_ORIGINS=kind([SHOP, "http://localhost:3000", "https://[::1]:8443"]))
    for origin in (SHOP, "http://localhost:3000", "https://[::1]:8443"):
        assert get(app, origin=origin).headers.getlist(ALLOW_ORIGIN) == [origin]


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evil.example/https://shop.example",
        "https://eu.shop.example",
        "https://shop.example/",
        "https://shop.example, https://evil.example",
        "https://shop.example https://evil.example",
        "https://shop.exämple",
        "https://shop.example" + "x" * 100_000,
        "null",
        "",
        "://",
    ],
)
@pytest.mark.parametrize("origins", [SHOP, [r"^https://shop\.example"], re.compile(r"https://shop\.example")])
def test_similar_origins_are_refused(origin: str, origins: Any) -> None:
    """An origin that merely contains an allowed one, or is malformed, is not allowed and no error."""
    response = get(make_app(CORS_ORIGINS=origins), origin=origin)
    assert response.status_code == 200
    assert ALLOW_ORIGIN not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_regular_expressions_match_the_whole_origin() -> None:
    """A compiled expression, and a string that begins with ^, allow origins that they match completely."""
    app = make_app(CORS_ORIGINS=[re.compile(r"https://\w+\.shop\.example"), r"^http://localhost:\d+$"])
    for origin in ("https://eu.shop.example", "http://localhost:3000"):
        assert get(app, origin=origin).headers[ALLOW_ORIGIN] == origin
    for origin in ("https://eu.shop.example.evil.example", "http://localhost:3000.evil.example"):
        assert ALLOW_ORIGIN not in get(app, origin=origin).headers


@pytest.mark.parametrize(
    "origin", ["null", "a, b", "https://a.example https://b.example", "https://a/b", "é"]
)
def test_an_expression_for_everything_matches_only_origins(origin: str) -> None:
    """Even .* does not allow a text that is not an origin with a scheme and a host."""
    assert ALLOW_ORIGIN not in get(make_app(CORS_ORIGINS="^.*"), origin=origin).headers


def test_null_is_allowed_only_if_listed() -> None:
    """The opaque origin is allowed when it is in the list."""
    assert get(make_app(CORS_ORIGINS=[SHOP, "null"]), origin="null").headers[ALLOW_ORIGIN] == "null"
    assert ALLOW_ORIGIN not in get(make_app(CORS_ORIGINS=[SHOP]), origin="null").headers


def test_no_origin_at_all() -> None:
    """An empty list allows no origin."""
    assert ALLOW_ORIGIN not in get(make_app(CORS_ORIGINS=[])).headers


def test_credentials_are_for_allowed_origins() -> None:
    """Only an allowed origin learns that it may send credentials, and it is named."""
    app = make_app(CORS_ORIGINS=[SHOP], CORS_SUPPORTS_CREDENTIALS=True)
    response = get(app)
    assert response.headers[ALLOW_ORIGIN] == SHOP
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Credentials" not in get(app, origin="https://evil.example").headers


def test_credentials_for_every_origin_must_be_spelled_out() -> None:
    """An expression for everything, with credentials, sends the origin and never "*"."""
    response = get(make_app(CORS_ORIGINS="^.*", CORS_SUPPORTS_CREDENTIALS=True))
    assert response.headers[ALLOW_ORIGIN] == SHOP
    assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("value", "sent"),
    [(["X-Total", "X-Page"], "X-Total, X-Page"), ("X-Total,X-Page", "X-Total, X-Page"), ("*", "*")],
)
def test_exposed_headers(value: Any, sent: str) -> None:
    """The exposed headers are named in a response to an allowed origin, and not in others."""
    app = make_app(CORS_ORIGINS=[SHOP], CORS_EXPOSE_HEADERS=value)
    assert get(app).headers["Access-Control-Expose-Headers"] == sent
    assert "Access-Control-Expose-Headers" not in get(app, origin="https://evil.example").headers


@pytest.mark.parametrize(("path", "status"), [("/crash", 500), ("/teapot", 418), ("/missing", 404)])
def test_errors_can_be_read(path: str, status: int) -> None:
    """Responses to errors have the headers too, so that a script sees more than a network error."""
    app = make_app(CORS_ORIGINS=[SHOP])
    app.logger.disabled = True
    response = get(app, path)
    assert response.status_code == status
    assert response.headers[ALLOW_ORIGIN] == SHOP
    assert response.headers["Vary"] == "Origin"
    assert ALLOW_ORIGIN not in get(app, path, origin="https://evil.example").headers


def test_method_not_allowed_can_be_read() -> None:
    """A 405 has the headers."""
    response = make_app(CORS_ORIGINS=[SHOP]).test_client().put("/", headers={"Origin": SHOP})
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (405, SHOP)


def test_answer_of_a_before_request_function_can_be_read() -> None:
    """A 401 of the application has the headers."""
    app = make_app(CORS_ORIGINS=[SHOP])
    app.before_request(lambda: ("who are you?", 401))
    response = get(app)
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (401, SHOP)


def test_headers_are_added_to_what_other_plugins_send() -> None:
    """A plugin that was loaded earlier and replaces the response does not take the headers away."""

    class Replace:
        @hookimpl
        def cocopot_after_request(self) -> Response:
            return Response("replaced")

    app = Cocopot(__name__, autoload=False, plugins=[CORS], static_folder=None)
    app.plugins.register(Replace(), "aaa")
    response = get(app)
    assert (response.text, response.headers[ALLOW_ORIGIN]) == ("replaced", "*")


def test_a_failing_after_request_function() -> None:
    """A 500 can be read even if a function that runs after every request raises for it too."""
    app = make_app(CORS_ORIGINS=[SHOP])
    app.logger.disabled = True

    @app.after_request
    def fail(response: Response) -> Response:
        raise LookupError

    response = get(app)
    assert (response.status_code, response.headers[ALLOW_ORIGIN]) == (500, SHOP)


def test_no_response_is_somebody_elses_error() -> None:
    """What another wrapper returns in place of a response is left for the application to refuse."""

    class Forgetful:
        @hookimpl(wrapper=True)
        def cocopot_after_request(self) -> Any:
            yield

    app = Cocopot(__name__, autoload=False, plugins=[CORS, Forgetful], static_folder=None)
    app.testing = True
    with pytest.raises(TypeError, match="Forgetful"):
        get(app)


def test_a_view_may_decide_for_itself() -> None:
    """A response that names an allowed origin keeps it, and there is never a second one."""
    app = make_app(CORS_ORIGINS=[SHOP], CORS_SUPPORTS_CREDENTIALS=True)
    app.add_url_rule("/open", "open", lambda: ("open", {ALLOW_ORIGIN: "*"}))
    response = get(app, "/open")
    assert response.headers.getlist(ALLOW_ORIGIN) == ["*"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_blueprints() -> None:
    """The views and errors of a blueprint have the headers, independently of its own functions."""
    bp = Blueprint("api", __name__, url_prefix="/api")
    bp.add_url_rule("/notes", "notes", lambda: ["note"])
    bp.register_error_handler(404, lambda error: ({"error": "none"}, 404))
    app = make_app(CORS_ORIGINS=[SHOP])
    app.register_blueprint(bp)
    assert get(app, "/api/notes").headers[ALLOW_ORIGIN] == SHOP
    missing = get(app, "/api/missing")
    assert (missing.json, missing.headers[ALLOW_ORIGIN]) == ({"error": "none"}, SHOP)


def test_two_applications_keep_their_own_state() -> None:
    """One instance serves two applications with two configurations."""
    plugin = CORS()
    first = Cocopot("first", autoload=False, plugins=[plugin], static_folder=None)
    second = Cocopot("second", autoload=False, plugins=[plugin], static_folder=None)
    first.config["CORS_ORIGINS"] = SHOP
    assert get(first).headers[ALLOW_ORIGIN] == SHOP
    assert get(second).headers[ALLOW_ORIGIN] == "*"
    assert first.extensions["cors"] != second.extensions["cors"]


def test_registered_after_the_start() -> None:
    """An application that is serving already gets the headers when the plugin is registered."""
    app = Cocopot(__name__, autoload=False, static_folder=None)
    assert ALLOW_ORIGIN not in get(app).headers
    app.plugins.register(CORS(), "cors")
    assert get(app).headers[ALLOW_ORIGIN] == "*"


def test_nothing_before_the_start() -> None:
    """A request context that is created in code, before the start, is not changed."""
    app = make_app()
    with app.test_request_context("/", method="OPTIONS", headers={"Origin": SHOP}):
        assert ALLOW_ORIGIN not in app.process_response(app.response_class()).headers
