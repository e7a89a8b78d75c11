"""The configuration is validated at startup."""

from __future__ import annotations

import traceback
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cocopot_session import Sessions

from cocopot import Cocopot, PluginError, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeApp = Callable[..., Cocopot]


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("SESSION_STORE", 5, "Give the URL of a store"),
        ("SESSION_STORE", "", "Give the URL of a store"),
        ("SESSION_STORE_FAILURE", "ignore", "Give 'unavailable'"),
        ("SESSION_COOKIE_NAME", "", "Give the name of a cookie"),
        ("SESSION_COOKIE_NAME", "my session", "is not the name of a cookie"),
        ("SESSION_COOKIE_NAME", 5, "Give the name of a cookie"),
        ("SESSION_COOKIE_DOMAIN", "a b", "is not the domain of a cookie"),
        ("SESSION_COOKIE_DOMAIN", 5, "Give a domain"),
        ("SESSION_COOKIE_DOMAIN", "https://shop.example", "Give a domain"),
        ("SESSION_COOKIE_DOMAIN", "..", "Give a domain"),
        ("SESSION_COOKIE_PATH", "admin", "Give a path that begins with a slash"),
        ("SESSION_COOKIE_PATH", "/a;b", "Give a path"),
        ("SESSION_COOKIE_HTTPONLY", None, "Give True or False"),
        ("SESSION_COOKIE_SECURE", "yes", "Give True, False, or None"),
        ("SESSION_COOKIE_SAMESITE", "lux", "Give 'Lax'"),
        ("SESSION_COOKIE_SAMESITE", True, "Give 'Lax'"),
        ("SESSION_COOKIE_PARTITIONED", "x", "Give True or False"),
        ("PERMANENT_SESSION_LIFETIME", 0, "Give a timedelta or a number of seconds"),
        ("PERMANENT_SESSION_LIFETIME", "3600", "Give a timedelta or a number of seconds"),
        ("PERMANENT_SESSION_LIFETIME", True, "Give a timedelta"),
        ("PERMANENT_SESSION_LIFETIME", timedelta(-1), "Give a timedelta"),
        ("SESSION_REFRESH_EACH_REQUEST", None, "Give True or False"),
        ("SESSION_ABSOLUTE_LIFETIME", 10**12, "at most 100 years"),
        ("SESSION_READ_FLASK", 2, "Give True or False"),
    ],
)
def test_an_invalid_value(make_app: MakeApp, key: str, value: object, remedy: str) -> None:
    """The error names the key, the value, where it was set, and what to give."""
    app = make_app(**{key: value})
    with pytest.raises(PluginError) as caught:
        app.start()
    text = str(caught.value)
    assert f"{key} is {value!r} (set by " in text
    assert "test_session_options" in text or "conftest" in text
    assert remedy in text
    assert caught.value.plugin == "session"


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("SESSION_COOKIE_SECUR", True, "Did you mean 'SESSION_COOKIE_SECURE'?"),
        ("SESSION_TYPE", "redis", "SESSION_STORE is the URL of the store"),
        ("SESSION_PERMANENT", True, "Write session.permanent = True"),
    ],
)
def test_an_unknown_key(make_app: MakeApp, key: str, value: object, remedy: str) -> None:
    """The error names the key, where it was set, and what to do in place of it."""
    app = make_app(**{key: value})
    with pytest.raises(PluginError, match=rf"there is no key {key} \(set by ") as caught:
        app.start()
    assert remedy in str(caught.value)
    assert caught.value.plugin == "session"


@pytest.mark.parametrize(
    "config",
    [
        {"SESSION_COOKIE_SAMESITE": "None"},
        {"SESSION_COOKIE_PARTITIONED": True},
        {"SESSION_COOKIE_NAME": "__Host-sid"},
        {"SESSION_COOKIE_NAME": "__Secure-sid"},
    ],
)
def test_what_needs_a_secure_cookie(make_app: MakeApp, config: dict[str, object]) -> None:
    """Browsers drop such a cookie if it is not secure."""
    app = make_app(SESSION_COOKIE_SECURE=False, **config)
    with pytest.raises(
        PluginError, match=rf"(?s)SESSION_COOKIE_SECURE is False .*With {next(iter(config))} = "
    ):
        app.start()


@pytest.mark.parametrize("name", ["__Http-sid", "__host-http-sid"])
def test_a_name_that_excludes_scripts(make_app: MakeApp, name: str) -> None:
    """Browsers drop such a cookie unless it is HttpOnly and secure."""
    for key in ("HTTPONLY", "SECURE"):
        app = make_app(SESSION_COOKIE_NAME=name, **{f"SESSION_COOKIE_{key}": False})
        with pytest.raises(PluginError, match=f"(?s)SESSION_COOKIE_{key} is False .*browsers drop"):
            app.start()


def test_one_object_for_two_applications() -> None:
    """What has been read of the one is not taken for an assignment to the other."""
    plugin = Sessions()
    apps = [Cocopot(name, autoload=False, plugins=[plugin]) for name in ("birds", "shop")]
    names = [app.session_cookie_name for app in apps]  # type: ignore[attr-defined]
    for app in apps:
        app.start()
    assert names == ["__Host-session"] * 2
    assert [app.config["SESSION_COOKIE_NAME"] for app in apps] == [None, None]


@pytest.mark.parametrize("key", ["PATH", "DOMAIN"])
def test_what_a_prefix_excludes(make_app: MakeApp, key: str) -> None:
    """A name with `__Host-` cannot have another path, or a domain."""
    value = "/admin" if key == "PATH" else "shop.example"
    app = make_app(SESSION_COOKIE_NAME="__Host-sid", **{f"SESSION_COOKIE_{key}": value})
    with pytest.raises(
        PluginError, match=r"(?s)SESSION_COOKIE_NAME is '__Host-sid' .*path='/' and no domain"
    ):
        app.start()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "redi://user:secret@localhost:6379/0",
        "redis://:pa/secret@localhost:6379/0",
        "redis://:secret#pass@localhost:6379/0",
        "redis://localhost?password=secret&unknown=1",
        "redis:secret@localhost",
        "user:secret@localhost/shop",
        "postgresql://ada:pass@ss:secret@db/shop",
    ],
)
def test_a_url_of_no_store(make_app: MakeApp, url: str) -> None:
    """The error names the key; neither it nor what has caused it shows the password."""
    app = make_app(SESSION_STORE=url)
    with pytest.raises(PluginError, match="SESSION_STORE is ") as caught:
        app.start()
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_password_that_is_not_encoded(make_app: MakeApp) -> None:
    """The error has the cure."""
    pytest.importorskip("redis")
    app = make_app(SESSION_STORE="redis://:a/b@localhost:6379/0")
    with pytest.raises(PluginError, match="encode the password: / is %2F"):
        app.start()


@pytest.mark.parametrize("value", [None, "cookie"])
def test_signed_cookies(make_app: MakeApp, value: str | None) -> None:
    """Both mean signed cookies."""
    app = make_app(SESSION_STORE=value)
    app.start()
    assert app.extensions["session"].store is None


def test_keys_of_other_plugins(make_app: MakeApp) -> None:
    """A key that begins with SESSION_ may be one of another plugin."""

    class Other:
        plugin_name = "session_geo"

        @hookimpl
        def cocopot_config_defaults(self) -> dict[str, object]:
            return {"SESSION_GEO_FILE": None}

    make_app(Other()).start()


class TestAttributes:
    """What Flask has as attributes of the application."""

    def test_they_are_read(self, make_app: MakeApp) -> None:
        """They are the name of the cookie by HTTPS, and the lifetime."""
        app = make_app(PERMANENT_SESSION_LIFETIME=60)
        assert (app.session_cookie_name, app.permanent_session_lifetime) == ("__Host-session", 60)  # type: ignore[attr-defined]
        app.config["SESSION_COOKIE_NAME"] = "sid"
        app.start()
        assert app.session_cookie_name == "sid"  # type: ignore[attr-defined]

    def test_they_are_assigned(self, make_app: MakeApp) -> None:
        """What is assigned before the first request is the configuration."""
        app = make_app()
        app.session_cookie_name = "sid"
        app.permanent_session_lifetime = timedelta(minutes=5)
        app.start()
        assert app.config["SESSION_COOKIE_NAME"] == "sid"
        assert app.config["PERMANENT_SESSION_LIFETIME"] == timedelta(minutes=5)

    def test_those_of_a_subclass(self) -> None:
        """What a subclass has is left to it."""

        class Shop(Cocopot):
            session_cookie_name = "own"

        app = Shop("shop", autoload=False, plugins=[Sessions])
        assert app.session_cookie_name == "own"
