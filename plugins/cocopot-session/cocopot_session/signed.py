"""Sessions in signed cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.sessions import NullSession, SessionInterface
from cocopot_session.saving import notify_destroyed, notify_saved
from cocopot_session.session import Session, serialize
from cocopot_session.signing import LONGEST
from cocopot_session.storage import NO_KEY, Keys, is_too_old, open_flask, remaining

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response
    from cocopot.sessions import Session as BaseSession
    from cocopot_session.cookies import SessionCookie
    from cocopot_session.options import Options


class CookieTooLargeError(ValueError):
    """A session does not fit into a cookie.

    Args:
        size: The size of the cookie with its attributes, in bytes.
        limit: What browsers accept, in bytes.
        largest: The keys with the largest values, each with the size of its value in bytes.
    """

    def __init__(self, size: int, limit: int, largest: list[tuple[str, int]]) -> None:
        self.size, self.limit, self.largest = size, limit, largest
        keys = ", ".join(f"{key!r:.50} ({length} bytes)" for key, length in largest)
        super().__init__(
            f"The session is too large for a cookie: it would have {size} bytes, and browsers drop one of "
            f"more than {limit} (MAX_COOKIE_SIZE). Its largest values are {keys}. Store less in it, or set "
            "SESSION_STORE, with which the cookie has only an identifier."
        )


class SignedCookies:
    """Opens and saves sessions in signed cookies.

    Args:
        app: The application.
        options: Its configuration.
        cookie: The cookie.
    """

    def __init__(self, app: Cocopot, options: Options, cookie: SessionCookie) -> None:
        self._options = options
        self._cookie = cookie
        self._keys = Keys(app)

    def open(self, app: Cocopot, request: Request) -> BaseSession | None:
        """Return the session of a request; `None` without a key, if `app.session_interface` has sessions."""
        signer = self._keys.signer()
        if signer is None:
            return NullSession(NO_KEY) if type(app.session_interface) is SessionInterface else None
        options = self._options
        for text in self._cookie.values(request):
            opened = signer.loads(text, options.lifetime)
            if opened is not None and not is_too_old(opened.created, options):
                session = Session(opened.values, base=opened.base, created=opened.created, user=opened.user)
                session.is_outdated = not opened.is_current
                return session
        return open_flask(request, signer, options, self._cookie, merges=False) or Session()

    def save(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        """Set the cookie of a session, or delete it if the session is empty.

        Raises:
            CookieTooLargeError: If browsers would drop the cookie.
            TypeError: If a value cannot be stored.
        """
        is_modified = session.modified
        if session.has_content:
            is_renewed = session.is_outdated or (session.permanent and self._options.refreshes)
            if is_modified or is_renewed:
                self._set(app, request, session, response)
        elif is_modified and self._cookie.values(request):
            self._cookie.delete(request, response)
        if session.is_of_flask:
            self._cookie.forget_plain(request, response)
        if session.is_ended and not session.new:
            notify_destroyed(app, None, session.ended_user)
        if is_modified and (session.has_content or not session.is_ended):
            notify_saved(app, request, session)

    def _set(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        signer = self._keys.signer()
        if signer is None:
            raise RuntimeError(NO_KEY)
        values = {key: serialize(key, value) for key, value in session.items()}
        text = signer.dumps(session.created, session.user, values)
        header = self._cookie.header(request, text, session, remaining(session.created, self._options))
        limit = min(app.config["MAX_COOKIE_SIZE"] or LONGEST, LONGEST)
        if limit < len(header):
            sizes = sorted(((key, len(value)) for key, value in values.items()), key=lambda item: -item[1])
            raise CookieTooLargeError(len(header), limit, sizes[:3])
        response.headers.add("Set-Cookie", header)
