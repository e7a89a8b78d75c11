"""Sessions in signed cookies, Redis, SQL databases, or files."""

from __future__ import annotations

from cocopot_session.hooks import SessionHooks
from cocopot_session.plugin import Sessions
from cocopot_session.saving import Saved
from cocopot_session.session import Session, session
from cocopot_session.signed import CookieTooLargeError
from cocopot_session.stores.base import Store, Stored, StoreUnavailable
from cocopot_session.users import SessionInfo, list_sessions, revoke_session, revoke_sessions

__all__ = [
    "CookieTooLargeError",
    "Saved",
    "Session",
    "SessionHooks",
    "SessionInfo",
    "Sessions",
    "Store",
    "StoreUnavailable",
    "Stored",
    "list_sessions",
    "revoke_session",
    "revoke_sessions",
    "session",
]
