"""HTTPS and proxies."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from cocopot_headers import SecurityHeaders

from cocopot import Cocopot, request, testing

YEAR = 31_536_000
HSTS = "Strict-Transport-Security"


def make_app(**config: object) -> Cocopot:
    config = {"TESTING": False, **{f"HEADERS_{key}": value for key, value in config.items()}}
    app = testing.make_app(SecurityHeaders, config=config, static_folder=None)
    app.logger.disabled = True
    app.add_url_rule("/", "index", lambda: f"{request.scheme} {request.remote_addr}", methods=["GET", "POST"])
    app.add_url_rule("/health", "health", lambda: "ok", https=False)
    return app


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"HSTS": YEAR}, f"max-age={YEAR}"),
        ({"HSTS": 0}, "max-age=0"),
        ({"HSTS": 60, "HSTS_SUBDOMAINS": True}, "max-age=60; includeSubDomains"),
        (
            {"HSTS": YEAR, "HSTS_SUBDOMAINS": True, "HSTS_PRELOAD": True},
            f"max-age={YEAR}; includeSubDomains; preload",
        ),
        ({}, None),
    ],
)
def test_hsts(config: dict[str, object], expected: str | None) -> None:
    """It is sent over https only, and only if it is configured."""
    client = make_app(**config).test_client()
    assert client.get("/", base_url="https://shop.example").headers.get(HSTS) == expected
    assert HSTS not in client.get("/", base_url="http://shop.example").headers


@pytest.mark.parametrize(
    ("url", "port", "location"),
    [
        ("http://shop.example/", True, "https://shop.example/"),
        ("http://shop.example:8080/?a=b%26c&d", True, "https://shop.example/?a=b%26c&d"),
        ("http://shop.example/", 8443, "https://shop.example:8443/"),
        ("http://[::1]:5000/missing", True, "https://[::1]/missing"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_redirects(url: str, port: object, location: str, method: str) -> None:
    """A request that may be repeated is redirected to the same URL with https."""
    response = make_app(HTTPS_REDIRECT=port).test_client().open(url, method=method)
    assert (response.status_code, response.headers["Location"]) == (301, location)
    assert "X-Content-Type-Options" in response.headers


def test_a_path_like_a_host() -> None:
    """It is not taken for one."""
    client = make_app(HTTPS_REDIRECT=True).test_client()
    response = client.get("/", environ_overrides={"PATH_INFO": "//evil.example/"})
    assert response.headers["Location"] == "https://localhost/evil.example/"


def test_other_requests() -> None:
    """Another method is rejected; https, and a route with `https=False`, are served."""
    client = make_app(HTTPS_REDIRECT=True).test_client()
    assert client.post("/").status_code == 403
    assert client.options("/").status_code == 403
    assert client.get("/", base_url="https://localhost").status_code == 200
    assert client.post("/", base_url="https://localhost").status_code == 200
    assert client.get("/health").status_code == 200


def test_an_untrusted_host() -> None:
    """A redirect never leads to a host that the application does not serve."""
    app = make_app(HTTPS_REDIRECT=True)
    app.config["TRUSTED_HOSTS"] = ["shop.example"]
    assert app.test_client().get("/", base_url="http://evil.example").status_code == 400


def test_a_second_start() -> None:
    """An application that was closed can be started with another configuration."""
    app = make_app(HTTPS_REDIRECT=True, CSP_REPORT="/reports")
    client = app.test_client()
    assert [client.get("/").status_code, client.post("/reports", json=[]).status_code] == [301, 204]
    app.close()
    app.start()
    assert [client.get("/").status_code, client.post("/reports", json=[]).status_code] == [301, 204]
    app.close()
    app.config["HEADERS_HTTPS_REDIRECT"] = False
    assert client.get("/").status_code == 200


def test_debug_mode() -> None:
    """Development by plain HTTP goes on working."""
    app = make_app(HTTPS_REDIRECT=True)
    app.debug = True
    assert app.test_client().get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Proto": "HTTPS, http"},
        {"Forwarded": 'for=192.0.2.7; proto="https"'},
        {"X-Forwarded-Ssl": "on"},
        {"Front-End-Https": "On"},
    ],
)
def test_no_loop_behind_a_proxy(headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """A request that has been https up to a proxy is not redirected to the same URL; it is logged once."""
    app = make_app(HTTPS_REDIRECT=True)
    app.logger.disabled = False
    client = app.test_client()
    assert [client.get("/", headers=headers).status_code for _ in range(3)] == [200] * 3
    assert sum("was not redirected" in text for text in caplog.messages) == 1


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        (1, "https 192.0.2.2"),
        (2, "http 192.0.2.1"),
        (0, "http 127.0.0.1"),
        ({"x_for": 2}, "http 192.0.2.1"),
        ({"x_proto": 1}, "https 127.0.0.1"),
        ({}, "http 127.0.0.1"),
    ],
)
def test_trusted_proxies(proxies: object, expected: str) -> None:
    """The addresses of that many proxies are believed, and none by default."""
    headers = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Proto": "http, https"}
    assert make_app(PROXIES=proxies).test_client().get("/", headers=headers).text == expected


def test_a_redirect_behind_a_trusted_proxy() -> None:
    """Only what is plain HTTP up to the proxy is redirected, and https gets HSTS."""
    client = make_app(PROXIES=1, HTTPS_REDIRECT=True, HSTS=60).test_client()
    plain, secure = ({"X-Forwarded-Proto": scheme} for scheme in ("http", "https"))
    assert client.get("/", headers=plain).headers["Location"] == "https://localhost/"
    assert client.get("/", headers=secure).headers[HSTS] == "max-age=60"


@pytest.mark.parametrize(("proxies", "expected"), [(0, 1), (1, 0)])
def test_the_warning(proxies: int, expected: int, caplog: pytest.LogCaptureFixture) -> None:
    """Headers of a proxy that is not trusted are logged once, without what they contain."""
    app = make_app(PROXIES=proxies)
    app.logger.disabled = False
    client = app.test_client()
    for _ in range(3):
        client.get("/", headers={"X-Forwarded-For": "192.0.2.1"})
    found: list[Any] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(found) == expected
    assert all("X-Forwarded-For" in (text := entry.getMessage()) and "192" not in text for entry in found)
