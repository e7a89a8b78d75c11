"""The hooks that other plugins can implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookspec

if TYPE_CHECKING:
    from cocopot import Cocopot, Request
    from cocopot_session.saving import Saved
    from cocopot_session.session import Session
    from cocopot_session.stores.base import Store


class SessionHooks:
    """The hooks of cocopot-session."""

    @hookspec(firstresult=True, order="out", result_type="cocopot_session.stores.base:Store", since="1.0")
    def session_store(self, app: Cocopot) -> Store | None:
        """Return what stores the sessions of an application.

        Fires once, at startup, after the configuration has been validated.

        Args:
            app: The application.

        Returns:
            An object with the methods of `cocopot_session.stores.Store`, or `None` to leave it to the next
            implementation. Without a result, SESSION_STORE decides.

        The first result stops the rest. An exception stops the application.
        """

    @hookspec(order="in", every=True, since="1.0")
    def session_opened(self, app: Cocopot, request: Request, session: Session) -> None:
        """Observe that a session has been opened, at its first use in a request.

        Args:
            app: The application.
            request: The request.
            session: The session; it may be changed. `cocopot.session` cannot be used yet.

        A return value is ignored. All run, also after an exception, which is logged.
        """

    @hookspec(order="out", every=True, since="1.0")
    def session_saved(self, app: Cocopot, request: Request, session: Session, saved: Saved) -> None:
        """Observe that a session that has been changed is saved.

        Args:
            app: The application.
            request: The request.
            session: The session. A change of it is lost.
            saved: Which keys have been changed, and of which of them the change of a parallel request has
                been replaced.

        A return value is ignored. All run, also after an exception, which is logged.
        """

    @hookspec(order="out", every=True, since="1.0")
    def session_rotated(self, app: Cocopot, request: Request, session: Session) -> None:
        """Observe that a session has got a new identifier, and the old one is not valid any more.

        Fires when the session is saved, before `session_saved`.

        Args:
            app: The application.
            request: The request.
            session: The session. A change of it is lost.

        A return value is ignored. All run, also after an exception, which is logged.
        """

    @hookspec(order="out", every=True, since="1.0")
    def session_destroyed(self, app: Cocopot, key: str | None, user: str | None) -> None:
        """Observe that a session has been deleted: by the request that has it, or because it is revoked.

        Args:
            app: The application.
            key: What the store had it under, the hash of its identifier; `None` for a signed cookie.
            user: The user whom it belonged to, or `None`.

        A return value is ignored. All run, also after an exception, which is logged.
        """
