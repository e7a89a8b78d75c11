"""The sessions of a user: to list them, and to revoke them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cocopot import current_app, has_request_context, session
from cocopot_session.loading import load_session
from cocopot_session.plugin import state_of
from cocopot_session.saving import notify_destroyed
from cocopot_session.session import Session

if TYPE_CHECKING:
    from cocopot import Cocopot
    from cocopot_session.stores.base import Store

#: The hash of an identifier.
_KEY: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A stored session.

    Args:
        key: What the store has it under: the hash of its identifier. It cannot be used as an identifier.
        user: The user whom it belongs to.
        created: When it was created.
        expires: When it expires.
        values: What is in it.
        is_current: Whether it is that of the current request.
    """

    key: str
    user: str | None
    created: datetime
    expires: datetime
    values: dict[str, Any]
    is_current: bool


def list_sessions(user: str) -> list[SessionInfo]:
    """Return the sessions of a user, the newest first.

    Args:
        user: What has been assigned to `session.user`.

    Raises:
        RuntimeError: If sessions are in signed cookies, or there is no application context.
        StoreUnavailable: If the store cannot be reached.
    """
    app, store = current_store()
    current = _current_key()
    found = []
    for key in store.keys_of(user):
        loaded = load_session(store, key, app.logger)
        if loaded is None or loaded[0].user != user:  # deleted meanwhile, or damaged
            continue
        stored, values = loaded
        begin, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (stored.created, stored.expires))
        found.append(SessionInfo(key, user, begin, end, values, key == current))
    return sorted(found, key=lambda info: info.created, reverse=True)


def revoke_session(key: str) -> None:
    """Delete a session. A request that uses it at this moment does not restore it.

    Args:
        key: The key of a `SessionInfo`. Nothing is deleted for another text, which a client may have sent.

    Raises:
        RuntimeError: As `list_sessions`.
        StoreUnavailable: If the store cannot be reached.
    """
    app, store = current_store()
    if not _KEY.fullmatch(key):
        return
    loaded = load_session(store, key, app.logger)
    store.delete(key)
    if loaded is not None:
        notify_destroyed(app, key, loaded[0].user)


def revoke_sessions(user: str, *, keep_current: bool = False) -> int:
    """Delete the sessions of a user: after a change of the password, or to lock an account.

    Args:
        user: What has been assigned to `session.user`.
        keep_current: Whether to keep that of the current request.

    Returns:
        How many have been deleted.

    Raises:
        RuntimeError: As `list_sessions`.
        StoreUnavailable: If the store cannot be reached.
    """
    app, store = current_store()
    current = _current_key() if keep_current else None
    revoked: set[str] = set()
    # A request that rotates a session meanwhile stores it under a new key before it deletes the old one.
    while keys := [key for key in store.keys_of(user) if key != current and key not in revoked]:
        for key in keys:
            store.delete(key)
            notify_destroyed(app, key, user)
        revoked.update(keys)
    return len(revoked)


def current_store() -> tuple[Cocopot, Store]:
    """Return the current application, and what stores its sessions.

    Raises:
        RuntimeError: If sessions are in signed cookies, or there is no application context.
    """
    state = state_of(current_app)
    store = state.store
    if store is None:
        raise RuntimeError("Sessions in signed cookies cannot be listed or revoked: set SESSION_STORE.")
    return state.app, store


def _current_key() -> str | None:
    if not has_request_context():
        return None
    return session.key if isinstance(session, Session) else None  # a proxy of it
