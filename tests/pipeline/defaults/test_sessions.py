"""`app.session_interface`: the built-in implementation of the session hooks."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.sessions import SecureCookieSessionInterface

from cocopot import Cocopot, Request, flash, hookimpl, session
from cocopot.exceptions import blame_of, notes_of
from cocopot.sessions import Session, SessionInterface
from tests.signed_cookies import Shop, SignedCookies

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Response

FLASK_KEYS = {
    "SESSION_COOKIE_NAME": "flask",
    "SESSION_COOKIE_DOMAIN": None,
    "SESSION_COOKIE_PATH": None,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SECURE": False,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_PARTITIONED": False,
    "SESSION_REFRESH_EACH_REQUEST": True,
    "SECRET_KEY_FALLBACKS": None,
}


def app_with(interface: Any) -> Cocopot:
    """Return an application in test mode with an interface and a view that counts visits."""
    app = Cocopot("shop", autoload=False)
    app.testing = True
    app.session_interface = interface

    @app.get("/")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return str(session["visits"])

    return app


def test_signed_cookies() -> None:
    """The interface of the documentation stores values, and ignores a cookie that has been changed."""
    app = app_with(SignedCookies())
    app.secret_key = "key"
    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]
    cookie = client.get_cookie("session")
    assert cookie is not None
    client.set_cookie("session", "x" + cookie.value)
    assert client.get("/").text == "1"


def test_no_session_for_a_request() -> None:
    """If the interface returns None, its null session is used, with its own reason, and is not saved."""
    app = app_with(SignedCookies())
    app.add_url_rule("/read", "read", lambda: str(len(session)))
    client = app.test_client()
    response = client.get("/read")
    assert (response.text, "Vary" in response.headers, "Set-Cookie" in response.headers) == (
        "0",
        False,
        False,
    )
    with pytest.raises(RuntimeError, match="The session cannot be changed: SECRET_KEY is not set"):
        client.get("/")


def test_an_interface_of_flask() -> None:
    """Flask's own interface works: cookie, permanent sessions, and the null session without a key."""
    app = app_with(SecureCookieSessionInterface())
    app.config.update(FLASK_KEYS)
    vars(app)["permanent_session_lifetime"] = timedelta(days=31)

    @app.get("/flash")
    def flash_once() -> str:
        flash("hello")
        return "flashed"

    client = app.test_client()
    with pytest.raises(RuntimeError, match="no secret key was set"):
        client.get("/")
    app.secret_key = "key"
    assert [client.get("/").text for _ in range(2)] == ["1", "2"]
    with client.session_transaction() as stored:
        stored["visits"], stored.permanent = 7, True
    assert client.get("/").text == "8"
    cookie = client.get_cookie("flask")
    assert cookie is not None
    assert cookie.expires is not None
    client.get("/flash")
    with client:
        client.get("/")
        assert session["_flashes"] == [("message", "hello")]


def test_an_interface_of_another_class() -> None:
    """An object with the two methods is enough."""

    class Other:
        def __init__(self) -> None:
            self.stored: dict[str, Any] = {}

        def open_session(self, app: Any, request: Any) -> Session | None:
            return Session(self.stored) if "X-No" not in request.headers else None

        def save_session(self, app: Any, session: Any, response: Any) -> None:
            self.stored.update(session)

    client = app_with(Other()).test_client()
    assert [client.get("/").text for _ in range(2)] == ["1", "2"]
    with pytest.raises(RuntimeError, match="cannot be changed"):
        client.get("/", headers={"X-No": "1"})


class Broken(SignedCookies):  # type: ignore[misc, valid-type]  # of the documentation
    """Raises in the method whose name it is given."""

    def __init__(self, method: str) -> None:
        self.method = method

    def open_session(self, app: Any, request: Any) -> Any:
        """Raise, or open a session."""
        if self.method == "open":
            raise LookupError("broken")
        return Session()

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        """Raise."""
        raise LookupError("broken")


@pytest.mark.parametrize("method", ["open", "save"])
def test_an_exception_names_the_interface(method: str) -> None:
    """An exception of an interface has its class in a note; no plugin is blamed."""
    with pytest.raises(LookupError) as caught:
        app_with(Broken(method)).test_client().get("/")
    assert f"Raised by app.session_interface, a {__name__}.Broken." in notes_of(caught.value)
    assert blame_of(caught.value) == ()


class Plain:
    """Opens what another class creates, and stores nothing."""

    def __init__(self, create: Callable[[], object], null: Callable[[], object] = dict) -> None:
        self.create, self.null = create, null

    def open_session(self, app: Cocopot, request: Request) -> object:
        """Return an object."""
        return self.create()

    def save_session(self, app: Cocopot, session: Session, response: Response) -> None:
        """Do nothing."""

    def make_null_session(self, app: Cocopot) -> object:
        """Return an object."""
        return self.null()


@pytest.mark.parametrize("create", [dict, OrderedDict, UserDict])
def test_a_mapping_that_is_not_a_session(create: Callable[[], object]) -> None:
    """It is an error that names the interface, what the class lacks, and the cure; not its content."""
    with pytest.raises(TypeError) as caught:
        app_with(Plain(lambda: create(user="ada"))).test_client().get("/")  # type: ignore[call-arg]
    text = str(caught.value)
    assert f"open_session of app.session_interface, a {__name__}.Plain returned a " in text
    assert ", which is not a session: its class has no permanent and no new and " in text
    assert "Return an object of a class that is derived from cocopot.sessions.Session; " in text
    assert "ada" not in text


@pytest.mark.parametrize(("interface", "method"), [(Plain(str), "open"), (Plain(type(None)), "make_null")])
def test_a_wrong_value_names_the_interface(interface: Plain, method: str) -> None:
    """A value that is not a session is an error about the interface, with the cure."""
    match = rf"{method}_session of app.session_interface, a .*\.Plain returned a .*derived from"
    with pytest.raises(TypeError, match=match):
        app_with(interface).test_client().get("/")


def test_a_plugin_has_precedence() -> None:
    """An interface is for the requests that a session plugin leaves to it, which a warning explains."""

    class Plugin:
        plugin_name = "sessions"

        @hookimpl
        def cocopot_open_session(self, request: Request) -> Session | None:
            return Session({"user": "robot"}) if "X-Robot" in request.headers else None

    with pytest.warns(
        UserWarning, match=r"used only for requests for which sessions opens no session"
    ) as caught:
        app = Shop(plugins=[Plugin()])
    assert caught[0].filename == Shop.__init__.__code__.co_filename
    client = app.test_client()
    client.get("/write/ada")
    assert client.get("/read").text == "ada"
    assert client.get("/read", headers={"X-Robot": "1"}).text == "robot"


def test_the_default_is_none() -> None:
    """Without an assignment the interface is an object of the base class, which opens no session."""
    assert type(Cocopot("shop", autoload=False).session_interface) is SessionInterface
