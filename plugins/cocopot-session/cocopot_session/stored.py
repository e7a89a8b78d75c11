"""Sessions in a store; their cookie has only a random identifier."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import TYPE_CHECKING, Final

from cocopot.sessions import SessionUnavailable
from cocopot_session.conflicts import Writer
from cocopot_session.loading import load_session
from cocopot_session.saving import Saved, notify_destroyed, notify_saved
from cocopot_session.session import Session
from cocopot_session.storage import Keys, is_too_old, open_flask, remaining
from cocopot_session.stores.base import Stored, StoreUnavailable

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response
    from cocopot_session.cookies import SessionCookie
    from cocopot_session.options import Options
    from cocopot_session.stores.base import Store

#: 256 random bits.
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: After this part of its lifetime a session that is used is prolonged in the store.
_TOUCHED_AFTER: Final = 0.01
_UNAVAILABLE: Final = "the store of the sessions cannot be reached at the moment. Try again later."


class StoredSessions:
    """Opens sessions from a store, and saves them there.

    Args:
        app: The application.
        options: Its configuration.
        cookie: The cookie.
        store: The store.
    """

    def __init__(self, app: Cocopot, options: Options, cookie: SessionCookie, store: Store) -> None:
        self._options = options
        self._cookie = cookie
        self._store = store
        self._keys = Keys(app)
        self._writer = Writer(app, store)

    def open(self, app: Cocopot, request: Request) -> Session:
        """Return the session of a request.

        Raises:
            SessionUnavailable: If the store cannot be reached, and SESSION_STORE_FAILURE is "unavailable".
        """
        options, cookie = self._options, self._cookie
        try:
            for text in cookie.values(request):
                if _IDENTIFIER.fullmatch(text) and (session := self._load(app, _hash(text))) is not None:
                    session.identifier = text
                    return session
        except StoreUnavailable as error:
            return self._without_store(app, error)
        session = open_flask(request, self._keys.signer(), options, cookie, merges=True)
        return session or Session(merges=True)

    def _load(self, app: Cocopot, key: str) -> Session | None:
        loaded = load_session(self._store, key, app.logger)
        if loaded is None:
            return None
        stored, values = loaded
        if is_too_old(stored.created, self._options):
            return None
        return Session(values, stored=stored, key=key, merges=True)

    def _without_store(self, app: Cocopot, error: StoreUnavailable) -> Session:
        is_empty = self._options.store_failure == "empty"
        result = "an empty session" if is_empty else "a 503"
        app.logger.error("session: the store cannot be reached, and the request gets %s: %s", result, error)
        if not is_empty:
            raise SessionUnavailable(f"Sessions are not available: {_UNAVAILABLE}") from error
        session = Session()
        session.refuse_changes(_UNAVAILABLE, SessionUnavailable)
        return session

    def save(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        """Save a session, and set its cookie.

        Raises:
            SessionUnavailable: If the store cannot be reached, so that the changes would be lost.
            TypeError: If a value cannot be stored.
        """
        if session.refusal:
            return
        try:
            self._save(app, request, session, response)
        except StoreUnavailable as error:
            app.logger.error(  # noqa: TRY400 - the cause is in the text
                "session: the store cannot be reached, and changes are lost: %s", error
            )
            raise SessionUnavailable(f"The session has not been saved: {_UNAVAILABLE}") from error
        if session.is_of_flask:
            self._cookie.forget_plain(request, response)

    def _save(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        if session.is_ended and session.key is not None:
            self._store.delete(session.key)
            notify_destroyed(app, session.key, session.ended_user)
            session.key = None
        if session.key is None:
            if session.has_content and session.modified:
                self._create(app, request, session, response)
            elif session.is_ended and self._cookie.values(request):
                self._cookie.delete(request, response)
            return
        changes = session.changes() if session.modified else {}
        if session.is_rotated:
            saved = self._rotate(session, changes)
        elif changes:
            saved = self._writer.replace(session.key, session, changes, self._expires(session))
        else:
            self._touch(app, session)
            saved = None
        if saved is None and (changes or session.is_rotated):
            app.logger.debug("session: it has been deleted meanwhile, and its changes are not saved")
            return
        is_renewed = session.permanent and (self._options.refreshes or bool(changes))
        if is_renewed or session.is_rotated or "_permanent" in changes:
            self._set_cookie(request, session, response)
        if saved is not None:
            notify_saved(app, request, session, saved)

    def _create(self, app: Cocopot, request: Request, session: Session, response: Response) -> None:
        changes = session.changes()
        values = {key: data for key, data in changes.items() if data is not None}
        session.identifier = token_urlsafe(32)
        session.key = _hash(session.identifier)
        stored = Stored(token_hex(8), values, session.created, self._expires(session), session.user)
        self._store.create(session.key, stored)
        self._set_cookie(request, session, response)
        notify_saved(app, request, session, Saved(tuple(changes)))

    def _rotate(self, session: Session, changes: dict[str, bytes | None]) -> Saved | None:
        """Store a session under a new identifier."""
        identifier = token_urlsafe(32)
        key = _hash(identifier)
        saved = self._writer.move(session, changes, key, self._expires(session))
        if saved is not None:
            session.identifier, session.key = identifier, key
        return saved

    def _touch(self, app: Cocopot, session: Session) -> None:
        """Prolong a session that has not been changed, unless that has been done shortly before."""
        expires, stored = self._expires(session), session.stored
        if stored is None or session.key is None or not self._options.refreshes:
            return
        if expires - stored.expires > self._options.lifetime * _TOUCHED_AFTER:
            try:
                self._store.touch(session.key, expires)
            except StoreUnavailable as error:
                app.logger.warning("session: the lifetime of a session has not been prolonged: %s", error)

    def _expires(self, session: Session) -> float:
        return time.time() + remaining(session.created, self._options)

    def _set_cookie(self, request: Request, session: Session, response: Response) -> None:
        ends = remaining(session.created, self._options)
        header = self._cookie.header(request, session.identifier, session, ends)
        response.headers.add("Set-Cookie", header)


def _hash(identifier: str) -> str:
    """Return what the store has instead of an identifier: who reads the store cannot use the session."""
    return sha256(identifier.encode()).hexdigest()
