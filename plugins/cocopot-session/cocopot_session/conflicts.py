"""Saving a session that parallel requests save, too: compare and set, merge, and try again."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from cocopot_session.loading import load_session
from cocopot_session.merging import Merged, merge
from cocopot_session.saving import Saved
from cocopot_session.stores.base import Stored, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot import Cocopot
    from cocopot_session.session import Session
    from cocopot_session.stores.base import Store

#: How long a session is tried to be saved against others, in seconds.
_PATIENCE: Final = 15.0
#: The longest pause between two attempts, in seconds.
_LONGEST_PAUSE: Final = 0.05
#: How long an attempt waits for the other threads of this process, in seconds; then it goes on without.
_TURN: Final = 5.0
_LOCKS: Final = 64


class Writer:
    """Writes sessions so that no change of a parallel request is lost.

    Args:
        app: The application.
        store: The store.
    """

    def __init__(self, app: Cocopot, store: Store) -> None:
        self._logger = app.logger
        self._store = store
        # After a conflict the threads of this process take turns, so that fewer attempts fail.
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def replace(
        self, key: str, session: Session, changes: dict[str, bytes | None], expires: float
    ) -> Saved | None:
        """Save the changes of a session.

        Args:
            key: What the store has it under.
            session: The session.
            changes: What has been changed.
            expires: When it expires, in seconds since the epoch.

        Returns:
            What has been saved; `None` if it has been deleted meanwhile.

        Raises:
            StoreUnavailable: If the store cannot be reached, or other requests are always quicker.
        """
        for newest, merged in self._attempts(key, session, changes):
            stored = Stored(token_hex(8), merged.values, newest.created, expires, newest.user)
            if self._store.replace(key, stored, version=newest.version):
                return self._saved(changes, merged)
        return None

    def move(
        self, session: Session, changes: dict[str, bytes | None], key: str, expires: float
    ) -> Saved | None:
        """Save a session under another key, and delete it under its own one.

        Args:
            session: The session, which is stored.
            changes: What has been changed.
            key: The new key.
            expires: When it expires, in seconds since the epoch.

        Returns:
            What has been saved; `None` if it has been deleted meanwhile, and is not stored under the new key.

        Raises:
            StoreUnavailable: As `replace`.
        """
        store, old, version = self._store, session.key, ""
        if old is None:
            raise ValueError("the session has not been stored")
        try:
            for newest, merged in self._attempts(old, session, changes):
                stored = Stored(token_hex(8), merged.values, session.created, expires, session.user)
                if not version:
                    store.create(key, stored)
                else:
                    store.replace(key, stored, version=version)
                version = stored.version
                # One that has expired: so it is deleted only if no other request has saved it meanwhile.
                if store.replace(old, Stored(token_hex(8), {}, 0, 0, None), version=newest.version):
                    with suppress(StoreUnavailable):  # then it is left to expire, which it has
                        store.delete(old)
                    return self._saved(changes, merged)
        except StoreUnavailable:
            with suppress(StoreUnavailable):
                store.delete(key)
            raise
        store.delete(key)
        return None

    def _attempts(
        self, key: str, session: Session, changes: dict[str, bytes | None]
    ) -> Iterator[tuple[Stored, Merged]]:
        """Yield what is stored, and what to store; again and again, until the session is deleted.

        Raises:
            StoreUnavailable: After some seconds.
        """
        base = session.stored
        if base is None:
            return
        functions = session.functions(changes)
        yield base, merge(base.values, changes, base.values, functions)
        begin, pause = time.monotonic(), 0.001
        with self._turn(key):
            while time.monotonic() - begin < _PATIENCE:
                loaded = load_session(self._store, key, self._logger)
                if loaded is None:
                    return
                newest = loaded[0]
                yield newest, merge(base.values, changes, newest.values, functions)
                time.sleep(random.uniform(0, pause))  # noqa: S311 - not for security
                pause = min(2 * pause, _LONGEST_PAUSE)
        raise StoreUnavailable(f"other requests have changed the same session for {_PATIENCE:.0f} seconds")

    @contextmanager
    def _turn(self, key: str) -> Iterator[None]:
        lock = self._locks[int(key[:8], 16) % _LOCKS]
        # Without the lock, which a thread that a fork has lost may hold, nothing but time is lost.
        is_acquired = lock.acquire(timeout=_TURN)
        try:
            yield
        finally:
            if is_acquired:
                lock.release()

    def _saved(self, changes: dict[str, bytes | None], merged: Merged) -> Saved:
        if merged.overwritten:
            keys = ", ".join(f"{key!r:.50}" for key in merged.overwritten)
            self._logger.debug("session: what a parallel request has saved is replaced under %s", keys)
        return Saved(tuple(changes), merged.overwritten)
