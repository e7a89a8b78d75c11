"""`cocopot_save_session`: save a session that has been used, and set its cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Response, hookimpl, session
from cocopot.exceptions import blame_of
from cocopot.sessions import Session
from tests.hooks.drivers import plugin
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Callable

HOOK = "cocopot_save_session"


class Opener:
    """Opens a session for each request, and saves none."""

    @hookimpl
    def cocopot_open_session(self) -> Session:
        """Return an empty session."""
        return Session()


class Sessions(Opener):
    """Records what is saved."""

    def __init__(self, error: Exception | None = None) -> None:
        self.saved: list[dict[str, Any]] = []
        self.error = error

    @hookimpl
    def cocopot_save_session(self, session: Session, response: Response) -> bool:
        """Record the session, or raise."""
        self.saved.append(dict(session))
        if self.error is not None:
            raise self.error
        response.headers["X-Saved"] = "yes"
        return True


def write() -> str:
    """Change the session."""
    session["user"] = "ada"
    return "written"


def shop(plugin: object) -> Cocopot:
    """Return an application with a plugin, a view that reads the session, and one that changes it."""
    app = app_with(sessions=plugin)
    app.add_url_rule("/read", "read", lambda: str(session.get("user")))
    app.add_url_rule("/write", "write", write)
    return app


def test_fires_once_after_the_after_request_hooks() -> None:
    """It comes last, also for a session that was only read, and never without a session."""
    sessions = Sessions()
    app = shop(sessions)

    @app.after_request
    def change(response: Response) -> Response:
        if response.get_data() == b"written":
            session["late"] = "X-Saved" in response.headers
        return response

    client = app.test_client()
    assert [client.get(path).headers.get("X-Saved") for path in ("/", "/read", "/write")] == [
        None,
        "yes",
        "yes",
    ]
    assert sessions.saved == [{}, {"user": "ada", "late": False}]


@pytest.mark.parametrize("handled", [True, False])
def test_an_exception(handled: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It becomes a 500, is logged with the plugin's name, and the session is not saved again."""
    sessions = Sessions(LookupError("full"))
    app = shop(sessions)
    app.testing = False
    if handled:
        app.register_error_handler(500, lambda error: (f"sorry {session.get('user')}", 500))
    response = app.test_client().get("/write")
    assert (response.status_code, len(sessions.saved)) == (500, 1)
    assert (response.text == "sorry ada") is handled
    assert (response.headers["Vary"], response.headers["Cache-Control"]) == ("Cookie", "private")
    assert [record.message for record in caplog.records] == ["Exception on /write [GET]"]
    assert "Raised by plugin 'sessions' in hook cocopot_save_session." in caplog.text


@pytest.mark.parametrize("in_hook", [True, False], ids=["fast", "plain"])
def test_an_exception_closes_the_response(in_hook: bool) -> None:
    """The response that is not sent, because saving raises, is closed."""
    closed: list[str] = []
    app = shop(Sessions(LookupError("full")))
    app.testing = False

    @app.get("/file")
    def file() -> Response:
        response = Response("file" if in_hook else write())
        response.call_on_close(lambda: closed.append("closed"))
        return response

    if in_hook:
        app.after_request(lambda response: session.setdefault("user", "ada") and None)
    assert app.test_client().get("/file").status_code == 500
    assert closed == ["closed"]


@pytest.mark.parametrize("path", ["/read", "/write"])
def test_a_session_that_is_not_saved(path: str) -> None:
    """A changed session that no plugin saves is an error that names the plugin that opens it."""
    client = shop(Opener()).test_client()
    if path == "/read":
        assert client.get(path).text == "None"
        return
    with pytest.raises(
        RuntimeError, match=r"saved the session, a cocopot.sessions.Session.*opened by: sessions\."
    ):
        client.get(path)


@pytest.mark.parametrize("value", ["yes", 1, Response("text")])
def test_a_wrong_value(value: object) -> None:
    """A result that is not a bool is an error that names the plugin."""
    app = shop(Opener())
    app.plugins.register(plugin("wrong", HOOK, lambda: value), "wrong")
    with pytest.raises(
        TypeError, match=r"'wrong'.* from cocopot_save_session; return a bool, or None"
    ) as caught:
        app.test_client().get("/write")
    assert [(blame.plugin, blame.action) for blame in blame_of(caught.value)] == [("wrong", "returned")]


def test_several_plugins() -> None:
    """A plugin leaves a session of another class to the next one by returning None."""
    calls: list[str] = []

    def saver(name: str, cls: type[Session]) -> Callable[..., bool | None]:
        def save(session: Session) -> bool | None:
            calls.append(name)
            return True if type(session) is cls else None

        return save

    app = shop(Opener())
    for name, cls in {"own": Session, "other": type("Other", (Session,), {})}.items():
        app.plugins.register(plugin(name, HOOK, saver(name, cls)), name)
    app.test_client().get("/write")
    assert calls == ["other", "own"]


def test_no_change_after_it() -> None:
    """A wrapper of the hook may change the session until it is saved; after that a change raises."""
    stored: list[Session] = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def cocopot_save_session(self, session: Session) -> Any:
            session["wrapped"] = True
            stored.append(session)
            return (yield)

    sessions = Sessions()
    app = shop(sessions)
    app.plugins.register(Wrapper(), "wrapper")
    app.test_client().get("/write")
    assert sessions.saved == [{"user": "ada", "wrapped": True}]
    with pytest.raises(RuntimeError, match="the head of the response has been sent"):
        stored[0]["user"] = "grace"
