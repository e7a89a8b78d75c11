"""The sessions of a user are listed and revoked, by functions and by `cocopot session`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_session import Session, Stored, list_sessions, revoke_session, revoke_sessions
from cocopot_session import session as typed_session

import cocopot
from cocopot import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Cocopot
    from cocopot.testing import Client

    MakeApp = Callable[..., Cocopot]


@pytest.fixture
def app(stored_app: Cocopot) -> Cocopot:
    @stored_app.get("/login/<user>")
    def login(user: str) -> str:
        typed_session.user = user
        session["agent"] = "Firefox"
        return "in"

    @stored_app.get("/devices")
    def devices() -> list[object]:
        return [[info.values, info.is_current] for info in list_sessions(typed_session.user or "")]

    @stored_app.get("/password")
    def change_password() -> str:
        session["changed"] = True
        return str(revoke_sessions(typed_session.user or "", keep_current=True))

    stored_app.add_url_rule("/user", "user", lambda: str(typed_session.user))
    return stored_app


def sign_in(app: Cocopot, *users: str) -> list[Client]:
    """Return clients that are signed in."""
    clients = [app.test_client() for _ in users]
    for client, user in zip(clients, users, strict=True):
        client.get(f"/login/{user}")
    return clients


def test_they_are_listed(app: Cocopot) -> None:
    """A page can show a user's sessions, and which of them is that of the request."""
    first, _, _ = sign_in(app, "ada", "ada", "grace")
    assert first.get("/devices").json == [[{"agent": "Firefox"}, False], [{"agent": "Firefox"}, True]]
    with app.app_context():
        infos = list_sessions("ada")
        assert [info.created <= info.expires for info in infos] == [True, True]
        assert infos[0].created >= infos[1].created
        assert list_sessions("nobody") == []


def test_the_others_are_revoked(app: Cocopot) -> None:
    """After a change of the password, only the session that has changed it remains."""
    clients = sign_in(app, "ada", "ada", "ada", "grace")
    assert clients[0].get("/password").text == "2"
    assert [client.get("/user").text for client in clients] == ["ada", "None", "None", "grace"]


def test_all_are_revoked(app: Cocopot) -> None:
    """An account is locked, outside of a request."""
    clients = sign_in(app, "ada", "ada", "grace")
    with app.app_context():
        assert revoke_sessions("ada") == 2
    assert [client.get("/user").text for client in clients] == ["None", "None", "grace"]


def test_a_session_that_is_rotated_meanwhile(app: Cocopot, store: Any) -> None:
    """It is revoked under its new key."""

    @app.get("/rotate")
    def rotate() -> str:
        session.rotate()
        return ""

    (client,) = sign_in(app, "ada")
    keys_of = store.keys_of

    def rotate_after(user: str) -> list[str]:
        store.keys_of = keys_of
        keys = keys_of(user)
        client.get("/rotate")
        return list(keys)

    store.keys_of = rotate_after
    with app.app_context():
        assert revoke_sessions("ada") == 2
    assert client.get("/user").text == "None"
    assert store.sessions == {}


@pytest.mark.parametrize("values", [b"{secret", b'{" d":"secret"}', b"[" * 5000])
def test_a_damaged_one(app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture, values: bytes) -> None:
    """It is logged, without its values, is not listed, and can be revoked."""
    sign_in(app, "ada", "ada")
    key, old = next(iter(store.sessions.items()))
    store.sessions[key] = Stored(old.version, {"x": values}, old.created, old.expires, "ada")
    with app.app_context():
        assert len(list_sessions("ada")) == 1
        assert "a session in the store is damaged" in caplog.text
        assert "secret" not in caplog.text
        revoke_session(key)
        assert revoke_sessions("ada") == 1
    assert store.sessions == {}


@pytest.mark.parametrize("key", ["", "user:ada", "../../x", "\x00", "A" * 64, "a" * 65])
def test_a_key_that_is_not_one(app: Cocopot, store: Any, key: str) -> None:
    """The store is not asked for it."""
    store.calls.clear()
    with app.app_context():
        revoke_session(key)
    assert store.calls == []


@pytest.mark.parametrize("user", ["a\0da", "\ud800"])
def test_a_user_that_not_every_store_can_have(app: Cocopot, user: str) -> None:
    """It is an error where it is assigned, not when the session is saved."""
    with app.test_request_context(), pytest.raises(ValueError, match="use an identifier"):
        typed_session.user = user


def test_one_is_revoked(app: Cocopot) -> None:
    """By its key, twice without harm."""
    clients = sign_in(app, "ada", "ada")
    with app.app_context():
        key = list_sessions("ada")[0].key
        revoke_session(key)
        revoke_session(key)
    assert [client.get("/user").text for client in clients] == ["ada", "None"]


def test_a_session_changes_its_user(app: Cocopot) -> None:
    """It is listed for the new one only, and for none after signing out."""
    (client,) = sign_in(app, "ada")
    client.get("/login/grace")
    with app.app_context():
        assert [len(list_sessions(user)) for user in ("ada", "grace")] == [0, 1]
    with client.session_transaction() as stored:
        stored.destroy()
    with app.app_context():
        assert list_sessions("grace") == []


def test_the_current_one_is_revoked(app: Cocopot, store: Any) -> None:
    """What the request changes in it afterwards is not stored."""

    @app.get("/lock")
    def lock() -> str:
        assert typed_session.user == "ada"
        revoke_sessions("ada")
        session["late"] = True
        return "locked"

    (client,) = sign_in(app, "ada")
    client.get("/lock")
    assert store.sessions == {}


def test_signed_cookies(make_app: MakeApp) -> None:
    """They cannot be listed: the error states what to configure."""
    app = make_app()
    with (
        app.app_context(),
        pytest.raises(RuntimeError, match=r"cannot be listed or revoked: set SESSION_STORE"),
    ):
        list_sessions("ada")
    client = app.test_client()
    with client.session_transaction() as stored:
        assert isinstance(stored, Session)
        stored.user = "ada"
        stored["a"] = 1
    with client.session_transaction() as stored:
        assert isinstance(stored, Session)
        assert stored.user == "ada"


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_session_with_nothing_but_a_user(
    make_app: MakeApp, store: Any, with_store: Any, is_stored: bool
) -> None:
    """It is stored."""
    client = make_app(*([with_store(store)] if is_stored else [])).test_client()
    for expected in (None, "ada"):
        with client.session_transaction() as stored:
            assert isinstance(stored, Session)
            assert stored.user == expected
            stored.user = "ada"


def test_the_typed_proxy() -> None:
    """It is the object that `cocopot` has."""
    assert typed_session is cocopot.session


class TestCommand:
    """`cocopot session`."""

    def run(self, app: Cocopot, *args: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["session", *args])
        return result.exit_code, result.output

    def test_list(self, app: Cocopot, store: Any) -> None:
        """It shows when they were created and expire, and no values."""
        sign_in(app, "ada", "ada")
        code, output = self.run(app, "list", "ada")
        assert code == 0
        assert output.endswith("2 sessions of 'ada'.\n")
        assert "Firefox" not in output
        code, output = self.run(app, "list", "ada", "--json")
        assert {row["key"] for row in json.loads(output)} == set(store.sessions)
        assert json.loads(output)[0]["keys"] == ["agent"]

    def test_revoke(self, app: Cocopot, store: Any) -> None:
        """It deletes them."""
        sign_in(app, "ada", "grace")
        assert self.run(app, "revoke", "ada") == (0, "1 sessions of 'ada' deleted.\n")
        assert [stored.user for stored in store.sessions.values()] == ["grace"]

    def test_clean(self, app: Cocopot, store: Any) -> None:
        """It deletes what has expired."""
        sign_in(app, "ada", "grace")
        store.sessions["old"] = Stored("1", {}, 0, 1, None)
        assert self.run(app, "clean") == (0, "1 expired sessions deleted.\n")
        assert len(store.sessions) == 2

    def test_errors(self, app: Cocopot, make_app: MakeApp, store: Any) -> None:
        """They are shown without a traceback."""
        code, output = self.run(make_app(), "list", "ada")
        assert (code, "set SESSION_STORE" in output) == (1, True)
        store.broken = {"keys_of"}
        code, output = self.run(app, "revoke", "ada")
        assert (code, output) == (1, "Error: memory://birds cannot be reached\n")


class TestCheck:
    """What `cocopot check` reports."""

    def findings(self, app: Cocopot) -> list[tuple[str, str]]:
        app.start()
        results = app.plugins.hook.cocopot_check(app=app)
        return [(finding.severity, finding.problem) for found in results for finding in found]

    def test_a_store_that_cannot_be_reached(self, app: Cocopot, store: Any) -> None:
        """It is an error."""
        assert self.findings(app) == []
        store.broken = {"load", "create"}
        assert self.findings(app) == [
            ("error", "The store of the sessions cannot be reached: memory://birds cannot be reached")
        ]

    def test_a_cookie_that_is_not_secure(self, make_app: MakeApp) -> None:
        """It is a risk."""
        ((severity, problem),) = self.findings(make_app(SESSION_COOKIE_SECURE=False))
        assert (severity, problem.startswith("SESSION_COOKIE_SECURE is off")) == ("warning", True)
