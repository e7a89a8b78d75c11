"""`cocopot_open_session`: open the session of a request at its first use."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import Cocopot, get_flashed_messages, hookimpl, session
from cocopot.exceptions import blame_of
from cocopot.hooks import missing
from cocopot.sessions import Session
from tests.hooks.drivers import plugin, recorder
from tests.hooks.support import app_with

HOOK = "cocopot_open_session"


def add_views(app: Cocopot) -> Cocopot:
    """Add a view that reads the session, and one that changes it."""
    app.add_url_rule("/read", "read", lambda: str(session.get("user")))
    app.add_url_rule("/write", "write", lambda: session.setdefault("user", "ada"))
    return app


def test_fires_at_the_first_use() -> None:
    """It comes once in a request, with application and request, and not in a request that does not use it."""
    seen: list[Any] = []

    class Plugin:
        @hookimpl
        def cocopot_open_session(self, app: Any, request: Any) -> Session:
            seen.append((app.name, request.path))
            return Session({"user": "ada"})

    client = add_views(app_with(plugin=Plugin())).test_client()
    client.get("/")
    assert seen == []
    assert [client.get("/read").text for _ in range(2)] == ["ada", "ada"]
    assert seen == [("shop", "/read")] * 2


def test_without_a_result() -> None:
    """A plugin that opens none leaves an empty session; a change raises, and names the plugin."""
    client = add_views(app_with(plugin=plugin("plugin", HOOK, lambda: None))).test_client()
    response = client.get("/read")
    assert (response.text, "Vary" in response.headers) == ("None", False)
    with pytest.raises(
        RuntimeError, match=r"none of the plugins that open sessions has opened one .*: 'plugin'"
    ):
        client.get("/write")


def test_without_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading works, flash messages included; a change raises, and names the package to install."""
    monkeypatch.setattr(missing, "installed", list)  # as where the package is not installed
    app = add_views(app_with())
    app.add_url_rule("/messages", "messages", get_flashed_messages)
    client = app.test_client()
    assert (client.get("/read").text, client.get("/messages").json) == ("None", [])
    with pytest.raises(
        RuntimeError, match=r"no plugin opens sessions\. .*pip install cocopot-session.*interface"
    ):
        client.get("/write")


@pytest.mark.parametrize("value", ["text", {"user": "ada"}, 5])
def test_a_wrong_value(value: object) -> None:
    """A value that is not a session is an error that names the plugin and what to return."""
    client = add_views(app_with(wrong=plugin("wrong", HOOK, lambda: value))).test_client()
    with pytest.raises(TypeError, match=r"'wrong'.* from cocopot_open_session; return a .*Session") as caught:
        client.get("/read")
    assert [(blame.plugin, blame.action) for blame in blame_of(caught.value)] == [("wrong", "returned")]


class Broken:
    """Raises when a session is opened."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    @hookimpl
    def cocopot_open_session(self) -> None:
        """Raise."""
        self.calls += 1
        raise self.error


ERRORS = [
    LookupError("gone"),
    AttributeError("gone"),
    RuntimeError("gone"),
    KeyError("gone"),
    OSError("gone"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "use",
    [
        lambda: session["user"],
        lambda: session.get("user"),
        lambda: session.permanent,
        lambda: bool(session),
        lambda: len(session),
        lambda: repr(session),
        lambda: "user" in session,
        get_flashed_messages,
    ],
)
def test_an_exception(error: Exception, use: Any) -> None:
    """Whatever it raises, and however the session is used, the exception reaches the view once."""
    broken = Broken(error)
    app = app_with(broken=broken)
    app.add_url_rule("/use", "use", lambda: str(use()))
    with pytest.raises(type(error)) as caught:
        app.test_client().get("/use")
    assert caught.value is error
    assert (broken.calls, blame_of(error)[0].plugin) == (1, "broken")


def test_an_error_handler_can_read_it() -> None:
    """After an exception the session is empty for the rest of the request, and is not opened again."""
    broken = Broken(LookupError("gone"))
    app = add_views(app_with(broken=broken))
    texts: list[str] = []

    @app.errorhandler(LookupError)
    def handle(error: LookupError) -> tuple[str, int]:
        try:
            session["user"] = "ada"
        except RuntimeError as refused:
            texts.append(str(refused))
        return f"{session.get('user')} {get_flashed_messages()}", 503

    response = app.test_client().get("/read")
    assert (response.text, response.status_code, broken.calls) == ("None []", 503, 1)
    assert texts == [
        "The session cannot be changed: opening it has failed in this request, with a LookupError."
    ]
    assert (response.headers["Vary"], response.headers["Cache-Control"]) == ("Cookie", "private")


def test_a_500_that_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    """Without a handler it is a 500, logged once with the plugin's name, whose handler reads the session."""
    app = add_views(app_with(broken=Broken(LookupError("gone"))))
    app.testing = False
    app.register_error_handler(500, lambda error: (f"sorry {session.get('user')}", 500))
    assert app.test_client().get("/read").text == "sorry None"
    assert len(caplog.records) == 1
    assert "Raised by plugin 'broken' in hook cocopot_open_session." in caplog.text


def test_it_must_not_use_the_session() -> None:
    """An implementation that uses the session gets an error, not an endless loop."""

    class Reader:
        @hookimpl
        def cocopot_open_session(self) -> Session:
            return Session(user=session.get("user"))  # type: ignore[call-arg]

    client = add_views(app_with(reader=Reader())).test_client()
    with pytest.raises(RuntimeError, match="is read while it is being opened") as caught:
        client.get("/read")
    assert blame_of(caught.value)[0].plugin == "reader"


def test_two_plugins_are_a_conflict() -> None:
    """Two plugins that open sessions are reported with the one that does; `trylast` marks a fallback."""
    names = {"one": {}, "two": {}, "fallback": {"trylast": True}}
    plugins = {name: recorder([], name, HOOK, Session(), **options) for name, options in names.items()}
    [conflict] = app_with(**plugins).plugins.conflicts
    assert (conflict.kind, conflict.winner.plugin, conflict.is_error) == ("session storage", "one", False)
    assert [claim.plugin for claim in conflict.losers] == ["two"]


def test_first_result_in_load_order() -> None:
    """The plugin that was loaded first has precedence."""
    calls: list[str] = []
    app = app_with(
        one=recorder(calls, "one", HOOK, Session({"user": "one"})), two=recorder(calls, "two", HOOK)
    )
    assert add_views(app).test_client().get("/read").text == "one"
    assert calls == ["one"]
