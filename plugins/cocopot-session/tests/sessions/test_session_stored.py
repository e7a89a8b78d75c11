"""Sessions in a store; their cookie has only an identifier."""

from __future__ import annotations

import hashlib
import math
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_session import Session, Stored
from session_views import done

from cocopot import flash, get_flashed_messages, session
from cocopot.sessions import SessionUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot import Cocopot
    from cocopot.testing import Client

    MakeApp = Callable[..., Cocopot]


NAME = "__Host-session"


@pytest.fixture
def app(stored_app: Cocopot) -> Cocopot:
    return with_views(stored_app)


def with_views(app: Cocopot) -> Cocopot:
    """Add views that read and change the session."""
    app.add_url_rule("/", "read", lambda: dict(session))
    app.add_url_rule("/set/<key>/<value>", "set", done(lambda key, value: session.update({key: value})))
    app.add_url_rule(
        "/append/<item>", "append", done(lambda item: session.setdefault("items", []).append(item))
    )
    app.add_url_rule("/pop/<key>", "pop", lambda key: session.pop(key, ""))
    app.add_url_rule("/end/<how>", "end", done(lambda how: getattr(session, how)()))
    app.add_url_rule("/flash/<text>", "flash", done(lambda text: flash(text, "info")))
    app.add_url_rule("/messages", "messages", get_flashed_messages)
    return app


def identifier_of(client: Client) -> str:
    cookie = client.get_cookie(NAME)
    assert cookie is not None
    return cookie.value


def values_of(client: Client) -> dict[str, Any]:
    values = client.get("/").json
    assert isinstance(values, dict)
    return values


def twin_of(client: Client) -> Client:
    """Return another client with the same session."""
    twin = client.application.test_client()
    twin.set_cookie(NAME, identifier_of(client), secure=True)
    return twin


class TestIdentifiers:
    """What the cookie has, and what the store has."""

    def test_the_store_has_a_hash(self, app: Cocopot, store: Any) -> None:
        """The identifier has 256 bits; who reads the store cannot make a cookie of what is there."""
        client = app.test_client()
        client.get("/set/user/ada")
        identifier = identifier_of(client)
        assert re.fullmatch(r"[\w-]{43}", identifier)
        assert list(store.sessions) == [hashlib.sha256(identifier.encode()).hexdigest()]
        assert identifier not in repr(store.sessions)
        other = app.test_client()
        other.set_cookie(NAME, next(iter(store.sessions)), secure=True)
        assert other.get("/").json == {}

    @pytest.mark.parametrize("value", ["", "x" * 43, "x" * 42, "x" * 4000, "a.b.c", "\u00e4" * 43, "../../x"])
    def test_a_foreign_one_is_not_adopted(self, app: Cocopot, store: Any, value: str) -> None:
        """An identifier that the store does not know is an empty session; a saved one gets another."""
        client = app.test_client()
        client.set_cookie(NAME, value, secure=True)
        assert client.get("/").json == {}
        client.get("/set/user/ada")
        assert identifier_of(client) != value
        assert client.get("/").json == {"user": "ada"}

    def test_nothing_is_stored_for_a_reader(self, app: Cocopot, store: Any) -> None:
        """A client that has no session, and gets none, leaves nothing in the store."""
        response = app.test_client().get("/")
        assert (store.sessions, store.calls) == ({}, [])
        assert "Set-Cookie" not in response.headers


class TestSaving:
    """How often the store is used."""

    def test_a_reader_loads_once(self, app: Cocopot, store: Any) -> None:
        """It writes nothing, and sets no cookie."""
        client = app.test_client()
        client.get("/append/1")
        store.calls.clear()
        assert "Set-Cookie" not in client.get("/").headers
        assert store.calls == ["load"]

    def test_a_writer_loads_and_replaces(self, app: Cocopot, store: Any) -> None:
        """A change inside a value is one, too."""
        client = app.test_client()
        client.get("/append/1")
        store.calls.clear()
        assert "Set-Cookie" not in client.get("/append/2").headers
        assert store.calls == ["load", "replace"]
        assert client.get("/").json == {"items": ["1", "2"]}

    def test_a_permanent_one(self, app: Cocopot, store: Any) -> None:
        """Its cookie outlives the browser, and is renewed with each response; a switch is seen at once."""
        client = app.test_client()
        client.get("/set/user/ada")
        for value, expected in ((True, True), (False, False)):
            with client.session_transaction() as stored:
                stored.permanent = value
            assert (client.get_cookie(NAME).max_age is not None) == expected  # type: ignore[union-attr]
            assert ("Set-Cookie" in client.get("/").headers) == expected

    def test_it_is_prolonged(self, app: Cocopot, store: Any) -> None:
        """A session that is used is touched, but not with each request."""
        client = app.test_client()
        client.get("/set/user/ada")
        client.get("/")
        assert "touch" not in store.calls
        ((key, old),) = store.sessions.items()
        store.touch(key, old.expires - 0.02 * 31 * 24 * 3600)
        store.calls.clear()
        client.get("/")
        assert store.calls == ["load", "touch"]
        assert store.sessions[key].expires == pytest.approx(old.expires, abs=60)

    def test_it_is_not_prolonged(self, make_app: MakeApp, store: Any, with_store: Any) -> None:
        """SESSION_REFRESH_EACH_REQUEST = False ends it some time after its last change."""
        client = with_views(make_app(with_store(store), SESSION_REFRESH_EACH_REQUEST=False)).test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        store.touch(key, old.expires - 10**6)
        store.calls.clear()
        client.get("/")
        assert store.calls == ["load"]

    def test_the_absolute_lifetime(self, make_app: MakeApp, store: Any, with_store: Any) -> None:
        """A session that is older is not used, and no session is stored for longer."""
        client = with_views(make_app(with_store(store), SESSION_ABSOLUTE_LIFETIME=100)).test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        assert old.expires == pytest.approx(time.time() + 100, abs=10)
        store.sessions[key] = Stored(old.version, old.values, old.created - 200, old.expires, None)
        assert client.get("/").json == {}

    def test_damaged_values(self, app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        """What cannot be read is logged, without the value, and is an empty session."""
        client = app.test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        store.sessions[key] = Stored(old.version, {"user": b"{secret"}, old.created, old.expires, None)
        assert client.get("/").json == {}
        assert "is damaged" in caplog.text
        assert "secret" not in caplog.text

    @pytest.mark.parametrize("field", ["created", "expires"])
    @pytest.mark.parametrize("value", [math.inf, math.nan, 1e300, -1e300])
    def test_an_invalid_time(self, app: Cocopot, store: Any, field: str, value: float) -> None:
        """It is damaged, too: such a session is neither used nor listed."""
        client = app.test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        store.sessions[key] = replace(old, **{field: value})
        assert client.get("/").json == {}

    def test_one_that_is_damaged_meanwhile(self, app: Cocopot, store: Any) -> None:
        """The late request has no effect, as if the session had been deleted."""
        client = app.test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        damaged = replace(old, version="other", values={"user": b"{"})
        store.before_replace = lambda: store.sessions.update({key: damaged})
        assert client.get("/set/user/grace").status_code == 200
        assert store.sessions == {key: damaged}

    def test_a_session_without_keys_remains(self, app: Cocopot, store: Any) -> None:
        """A parallel request may be about to set one: `pop` does not delete the session."""
        client = app.test_client()
        client.get("/set/user/ada")
        twin = twin_of(client)
        store.before_replace = lambda: None
        client.get("/pop/user")
        twin.get("/set/user/grace")
        assert client.get("/").json == {"user": "grace"}


class TestParallelRequests:
    """Each saves after the other one has loaded."""

    def interleave(self, client: Client, store: Any, first: str, second: str) -> dict[str, Any]:
        """Let a request be saved while another one of the same session is about to be; return the session."""
        twin, pending = twin_of(client), [second]

        def save_other() -> None:
            while pending:
                twin.get(pending.pop())

        store.before_replace = save_other
        client.get(first)
        return values_of(client)

    def test_different_keys(self, app: Cocopot, store: Any) -> None:
        """Both changes are there."""
        client = app.test_client()
        client.get("/set/user/ada")
        assert self.interleave(client, store, "/set/a/1", "/set/b/2") == {"user": "ada", "a": "1", "b": "2"}

    def test_lists(self, app: Cocopot, store: Any) -> None:
        """What both have appended is there."""
        client = app.test_client()
        client.get("/append/0")
        assert self.interleave(client, store, "/append/1", "/append/2") == {"items": ["0", "2", "1"]}

    def test_one_key(self, app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        """The last save wins, which is logged without the values."""
        caplog.set_level("DEBUG")
        client = app.test_client()
        client.get("/set/user/ada")
        assert self.interleave(client, store, "/set/user/grace", "/set/user/emmy") == {"user": "grace"}
        assert "what a parallel request has saved is replaced under 'user'" in caplog.text
        assert "emmy" not in caplog.text

    @pytest.mark.parametrize("start", ["/set/n/1", "/flash/old"])
    def test_flash_messages(self, app: Cocopot, store: Any, start: str) -> None:
        """Those of both arrive, and what one has shown does not come back."""
        client = app.test_client()
        client.get(start)
        self.interleave(client, store, "/flash/a", "/flash/b")
        old = ["old"] if "flash" in start else []
        assert client.get("/messages").json == [*old, "b", "a"]
        client.get("/flash/c")
        self.interleave(client, store, "/messages", "/flash/d")
        assert client.get("/messages").json == ["d"]

    def test_a_rotation(self, app: Cocopot, store: Any) -> None:
        """What another request saves before it is in the new session; the old one is gone."""
        client = app.test_client()
        client.get("/set/user/ada")
        old = twin_of(client)
        assert self.interleave(client, store, "/end/rotate", "/set/b/2") == {"user": "ada", "b": "2"}
        assert old.get("/").json == {}
        assert len(store.sessions) == 1

    def test_a_rotation_whose_end_fails(self, app: Cocopot, store: Any) -> None:
        """The old session has expired already, so that the new one is valid though the old one is there."""
        client = app.test_client()
        client.get("/set/user/ada")
        old = twin_of(client)
        store.broken = {"delete"}
        assert client.get("/end/rotate").status_code == 200
        assert client.get("/").json == {"user": "ada"}
        assert old.get("/").json == {}

    def test_two_rotations(self, app: Cocopot, store: Any) -> None:
        """One of them wins: there is one session afterwards, not two."""
        client = app.test_client()
        client.get("/set/user/ada")
        self.interleave(client, store, "/end/rotate", "/end/rotate")
        assert len(store.sessions) == 1

    @pytest.mark.parametrize("late", ["/set/a/1", "/append/1", "/end/rotate", "/flash/a"])
    def test_a_deleted_one_does_not_come_back(self, app: Cocopot, store: Any, late: str) -> None:
        """A request that saves after another one has ended the session has no effect, and no cookie."""
        client = app.test_client()
        client.get("/set/user/ada")
        before = identifier_of(client)
        assert self.interleave(client, store, late, "/end/clear") == {}
        assert store.sessions == {}
        assert identifier_of(client) == before

    def test_a_session_that_is_always_changed(
        self, app: Cocopot, store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After some time it is a 503, not an endless loop."""
        monkeypatch.setattr("cocopot_session.conflicts._PATIENCE", 0.05)
        client = app.test_client()
        client.get("/set/user/ada")
        ((key, _),) = store.sessions.items()

        def write() -> None:
            old = store.sessions[key]
            version = old.version + "x"
            store.sessions[key] = Stored(version, old.values, old.created, old.expires, old.user)

        store.before_replace = write
        response = client.get("/set/user/grace")
        assert response.status_code == 503

    def test_threads(self, app: Cocopot, store: Any) -> None:
        """Of 16 threads that each count, append, set a key and flash 5 times, nothing is lost."""

        @app.get("/all/<item>")
        def change_all(item: str) -> str:
            session.change("count", lambda count: count + 1, 0)
            session["items"].append(item)
            session[item] = True
            flash(item)
            return ""

        client = app.test_client()
        client.get("/append/first")

        def run(number: int) -> None:
            twin = twin_of(client)
            for turn in range(5):
                assert twin.get(f"/all/{number}-{turn}").status_code == 200

        threads = [threading.Thread(target=run, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = {f"{number}-{turn}" for number in range(16) for turn in range(5)}
        values = values_of(client)
        assert values["count"] == 80
        assert sorted(values["items"]) == sorted({*expected, "first"})
        assert expected <= values.keys()
        assert sorted(client.get("/messages").json or []) == sorted(expected)


class TestChange:
    """`session.change` applies a function to the newest value."""

    def change(self, app: Cocopot, store: Any, first: Callable[[Session], object]) -> Any:
        """Return the value of "n" after a change by a function, while another request has set it to 10."""
        client = app.test_client()
        client.get("/set/other/1")
        with client.session_transaction() as stored:
            stored["n"] = 1
        twin, pending = twin_of(client), [True]

        def save_other() -> None:
            while pending:
                pending.pop()
                with twin.session_transaction() as other:
                    other["n"] = 10

        store.before_replace = save_other
        with client.session_transaction() as stored:
            assert isinstance(stored, Session)
            first(stored)
        return values_of(client)["n"]

    def test_a_counter(self, app: Cocopot, store: Any) -> None:
        """Each increment is there."""
        assert self.change(app, store, lambda session: session.change("n", lambda n: n + 1, 0)) == 11

    def test_several_functions(self, app: Cocopot, store: Any) -> None:
        """They are applied in their order."""

        def change(session: Session) -> None:
            session.change("n", lambda n: n + 1, 0)
            session.change("n", lambda n: n * 2, 0)

        assert self.change(app, store, change) == 22

    def test_an_assignment_before(self, app: Cocopot, store: Any) -> None:
        """A value that has been assigned is not the newest one: the last save wins."""

        def change(session: Session) -> None:
            session["n"] = 5
            session.change("n", lambda n: n + 1, 0)

        assert self.change(app, store, change) == 6

    def test_an_assignment_after(self, app: Cocopot, store: Any) -> None:
        """Likewise."""

        def change(session: Session) -> None:
            session.change("n", lambda n: n + 1, 0)
            session["n"] = 5

        assert self.change(app, store, change) == 5

    def test_the_default_is_not_shared(self, app: Cocopot) -> None:
        """A function may change the default inside, and return it."""
        default: list[int] = []
        client = app.test_client()
        for expected in ([1], [1, 1]):
            with client.session_transaction() as stored:
                assert stored.change("list", lambda items: items.append(1) or items, default) == expected
        assert default == []


class TestEnd:
    """Sessions that are rotated and destroyed."""

    def test_a_rotation(self, app: Cocopot, store: Any) -> None:
        """The values remain, and who has known the identifier before has nothing of it."""
        client = app.test_client()
        client.get("/set/user/ada")
        attacker = twin_of(client)
        client.get("/end/rotate")
        assert client.get("/").json == {"user": "ada"}
        assert attacker.get("/").json == {}
        assert len(store.sessions) == 1

    def test_a_rotation_of_a_new_one(self, app: Cocopot, store: Any) -> None:
        """There is nothing to rotate in an empty session that has not been stored."""
        client = app.test_client()
        assert "Set-Cookie" not in client.get("/end/rotate").headers
        assert store.sessions == {}

    def test_the_proxy(self, app: Cocopot, store: Any) -> None:
        """`cocopot.session.destroy()` deletes it and its cookie; what is set afterwards is a new session."""

        @app.get("/out")
        def sign_out() -> str:
            session.destroy()
            flash("Goodbye.")
            return "out"

        client = app.test_client()
        client.get("/set/user/ada")
        twin, before = twin_of(client), identifier_of(client)
        client.get("/out")
        assert identifier_of(client) != before
        assert client.get("/messages").json == ["Goodbye."]
        assert twin.get("/").json == {}

    def test_clear(self, app: Cocopot, store: Any) -> None:
        """An empty session is deleted with its cookie."""
        client = app.test_client()
        client.get("/set/user/ada")
        client.get("/end/clear")
        assert client.get_cookie(NAME) is None
        assert store.sessions == {}

    def test_clear_before_a_login(self, app: Cocopot, store: Any) -> None:
        """`session.clear()` and a new key, as in the tutorial of Flask, gives it a new identifier."""

        @app.get("/in")
        def sign_in() -> str:
            session.clear()
            session["user"] = "ada"
            return "in"

        client = app.test_client()
        client.get("/set/cart/1")
        attacker = twin_of(client)
        client.get("/in")
        assert client.get("/").json == {"user": "ada"}
        assert attacker.get("/").json == {}

    def test_a_user(self, app: Cocopot, store: Any) -> None:
        """Assigning the user rotates; only a text is one."""
        client = app.test_client()
        client.get("/set/cart/1")
        attacker = twin_of(client)
        with client.session_transaction() as stored:
            assert isinstance(stored, Session)
            stored.user = "ada"
            with pytest.raises(TypeError, match=r"session\.user is a text or None, not a int: use str\(\)"):
                stored.user = 5  # type: ignore[assignment]
            with pytest.raises(ValueError, match="half of a surrogate pair"):
                stored.user = "\ud800"
        assert attacker.get("/").json == {}
        before = identifier_of(client)
        with client.session_transaction() as stored:
            assert isinstance(stored, Session)
            assert stored.user == "ada"
            stored.user = "ada"
        assert identifier_of(client) == before


class TestUnavailable:
    """The store cannot be reached."""

    def test_a_503(self, app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        """A request that uses the session gets it, others do not notice; one line is logged."""
        app.add_url_rule("/plain", "plain", lambda: "plain")
        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {"load"}
        response = client.get("/")
        assert response.status_code == 503
        assert "Sessions are not available" in response.text
        assert "memory://birds" not in response.text
        (record,) = caplog.records
        assert record.getMessage() == (
            "session: the store cannot be reached, and the request gets a 503: memory://birds cannot be "
            "reached"
        )
        assert client.get("/plain").text == "plain"
        store.broken = set()
        assert client.get("/").json == {"user": "ada"}

    @pytest.mark.parametrize("broken", ["load", "replace"])
    def test_an_error_handler(self, app: Cocopot, store: Any, broken: str) -> None:
        """The application's page for a 503 is shown, and may read the session; hooks run."""
        app.register_error_handler(503, lambda error: (f"Sorry, {session.get('user')}.", 503))
        app.after_request(lambda response: response.headers.add("X-Seen", "1") or response)
        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {broken}
        response = client.get("/set/user/grace")
        assert response.status_code == 503
        assert response.text.startswith("Sorry, ")
        assert response.headers["X-Seen"] == "1"

    def test_a_change_that_cannot_be_saved(
        self, app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is a 503, too, not a response that pretends it was."""
        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {"replace"}
        response = client.get("/set/user/grace")
        assert (response.status_code, "Set-Cookie" in response.headers) == (503, False)
        assert "changes are lost: memory://birds cannot be reached" in caplog.text
        store.broken = set()
        assert client.get("/").json == {"user": "ada"}

    def test_a_rotation_that_cannot_be_saved(self, app: Cocopot, store: Any) -> None:
        """The session remains as it was, under its old identifier only."""
        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {"replace"}
        assert client.get("/end/rotate").status_code == 503
        store.broken = set()
        assert len(store.sessions) == 1
        assert client.get("/").json == {"user": "ada"}

    def test_an_old_identifier_that_cannot_be_deleted(self, app: Cocopot, store: Any) -> None:
        """It is not valid any more, and the rotation has succeeded."""
        client = app.test_client()
        client.get("/set/user/ada")
        old = twin_of(client)
        store.broken = {"delete"}
        assert client.get("/end/rotate").status_code == 200
        assert client.get("/").json == {"user": "ada"}
        assert old.get("/").json == {}

    def test_a_touch_that_fails(self, app: Cocopot, store: Any, caplog: pytest.LogCaptureFixture) -> None:
        """A reader is answered, and it is logged."""
        client = app.test_client()
        client.get("/set/user/ada")
        ((key, old),) = store.sessions.items()
        store.touch(key, old.expires - 10**6)
        store.broken = {"touch"}
        assert client.get("/").json == {"user": "ada"}
        assert "has not been prolonged" in caplog.text

    def test_an_empty_session(self, make_app: MakeApp, store: Any, with_store: Any) -> None:
        """With SESSION_STORE_FAILURE = "empty", readers get an empty session, and writers a 503."""
        app = with_views(make_app(with_store(store), SESSION_STORE_FAILURE="empty"))
        app.logger.disabled = True
        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {"load", "replace", "create"}
        response = client.get("/")
        assert (response.json, response.status_code) == ({}, 200)
        assert (response.headers["Vary"], response.headers["Cache-Control"]) == ("Cookie", "private")
        assert client.get("/messages").json == []
        assert client.get("/set/user/grace").status_code == 503
        store.broken = set()
        assert client.get("/").json == {"user": "ada"}

    def test_no_context_is_left(self, app: Cocopot, store: Any) -> None:
        """The teardown functions run once for each request, whatever has failed."""
        torn_down: list[str] = []
        app.teardown_request(lambda exc: torn_down.append(type(exc).__name__))
        client = app.test_client()
        client.get("/set/user/ada")
        for broken in ("load", "replace"):
            store.broken = {broken}
            assert client.get("/set/user/grace").status_code == 503
        assert len(torn_down) == 3

    def test_the_exception(self, app: Cocopot, store: Any) -> None:
        """A view can catch it."""

        @app.get("/careful")
        def careful() -> str:
            try:
                return str(session.get("user"))
            except SessionUnavailable:
                return "later"

        client = app.test_client()
        client.get("/set/user/ada")
        store.broken = {"load"}
        assert client.get("/careful").text == "later"


def test_it_is_closed(app: Cocopot, store: Any) -> None:
    """The store is closed with the application."""
    app.start()
    app.close()
    assert store.calls == ["close"]
