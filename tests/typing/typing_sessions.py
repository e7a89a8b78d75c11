"""Sessions and flash messages, as a user writes them."""

from __future__ import annotations

from typing import Any, assert_type

from cocopot_session import Session as PluginSession
from cocopot_session import SessionInfo, list_sessions, revoke_sessions
from cocopot_session import session as typed_session

from cocopot import Cocopot, Request, Response, flash, get_flashed_messages, hookimpl, session
from cocopot.sessions import NullSession, Session, SessionInterface

assert_type(session, Session)
assert_type(session["user"], Any)
assert_type(session.permanent, bool)
assert_type(session.modified, bool)
session.permanent = True
session.rotate()
session.destroy()
count: Any = session.change("visits", lambda visits: visits + 1, 0)
assert_type(typed_session, PluginSession)
assert_type(typed_session.user, str | None)
typed_session.user = "ada"
typed_session.user = 5  # type: ignore[assignment]
infos: list[SessionInfo] = list_sessions("ada")
revoked: int = revoke_sessions("ada", keep_current=True)
session.modified = True
session["user"] = 1

flash("Saved.", "success")
assert_type(get_flashed_messages(), list[str])
assert_type(get_flashed_messages(category_filter=["error"]), list[str])
assert_type(get_flashed_messages(with_categories=True), list[tuple[str, str]])


class Interface(SessionInterface):
    def open_session(self, app: Cocopot, request: Request) -> Session | None:
        return Session(new=True) if request.cookies else NullSession("there is no cookie.")

    def save_session(self, app: Cocopot, session: Session, response: Response) -> None:
        response.set_cookie("session", str(session["user"]))


class Application(Cocopot):
    session_interface = Interface()

    def open_session(self, request: Request) -> Session | None:
        return super().open_session(request)

    def make_null_session(self) -> Session:
        return NullSession()


class Plugin:
    @hookimpl
    def cocopot_open_session(self, app: Cocopot, request: Request) -> Session | None:
        return None

    @hookimpl
    def cocopot_save_session(self, session: Session, response: Response) -> bool | None:
        return True


app = Application(__name__)
app.session_interface = Interface()
app.session_interface = object()  # type: ignore[assignment]

with app.test_client().session_transaction() as stored:
    assert_type(stored, Session)
    stored["user"] = 1
