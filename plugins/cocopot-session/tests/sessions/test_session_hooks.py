"""The hooks of the plugin."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_session import Saved, Session, Sessions, revoke_sessions

from cocopot import Cocopot, hookimpl, session

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeApp = Callable[..., Cocopot]


class Recorder:
    """Records the calls of the observers."""

    plugin_name = "recorder"
    requires = ("session",)

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    @hookimpl
    def session_opened(self, request: Any, session: Session) -> None:
        self.calls.append(("opened", copy.deepcopy(dict(session))))

    @hookimpl
    def session_saved(self, saved: Saved) -> None:
        self.calls.append(("saved", saved))

    @hookimpl
    def session_rotated(self, session: Session) -> None:
        self.calls.append(("rotated", session.user))

    @hookimpl
    def session_destroyed(self, key: str | None, user: str | None) -> None:
        self.calls.append(("destroyed", user))


def with_views(app: Cocopot) -> Cocopot:
    """Add views."""
    app.add_url_rule("/plain", "plain", lambda: "plain")
    app.add_url_rule("/read", "read", lambda: str(session.get("a")))

    @app.get("/write")
    def write() -> str:
        session.update(a=1, b=[1])
        return "written"

    @app.get("/nested")
    def nested() -> str:
        session["b"].append(2)
        return "written"

    @app.get("/login")
    def login() -> str:
        assert isinstance(session, Session)
        session.user = "ada"
        return "in"

    @app.get("/logout")
    def logout() -> str:
        session.destroy()
        return "out"

    return app


@pytest.mark.parametrize("is_stored", [False, True])
def test_the_observers(make_app: MakeApp, store: Any, with_store: Any, is_stored: bool) -> None:
    """They are called with any storage, and only for what has happened."""
    recorder = Recorder()
    client = with_views(make_app(recorder, *([with_store(store)] if is_stored else []))).test_client()
    expected: dict[str, list[tuple[str, object]]] = {
        "/plain": [],
        "/read": [("opened", {})],
        "/write": [("opened", {}), ("saved", Saved(("a", "b")))],
        "/nested": [("opened", {"a": 1, "b": [1]}), ("saved", Saved(("b",)))],
        "/login": [("opened", {"a": 1, "b": [1, 2]}), ("rotated", "ada"), ("saved", Saved(()))],
        "/logout": [("opened", {"a": 1, "b": [1, 2]}), ("destroyed", "ada")],
    }
    for path, calls in expected.items():
        recorder.calls.clear()
        client.get(path)
        assert recorder.calls == calls, path


def test_what_is_overwritten(make_app: MakeApp, store: Any, with_store: Any) -> None:
    """`session_saved` reports the keys for which a parallel save has been replaced."""
    recorder = Recorder()
    app = make_app(recorder, with_store(store))
    client = app.test_client()
    with client.session_transaction() as stored:
        stored.update(a=1, b=1)
    cookie = client.get_cookie("__Host-session")
    assert cookie is not None
    twin, pending = app.test_client(), [True]
    twin.set_cookie("__Host-session", cookie.value, secure=True)

    def save_other() -> None:
        while pending:
            pending.pop()
            with twin.session_transaction() as other:
                other.update(a=2, c=2)

    store.before_replace = save_other
    with client.session_transaction() as stored:
        stored.update(a=3, b=3)
    assert recorder.calls[-1] == ("saved", Saved(("a", "b"), ("a",)))


def test_revoked_sessions(make_app: MakeApp, store: Any, with_store: Any) -> None:
    """`session_destroyed` is called for each of them, outside of requests too."""
    recorder = Recorder()
    app = with_views(make_app(recorder, with_store(store)))
    for _ in range(2):
        client = app.test_client()
        client.get("/write")
        client.get("/login")
    recorder.calls.clear()
    with app.app_context():
        revoke_sessions("ada")
    assert recorder.calls == [("destroyed", "ada")] * 2


def test_a_change_when_it_is_opened(make_app: MakeApp) -> None:
    """An implementation of `session_opened` may change the session, for example to renew what is in it."""

    class Renewing:
        requires = ("session",)

        @hookimpl
        def session_opened(self, session: Session) -> None:
            session.setdefault("since", 2026)

    app = with_views(make_app(Renewing()))
    assert "Set-Cookie" in app.test_client().get("/read").headers


def test_an_observer_that_raises(make_app: MakeApp) -> None:
    """The others are called, and the session is saved."""

    class Broken:
        plugin_name = "broken"
        requires = ("session",)

        @hookimpl
        def session_saved(self) -> None:
            raise LookupError("broken")

    recorder = Recorder()
    app = with_views(make_app(Broken(), recorder))
    app.testing = False
    app.logger.disabled = True
    client = app.test_client()
    assert client.get("/write").status_code == 200
    assert recorder.calls[-1] == ("saved", Saved(("a", "b")))
    assert client.get("/read").text == "1"


class TestStore:
    """`session_store` provides what stores sessions."""

    def test_a_wrong_value(self, make_app: MakeApp) -> None:
        """The error names the plugin, and what to return."""

        class Wrong:
            plugin_name = "wrong"
            requires = ("session",)

            @hookimpl
            def session_store(self) -> Any:
                return "redis://localhost"

        with pytest.raises(TypeError, match=r"'wrong'.* 'str' from session_store; return a .*Store, or None"):
            make_app(Wrong()).start()

    def test_it_has_precedence(self, make_app: MakeApp, store: Any, with_store: Any) -> None:
        """It is used instead of SESSION_STORE."""
        app = make_app(with_store(store), SESSION_STORE="cookie")
        app.start()
        assert app.extensions["session"].store is store

    def test_none(self, make_app: MakeApp) -> None:
        """An implementation that returns `None` leaves it to the configuration."""

        class Careless:
            requires = ("session",)

            @hookimpl
            def session_store(self) -> None:
                return None

        app = make_app(Careless())
        app.start()
        assert app.extensions["session"].store is None

    def test_it_is_called_once(self, make_app: MakeApp, store: Any, with_store: Any) -> None:
        """At startup, whoever uses the session first."""
        provider = with_store(store)
        calls: list[int] = []
        provider.__class__ = type("Counting", (type(provider),), {})
        app = make_app(provider)
        app.on_startup(lambda: calls.append(len(store.calls)))
        app.start()
        app.test_client().get("/")
        assert calls == [0]


def test_without_a_start() -> None:
    """In a context that a test makes, the session can be used before the application has started."""
    app = Cocopot("shop", autoload=False, plugins=[Sessions])
    app.secret_key = "a key for tests only, of 32 bytes or more"
    with app.test_request_context():
        session["a"] = 1
        assert session["a"] == 1
