"""Which requests are rejected, by their headers."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from cocopot_csrf import CSRF, CSRFError, Reason

from cocopot import Cocopot, hookimpl, testing

SHOP = "https://shop.example"
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


def make_app(**config: object) -> Cocopot:
    """Return an application whose view answers every method, and which logs nothing."""
    app = testing.make_app(CSRF, config={"TESTING": False, **config}, static_folder=None)
    app.logger.disabled = True
    app.add_url_rule("/", "change", lambda: "changed", methods=[*UNSAFE, "GET", "PURGE"])
    return app


def status(app: Cocopot, headers: dict[str, str], method: str = "POST", **options: Any) -> int:
    return app.test_client().open("/", method=method, headers=headers, **options).status_code


@pytest.mark.parametrize("method", [*UNSAFE, "PURGE"])
@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("same-origin", 200),
        ("none", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("Same-Origin", 403),
        ("", 403),
        ("same-origin, same-origin", 403),
        ("same-origin,cross-site", 403),
        ("next-world", 403),
    ],
)
def test_sec_fetch_site(method: str, site: str, expected: int) -> None:
    """Browsers send one of four values; whatever else is there is rejected."""
    assert status(make_app(), {"Sec-Fetch-Site": site}, method) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_safe_methods(method: str, headers: dict[str, str]) -> None:
    """A link of another site is followed, and a preflight is answered."""
    assert status(make_app(CSRF_STRICT=True), headers, method) == 200


@pytest.mark.parametrize(
    ("url", "origin", "expected"),
    [
        ("http://shop.example", "http://shop.example", 200),
        ("http://shop.example", "HTTP://Shop.Example", 200),
        ("http://shop.example:80", "http://shop.example", 200),
        ("http://shop.example", "http://shop.example:80", 200),
        ("http://shop.example", "https://shop.example", 200),  # a proxy ends TLS
        ("http://shop.example:8000", "http://shop.example:8000", 200),
        ("https://shop.example", "https://shop.example", 200),
        ("https://shop.example", "https://shop.example:443", 200),
        ("http://[::1]:5000", "http://[::1]:5000", 200),
        ("https://shop.example", "http://shop.example", 403),
        ("http://shop.example:8000", "http://shop.example:8001", 403),
        ("http://shop.example:8000", "http://shop.example", 403),
        ("http://shop.example", "http://www.shop.example", 403),
        ("http://shop.example", "http://shop.example.evil.example", 403),
        ("http://shop.example", "http://shop.example@evil.example", 403),
        ("http://shop.example", "http://evil.example@shop.example", 403),
        ("http://shop.example", "http://shop.example/", 403),
        ("http://shop.example", "http://shop.example?", 403),
        ("http://shop.example", "http://shop.example#", 403),
        ("http://shop.example", "http://shop.example:99999", 403),
        ("http://shop.example", "http://shop.example:", 403),
        ("http://shop.example", "http://[shop.example", 403),
        ("http://shop.example", "http://shop.example, http://shop.example", 403),
        ("http://shop.example", "ftp://shop.example", 403),
        ("http://shop.example", "//shop.example", 403),
        ("http://shop.example", "shop.example", 403),
        ("http://shop.example", "null", 403),
        ("http://shop.example", "", 403),
        ("http://shop.example", "file://", 403),
    ],
)
def test_origin(url: str, origin: str, expected: int) -> None:
    """Without Sec-Fetch-Site, scheme, host and port of the page are those of the request."""
    assert status(make_app(), {"Origin": origin}, base_url=url) == expected


@pytest.mark.parametrize(
    "origin", ["http://sh\top.example", "http://shop.example\x0b", " http://shop.example"]
)
def test_odd_origins(origin: str) -> None:
    """Characters that a URL parser would drop do not make an origin of a text."""
    environ = {"HTTP_ORIGIN": origin, "HTTP_HOST": "shop.example"}
    app = make_app()
    assert app.test_client().post("/", environ_overrides=environ).status_code == 403


@pytest.mark.parametrize(("is_strict", "expected"), [(False, 200), (True, 403)])
def test_neither_header(is_strict: bool, expected: int) -> None:
    """A program that is not a browser sends neither; CSRF_STRICT rejects it."""
    assert status(make_app(CSRF_STRICT=is_strict), {}) == expected


@pytest.mark.parametrize(
    ("authorization", "cookie", "expected"),
    [
        ("Bearer abc", "", 200),
        ("bearer abc", "", 200),
        ("Bearer abc", "session=1", 403),
        ("Basic YTpi", "", 403),
        ("Bearer", "", 403),
        ("Digest bearer abc", "", 403),
        ("", "session=1", 403),
    ],
)
@pytest.mark.parametrize("site", [{"HTTP_SEC_FETCH_SITE": "cross-site"}, {}])
def test_bearer_tokens(site: dict[str, str], authorization: str, cookie: str, expected: int) -> None:
    """A request that only a token identifies is accepted; browsers send cookies by themselves."""
    client = make_app(CSRF_STRICT=True).test_client()
    if cookie:
        client.set_cookie(*cookie.split("="))
    environ = {**site, "HTTP_AUTHORIZATION": authorization}
    assert client.post("/", environ_overrides=environ).status_code == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Origin": SHOP}, 200),
        ({"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": f"{SHOP}:443", "Sec-Fetch-Site": "same-site"}, 200),
        ({"Origin": "http://shop.example"}, 403),
        ({"Origin": f"{SHOP}:8443"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_trusted_origins(headers: dict[str, str], expected: int) -> None:
    """A page of an origin in CSRF_TRUSTED_ORIGINS may send any request."""
    assert status(make_app(CSRF_TRUSTED_ORIGINS=[SHOP]), headers) == expected


def test_a_missing_page() -> None:
    """The check is before everything that a request may cause, so also before that it matches no rule."""
    client = make_app().test_client()
    assert client.post("/missing", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/missing").status_code == 404


def test_before_other_plugins() -> None:
    """Neither a plugin's nor the application's before-request function sees a rejected request."""
    seen = []

    class Account:
        @hookimpl
        def cocopot_before_request(self) -> None:
            seen.append("plugin")

    app = testing.make_app(Account, CSRF, config={"TESTING": False}, static_folder=None)
    app.logger.disabled = True
    app.before_request(lambda: seen.append("application"))
    app.add_url_rule("/", "change", lambda: "changed", methods=["POST"])
    assert status(app, {"Sec-Fetch-Site": "cross-site"}) == 403
    assert seen == []
    assert status(app, {"Sec-Fetch-Site": "same-origin"}) == 200
    assert seen == ["plugin", "application"]


# -- what a rejection shows --------------------------------------------------


def test_the_page() -> None:
    """It explains what to do; what developers need is in debug mode only."""
    app = make_app()
    text = app.test_client().post("/", headers={"Origin": "http://<b>"}).text
    assert "a page of another site has sent it" in text
    assert "CSRF_TRUSTED_ORIGINS" not in text
    app.debug = True
    text = app.test_client().post("/", headers={"Origin": "http://<b>"}).text
    assert "CSRF_TRUSTED_ORIGINS" in text
    assert "<b>" not in text


def test_a_handler() -> None:
    """An application can answer with a page of its own."""
    app = make_app()

    @app.errorhandler(CSRFError)
    def show(error: CSRFError) -> tuple[str, int]:
        return f"rejected: {error.reason}", 400

    response = app.test_client().post("/", headers={"Sec-Fetch-Site": "same-site"})
    assert (response.status_code, response.text) == (400, "rejected: same-site")


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site is 'cross-site', Origin is None."),
        ({"Origin": SHOP}, f"Origin is '{SHOP}', and the request is for http://localhost."),
        ({}, "Neither Sec-Fetch-Site nor Origin is there, and CSRF_STRICT is on."),
    ],
)
def test_the_log(headers: dict[str, str], part: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line states what was rejected, why, and what to do."""
    app = make_app(CSRF_STRICT=True)
    app.logger.disabled = False
    with caplog.at_level(logging.WARNING):
        status(app, headers)
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("csrf: POST '/' (endpoint 'change') is rejected: ")
    assert part in message
    assert "csrf=False" in message


def test_a_forged_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """What a client sends cannot begin a line of the log."""
    app = make_app()
    app.logger.disabled = False
    app.test_client().post("/a%0Ab", headers={"Sec-Fetch-Site": "cross-site"})
    assert "\n" not in caplog.text.rstrip("\n")


def test_plain_http(caplog: pytest.LogCaptureFixture) -> None:
    """Browsers that use the application without TLS are reported once; not those of this machine."""
    app = make_app()
    app.logger.disabled = False
    for host in ("localhost", "127.0.0.1:5000", "[::1]"):
        assert status(app, {"Origin": f"http://{host}"}, base_url=f"http://{host}") == 200
    assert caplog.records == []
    for _ in range(2):
        assert status(app, {"Origin": "http://shop.example"}, base_url="http://shop.example") == 200
    (record,) = caplog.records
    assert "by plain HTTP ('http://shop.example')" in record.getMessage()


def test_reasons() -> None:
    """Every reason is a short text, for counters and logs."""
    assert [str(reason) for reason in Reason] == ["cross-site", "same-site", "other-origin", "no-origin"]
