"""What `cocopot check` finds out about a store."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from cocopot.cli import Finding
from cocopot_session.stores.base import Stored, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot_session.stores.base import Store

_LIFETIME = 60.0  # seconds: a session that could not be deleted is not there for long


def check_store(store: Store) -> Iterator[Finding]:
    """Write, read and delete a session, and yield what is wrong with a store.

    Args:
        store: The store; what its `risks` returns, if it has that method, becomes warnings.
    """
    try:
        is_sound = _is_sound(store)
        risks: list[tuple[str, str]] = getattr(store, "risks", list)() if is_sound else []
    except StoreUnavailable as error:
        cure = "Start the store, or correct SESSION_STORE. Until then, no request can use the session."
        yield Finding("error", "plugin", str(error), cure)
        return
    if not is_sound:
        problem = f"A session that was written to {store!r} was not there afterwards."
        yield Finding("error", "plugin", problem, "Look for what deletes sessions, or use another store.")
    for problem, cure in risks:
        yield Finding("warning", "plugin", problem, cure)


def _is_sound(store: Store) -> bool:
    """Return whether a session is there after it has been written, and gone after it has been deleted."""
    key, now = secrets.token_hex(32), time.time()
    first = Stored(secrets.token_hex(16), {}, now, now + _LIFETIME, None)
    second = Stored(secrets.token_hex(16), {"check": b"1"}, now, now + _LIFETIME, None)
    store.create(key, first)
    try:
        return store.replace(key, second, version=first.version) and store.load(key) == second
    finally:
        store.delete(key)
