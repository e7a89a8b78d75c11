"""Sign-in and first start of the notes example."""

from __future__ import annotations

import importlib
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import PluginError
from tests.examples.notes import PASSWORD, create_app, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client


def is_signed_in(client: Client) -> bool:
    """Return whether the client may write."""
    return client.get("/notes/new").status_code == 200


class TestSignIn:
    def test_sign_in_and_out(self, visitor: Client) -> None:
        """With name and password a visitor may write, until the sign-out; each is confirmed by a message."""
        assert not is_signed_in(visitor)
        response = sign_in(visitor, next="/about")
        assert (response.status_code, response.location) == (303, "/about")
        assert "Welcome, demo." in visitor.get("/").text
        assert is_signed_in(visitor)
        assert visitor.get("/sign-in").location == "/"
        assert visitor.post("/sign-out").location == "/"
        assert "You are signed out." in visitor.get("/").text
        assert not is_signed_in(visitor)

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"name": "demo"},
            {"name": "demo", "password": ""},
            {"name": "demo", "password": "fern"},
            {"name": "<b>", "password": PASSWORD},
            {"name": "demo", "password": "\x00" * 5000},
        ],
    )
    def test_refused(self, visitor: Client, form: dict[str, str]) -> None:
        """Otherwise the form is shown again, without the password, and does not reveal which one is wrong."""
        response = visitor.post("/sign-in", data=form)
        assert response.status_code == 422
        assert "Name or password is wrong." in response.text
        assert PASSWORD not in response.text
        assert "<b>" not in response.text
        assert not is_signed_in(visitor)

    @pytest.mark.parametrize(
        ("wanted", "location"),
        [
            ("/notes/1/edit?q=a%26b", "/notes/1/edit?q=a%26b"),
            ("", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("/a\\b", "/"),
            ("/\t/evil.example", "/"),
            ("/a\r\nSet-Cookie: a=b", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("evil.example", "/"),
        ],
    )
    def test_next_page(self, client: Client, wanted: str, location: str) -> None:
        """The sign-in leads to the page that was wanted, and never to another site."""
        assert client.get("/sign-in", query_string={"next": wanted}).location == location

    def test_session_before(self, visitor: Client) -> None:
        """Nothing that was in the session before the sign-in, or the sign-out, stays in it."""
        for path in ("/sign-in", "/sign-out"):
            with visitor.session_transaction() as session:
                session["cart"] = "of another person"
            visitor.post(path, data={"name": "demo", "password": PASSWORD})
            with visitor.session_transaction() as session:
                assert "cart" not in session

    def test_another_password(self, client: Client, database: Path) -> None:
        """A new password in the configuration replaces the one before, and ends what was opened with it."""
        [cookie] = [c for c in client._cookies.values() if c.http_only]  # type: ignore[union-attr]
        other = create_app(database, NOTES_PASSWORD="another one").test_client()
        other.set_cookie(cookie.key, cookie.value)
        assert not is_signed_in(other)
        assert sign_in(other).status_code == 422
        assert other.post("/sign-in", data={"name": "demo", "password": "another one"}).status_code == 303
        assert is_signed_in(other)

    def test_known_identifier(self, database: Path, app: Cocopot) -> None:
        """Whoever knows the identifier of a session before the sign-in is not signed in by it."""
        app = create_app(database, SESSION_STORE=f"sqlite:///{database.with_name('sessions.sqlite')}")
        victim, attacker = app.test_client(), app.test_client()
        attacker.get("/account")  # a message is stored for the sign-in
        planted = [cookie for cookie in attacker._cookies.values() if cookie.http_only]  # type: ignore[union-attr]
        victim.set_cookie(planted[0].key, planted[0].value)
        sign_in(victim)
        assert is_signed_in(victim)
        assert not is_signed_in(attacker)

    def test_elsewhere(self, database: Path, app: Cocopot) -> None:
        """With sessions in a store, a user sees them, and can end those of other browsers."""
        app = create_app(database, SESSION_STORE=f"sqlite:///{database.with_name('sessions.sqlite')}")
        here, there = app.test_client(), app.test_client()
        for client in (there, here):
            sign_in(client)
            assert is_signed_in(client)
        html = here.get("/account").text
        assert (html.count("<li>Since"), html.count("(this browser)")) == (2, 1)
        assert here.post("/account/sessions").location == "/account"
        assert "1 session has been ended." in here.get("/account").text
        assert (is_signed_in(here), is_signed_in(there)) == (True, False)

    def test_cookies_cannot_be_listed(self, client: Client) -> None:
        """With sessions in cookies, the page of the account has no list."""
        assert "Sessions" not in client.get("/account").text


class TestFirstStart:
    def test_password(self, app: Cocopot, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Without a password, the first start creates one and logs it; later ones do not."""
        for _ in range(2):
            create_app(tmp_path / "new").start()
        [line] = [message for message in caplog.messages if message.startswith("First start")]
        match = re.search(r"sign in as 'demo' with the password '([\w-]{12})'", line)
        assert match
        client = create_app(tmp_path / "new").test_client()
        assert "was written to the log" in client.get("/sign-in").text
        assert client.post("/sign-in", data={"name": "demo", "password": match[1]}).status_code == 303

    def test_hashed(self, client: Client, database: Path) -> None:
        """The database has neither the password nor the token, but hashes of them."""
        with closing(sqlite3.connect(database)) as connection:
            [(password, token)] = connection.execute("SELECT password, token FROM user")
        assert password.startswith("$argon2id$")
        assert re.fullmatch("[0-9a-f]{64}", token)
        assert token not in client.environ_base["HTTP_AUTHORIZATION"]

    @pytest.mark.parametrize("key", ["NOTES_USER", "NOTES_PASSWORD"])
    @pytest.mark.parametrize("value", [12345678, "", True])
    def test_invalid(self, app: Cocopot, database: Path, key: str, value: Any) -> None:
        """A user or a password that is not a text stops the start; the message has the key, not the value."""
        with pytest.raises(PluginError, match=f"{key} has to be a text") as raised:
            create_app(database, **{key: value}).start()
        assert "12345678 " not in str(raised.value)

    def test_key(self, app: Cocopot, database: Path) -> None:
        """Without SECRET_KEY, a key is created that only its owner can read, and a restart reads it."""
        keys = {create_app(database, SECRET_KEY=None).secret_key for _ in range(2)}
        path = database.with_suffix(".key")
        assert keys == {path.read_text()}
        assert len(path.read_text()) == 64
        assert path.stat().st_mode & 0o077 == 0

    def test_at_once(self, app: Cocopot, tmp_path: Path) -> None:
        """Processes that start at once create one key and one user."""
        first_run = importlib.import_module("noteboard.first_run")
        with ThreadPoolExecutor(8) as threads:
            keys = set(threads.map(first_run.read_or_create_key, [tmp_path / "new" / "key"] * 8))
            apps = [create_app(tmp_path / "db") for _ in range(4)]
            list(threads.map(lambda app: app.start(), apps))
        assert len(keys) == 1
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["key"]
        with closing(sqlite3.connect(tmp_path / "db")) as connection:
            assert connection.execute("SELECT count(*) FROM user").fetchone() == (1,)
