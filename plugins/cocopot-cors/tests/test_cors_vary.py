"""Vary: a cache never hands the answer for one origin to another, and keeps what it may."""

from __future__ import annotations

from typing import Any

import pytest
from cocopot_cors import CORS
from hypothesis import given, settings
from hypothesis import strategies as st

from cocopot import Cocopot, Response, request

SHOP = "https://shop.example"
ORIGINS = [None, "", "null", SHOP, "https://blog.example", "https://evil.example", "a, b"]
METHODS = [None, "", "GET", "PUT", "BAD METHOD"]
HEADERS = [None, "X-One", "x-two, X-One", "b@d"]
PRIVATE = [None, "true", "false"]


def make_app(**config: Any) -> Cocopot:
    """Return an application with views that set Vary, fail, or respond with 304."""
    app = Cocopot(__name__, autoload=False, plugins=[CORS], static_folder=None)
    app.config.update(config)
    app.logger.disabled = True

    @app.get("/cached")
    def cached() -> Any:
        response = Response("cached")
        response.set_etag("one")
        return response.make_conditional(request)

    app.add_url_rule("/crash", "crash", lambda: str(1 // 0))
    app.add_url_rule("/options", "options", lambda: "own", methods=["OPTIONS", "GET"])
    return app


def names(response: Any) -> list[str]:
    """Return the names in all Vary headers, as they are sent."""
    lines = response.headers.getlist("Vary")
    return [name.strip() for line in lines for name in line.split(",")]


@pytest.mark.parametrize("origin", [SHOP, "https://evil.example", None])
@pytest.mark.parametrize(("path", "status"), [("/cached", 304), ("/crash", 500), ("/missing", 404)])
def test_every_response_varies(path: str, status: int, origin: str | None) -> None:
    """304 and errors have the origin in Vary, also without an origin and with a foreign one."""
    headers = {"If-None-Match": '"one"'} | ({} if origin is None else {"Origin": origin})
    response = make_app(CORS_ORIGINS=SHOP).test_client().get(path, headers=headers)
    assert (response.status_code, names(response)) == (status, ["Origin"])


@pytest.mark.parametrize(
    ("present", "merged"),
    [
        ([], "Origin"),
        (["Accept"], "Accept, Origin"),
        (["Accept, Cookie"], "Accept, Cookie, Origin"),
        (["Accept", "Cookie"], "Accept, Cookie, Origin"),
        (["origin"], "origin"),
        (["Cookie,ORIGIN"], "Cookie,ORIGIN"),
        (["*"], "*"),
        ([""], "Origin"),
    ],
)
def test_merged_with_what_is_there(present: list[str], merged: str) -> None:
    """The name is added to the view's Vary header, once, and never beside "*"."""
    app = make_app(CORS_ORIGINS=SHOP)
    app.add_url_rule("/", "index", lambda: Response("x", headers=[("Vary", line) for line in present]))
    assert app.test_client().get("/").headers.getlist("Vary") == [merged]


def test_a_constant_leaves_vary_alone() -> None:
    """If every origin gets "*", the view's Vary header is unchanged."""
    app = make_app()
    app.add_url_rule("/", "index", lambda: ("x", {"Vary": "Accept"}))
    assert app.test_client().get("/", headers={"Origin": SHOP}).headers.getlist("Vary") == ["Accept"]


CONFIGS = st.fixed_dictionaries(
    {
        "CORS_ORIGINS": st.sampled_from(
            ["*", SHOP, [SHOP, "https://blog.example"], ["null"], "^https://.*", []]
        ),
        "CORS_ALLOW_HEADERS": st.sampled_from(["*", ["X-One"], []]),
        "CORS_METHODS": st.sampled_from(["*", ["GET", "PUT"]]),
        "CORS_EXPOSE_HEADERS": st.sampled_from(["*", ["X-One"], []]),
        "CORS_ALLOW_PRIVATE_NETWORK": st.booleans(),
    }
)
REQUESTS = st.fixed_dictionaries(
    {
        "Origin": st.sampled_from(ORIGINS),
        "Access-Control-Request-Method": st.sampled_from(METHODS),
        "Access-Control-Request-Headers": st.sampled_from(HEADERS),
        "Access-Control-Request-Private-Network": st.sampled_from(PRIVATE),
    }
)
PATHS = st.sampled_from(["/cached", "/crash", "/options", "/missing"])


def send(app: Cocopot, method: str, path: str, headers: dict[str, str | None]) -> Any:
    given_headers = {name: value for name, value in headers.items() if value is not None}
    return app.test_client().open(path, method=method, headers=given_headers)


def answer(response: Any) -> tuple[int, dict[str, str]]:
    cors_headers = {name: value for name, value in response.headers if name.startswith("Access-Control-")}
    return response.status_code, cors_headers


@settings(deadline=None)
@given(CONFIGS, PATHS, REQUESTS, REQUESTS)
def test_requests_that_agree_in_vary_get_the_same(
    config: dict[str, Any], path: str, one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    """Two requests that differ only in headers that are not in Vary get the same response."""
    app = make_app(**config)
    first = send(app, "GET", path, one)
    second = send(app, "GET", path, {**other, **{name: one[name] for name in names(first) if name in one}})
    assert answer(first) == answer(second)
    assert names(first) == names(second)


@settings(deadline=None)
@given(CONFIGS, PATHS, REQUESTS, REQUESTS)
def test_preflights_that_agree_in_vary_get_the_same(
    config: dict[str, Any], path: str, one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    """The same holds for OPTIONS from any two origins."""
    app = make_app(**config)
    one, other = ({**headers, "Origin": headers["Origin"] or SHOP} for headers in (one, other))
    first = send(app, "OPTIONS", path, one)
    second = send(
        app, "OPTIONS", path, {**other, **{name: one[name] for name in names(first) if name in one}}
    )
    assert answer(first) == answer(second)
    assert names(first) == names(second)


@settings(deadline=None)
@given(CONFIGS, PATHS, REQUESTS, st.sampled_from(["GET", "OPTIONS"]))
def test_vary_names_what_matters_once(
    config: dict[str, Any], path: str, headers: dict[str, str | None], method: str
) -> None:
    """Vary has Origin if and only if the header is not the constant, and has no name twice."""
    response = send(make_app(**config), method, path, headers)
    varied = [name for name in names(response) if name]
    assert ("Origin" in varied) == (config["CORS_ORIGINS"] != "*")
    assert len(varied) == len(set(varied))
    if config["CORS_ORIGINS"] == "*":
        assert response.headers["Access-Control-Allow-Origin"] == "*"
