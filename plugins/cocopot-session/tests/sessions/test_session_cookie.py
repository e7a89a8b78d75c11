"""The cookie of a session: its name and its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from session_views import done

from cocopot import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Cocopot

    MakeApp = Callable[..., Cocopot]


HTTPS = "https://shop.example"


def cookie_of(app: Cocopot, url: str = "/", base_url: str = "http://localhost") -> str:
    """Return the `Set-Cookie` of a response, without the value."""
    if "set" not in app.view_functions:
        app.add_url_rule("/", "set", done(lambda: session.update(user=1)))
    header = app.test_client().get(url, base_url=base_url).headers["Set-Cookie"]
    name, _, rest = header.partition("=")
    return f"{name}={rest.partition('; ')[2]}"


SECURE = "__Host-session=Secure; HttpOnly; Path=/; SameSite=Lax"
PLAIN = "session=HttpOnly; Path=/; SameSite=Lax"


@pytest.mark.parametrize(
    ("debug", "base_url", "expected"),
    [
        (False, "http://localhost", SECURE),
        (False, "http://shop.example", SECURE),
        (False, HTTPS, SECURE),
        (True, HTTPS, SECURE),
        (True, "https://localhost", SECURE),
        (True, "http://shop.example", SECURE),
        (True, "http://192.168.1.5:5000", SECURE),
        (True, "http://localhost.shop.example", SECURE),
        (True, "http://localhost", PLAIN),
        (True, "http://localhost:5000", PLAIN),
        (True, "http://shop.localhost:5000", PLAIN),
        (True, "http://127.0.0.1:5000", PLAIN),
        (True, "http://[::1]:5000", PLAIN),
        (True, "http://[::1]", PLAIN),
    ],
)
def test_it_is_secure_by_default(make_app: MakeApp, debug: bool, base_url: str, expected: str) -> None:
    """It is `Secure`, with the prefix `__Host-`, except in debug mode on this machine."""
    app = make_app(DEBUG=debug)
    app.logger.disabled = True
    assert cookie_of(app, base_url=base_url) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"NAME": "sid"}, "sid=Secure; HttpOnly; Path=/; SameSite=Lax"),
        ({"SECURE": False}, PLAIN),
        ({"SECURE": True, "DEBUG": True}, SECURE),
        ({"DOMAIN": "shop.example"}, "session=Domain=shop.example; Secure; HttpOnly; Path=/; SameSite=Lax"),
        ({"PATH": "/admin"}, "session=Secure; HttpOnly; Path=/admin; SameSite=Lax"),
        ({"HTTPONLY": False}, "__Host-session=Secure; Path=/; SameSite=Lax"),
        ({"SAMESITE": None}, "__Host-session=Secure; HttpOnly; Path=/"),
        ({"SAMESITE": "Strict"}, "__Host-session=Secure; HttpOnly; Path=/; SameSite=Strict"),
        ({"SAMESITE": "None", "DEBUG": True}, "__Host-session=Secure; HttpOnly; Path=/; SameSite=None"),
        (
            {"PARTITIONED": True, "DEBUG": True},
            "__Host-session=Secure; HttpOnly; Path=/; SameSite=Lax; Partitioned",
        ),
        ({"NAME": "__Host-sid", "DEBUG": True}, "__Host-sid=Secure; HttpOnly; Path=/; SameSite=Lax"),
    ],
)
def test_each_attribute_is_configured(make_app: MakeApp, config: dict[str, Any], expected: str) -> None:
    """The keys of Flask set the attributes; the prefix is there only where browsers accept it."""
    keys = {key if key == "DEBUG" else f"SESSION_COOKIE_{key}": value for key, value in config.items()}
    assert cookie_of(make_app(**keys)) == expected


def test_the_path_is_that_of_the_application(make_app: MakeApp) -> None:
    """Without SESSION_COOKIE_PATH, it is APPLICATION_ROOT, with which there can be no prefix."""
    app = make_app(APPLICATION_ROOT="/shop")
    app.add_url_rule("/", "set", done(lambda: session.update(user=1)))
    header = app.test_client().get("/", base_url="http://localhost/shop").headers["Set-Cookie"]
    assert header.startswith("session=")
    assert "Path=/shop" in header


def test_a_warning_by_plain_http(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """A browser that gets a secure cookie by plain HTTP does not return it: that is logged once."""
    app = make_app()
    for _ in range(2):
        cookie_of(app, base_url="http://shop.example")
    (record,) = caplog.records
    assert record.getMessage() == (
        "session: the cookie is secure, and 'shop.example' is requested by plain HTTP, by which browsers do "
        "not return it. Serve the application by HTTPS, or set SESSION_COOKIE_SECURE = False."
    )


@pytest.mark.parametrize("base_url", ["http://localhost", "http://127.0.0.1:8000", HTTPS])
def test_no_warning(make_app: MakeApp, caplog: pytest.LogCaptureFixture, base_url: str) -> None:
    """By HTTPS, and on this machine, it does."""
    cookie_of(make_app(), base_url=base_url)
    assert caplog.records == []


def test_no_warning_behind_a_proxy(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """What a proxy forwards may be by HTTPS up to the proxy."""
    app = make_app()
    app.add_url_rule("/", "set", done(lambda: session.update(user=1)))
    headers = {"X-Forwarded-Proto": "https"}
    app.test_client().get("/", base_url="http://shop.example", headers=headers)
    assert caplog.records == []


def test_it_comes_back(make_app: MakeApp) -> None:
    """The name that is set is the name that is read, with and without the prefix."""
    app = make_app(DEBUG=True)
    app.add_url_rule("/", "count", lambda: str(session.change("visits", lambda visits: visits + 1, 0)))
    for base_url in ("http://localhost", HTTPS):
        client = app.test_client()
        assert [client.get("/", base_url=base_url).text for _ in range(2)] == ["1", "2"]


def test_a_plain_cookie_where_the_prefix_is_required(make_app: MakeApp) -> None:
    """What another host of the domain can set is not read by HTTPS."""
    app = make_app(DEBUG=True)
    app.add_url_rule("/", "count", lambda: str(session.change("visits", lambda visits: visits + 1, 0)))
    client = app.test_client()
    client.get("/")
    plain = client.get_cookie("session")
    assert plain is not None
    headers = {"Cookie": f"session={plain.value}"}
    assert app.test_client(use_cookies=False).get("/", base_url=HTTPS, headers=headers).text == "1"
