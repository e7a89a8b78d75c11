"""Open and save sessions with `app.session_interface`, where no session plugin does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.exceptions import add_note
from cocopot.hooks import hookimpl
from cocopot.sessions import SessionInterface, check_session, describe_interface

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.response import Response
    from cocopot.sessions import Session


@hookimpl(trylast=True)
def cocopot_open_session(app: Cocopot, request: Request) -> Session | None:
    """Open the session that the application's interface has for the request."""
    interface = app.session_interface
    try:
        session: object = interface.open_session(app, request)
    except Exception as exc:
        _note_interface(exc, interface)
        raise
    return (
        None
        if session is None
        else check_session(session, f"open_session of {describe_interface(interface)}")
    )


@hookimpl(trylast=True)
def cocopot_save_session(app: Cocopot, session: Session, response: Response) -> bool | None:
    """Save the session with the application's interface, if one has been assigned."""
    interface = app.session_interface
    if type(interface) is SessionInterface:
        return None
    try:
        interface.save_session(app, session, response)
    except Exception as exc:
        _note_interface(exc, interface)
        raise
    return True


def _note_interface(exc: Exception, interface: SessionInterface) -> None:
    """Note on an exception which session interface it left."""
    add_note(exc, f"Raised by {describe_interface(interface)}.")
