"""Hooks of the session of a request, and of its flash messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.hooks.markers import hookspec

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.response import Response
    from cocopot.sessions import Session


@hookspec(since="1.0", firstresult=True, order="in", result_type="cocopot.sessions:Session")
def cocopot_open_session(app: Cocopot, request: Request) -> Session | None:
    """Open the session of a request.

    Fires when `cocopot.session` is first used in a request, wherever that is, and never otherwise.

    Args:
        app: The application.
        request: The request.

    Returns:
        A `cocopot.sessions.Session`, or `None` to leave it to the next implementation.

    The first result stops the rest. Order: in. The built-in implementation uses `app.session_interface`.
    Without a result the session is empty, and a change raises a `RuntimeError`. An exception leaves the
    operation that uses the session; from then on, the session is empty in this request, so that error
    handlers may read it. An implementation must not use `cocopot.session`.
    """


@hookspec(since="1.0", firstresult=True, order="out", result_type="builtins:bool")
def cocopot_save_session(app: Cocopot, request: Request, session: Session, response: Response) -> bool | None:
    """Save a session, and set its cookie.

    Fires once in a request that has used its session, after the after-request hooks, also if it was only read
    and for responses of error handlers; never for an empty session that takes no changes.

    Args:
        app: The application.
        request: The request.
        session: The session; `session.modified` is whether it has been changed.
        response: The response. May be changed in place.

    Returns:
        `True` if the session is one that this implementation opens, whether or not it had to be stored;
        `None` to leave it to the next implementation.

    The first result stops the rest; a changed session without a result is a `RuntimeError`. Order: out. An
    exception becomes a 500, with which the session is not saved again. After the hook, `Vary: Cookie` and
    `Cache-Control: private` are added to the response, and a change of the session raises a `RuntimeError`.
    """


@hookspec(since="1.0", order="out")
def cocopot_message_flashed(app: Cocopot, message: str, category: str) -> None:
    """Act after `flash` has stored a message in the session: record it for a test, log it.

    Args:
        app: The application.
        message: The text.
        category: What kind of message it is, such as `"error"`.

    A return value is ignored. All implementations run. Order: out. An exception leaves `flash`; the message
    remains stored.
    """
