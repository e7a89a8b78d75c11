"""Whether a store works: `cocopot check` writes, reads and deletes a session."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from cocopot_session.stores.base import Stored, StoreUnavailable

if TYPE_CHECKING:
    from cocopot_session.stores.base import Store

_LIFETIME: Final = 60.0  # seconds: what could not be deleted is not there for long


def probe(store: Store) -> None:
    """Write, replace, read and delete a session.

    Args:
        store: The store.

    Raises:
        StoreUnavailable: If that is not possible, or the session is not what has been written.
    """
    key, now = secrets.token_hex(32), time.time()
    first = Stored(secrets.token_hex(16), {}, now, now + _LIFETIME, None)
    second = Stored(secrets.token_hex(16), {"probe": b"1"}, now, now + _LIFETIME, None)
    store.create(key, first)
    try:
        is_written = store.replace(key, second, version=first.version)
        is_same = store.load(key) == second
    finally:
        store.delete(key)
    if not (is_written and is_same):
        raise StoreUnavailable("a session was written, and was not there afterwards")
    if store.load(key) is not None:
        raise StoreUnavailable("a session was deleted, and was still there afterwards")
