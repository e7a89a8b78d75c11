"""The sessions of a user: to list them, and to revoke them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cocopot import current_app, has_request_context, session
from cocopot_session.plugin import state_of
from cocopot_session.saving import notify_destroyed
from cocopot_session.session import Session
from cocopot_session.tagged_json import decode

if TYPE_CHECKING:
    from cocopot import Cocopot
    from cocopot_session.stores.base import Store


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
    _, store = current_store()
    current = _current_key()
    found = []
    for key in store.keys_of(user):
        stored = store.load(key)
        if stored is None or stored.user != user:  # deleted meanwhile
            continue
        values = {name: decode(data) for name, data in stored.values.items()}
        begin, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (stored.created, stored.expires))
        found.append(SessionInfo(key, user, begin, end, values, key == current))
    return sorted(found, key=lambda info: info.created, reverse=True)


def revoke_session(key: str) -> None:
    """Delete a session. A request that uses it at this moment does not bring it back.

    Args:
        key: The key of a `SessionInfo`.

    Raises:
        RuntimeError: As `list_sessions`.
        StoreUnavailable: If the store cannot be reached.
    """
    app, store = current_store()
    stored = store.load(key)
    store.delete(key)
    if stored is not None:
        notify_destroyed(app, key, stored.user)


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
    keys = [key for key in store.keys_of(user) if key != current]
    for key in keys:
        store.delete(key)
        notify_destroyed(app, key, user)
    return len(keys)


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
