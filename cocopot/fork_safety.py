"""Locks that the child of a fork can acquire, whichever thread of the parent held them.

The child has only the thread that has forked: what another one held is never released there. What that thread
was about to change is left as it was at that moment.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import threading

L = TypeVar("L", "threading.Lock", "threading.RLock")

_locks: weakref.WeakSet[threading.Lock | threading.RLock] = weakref.WeakSet()


def fork_safe(lock: L) -> L:
    """Return a lock that is released in the child of a fork, unless the thread that has forked holds it.

    Args:
        lock: The lock; one that the thread that forks may hold has to be an `RLock`.
    """
    _locks.add(lock)
    return lock


def _release_all() -> None:
    for lock in _locks:
        if lock.acquire(blocking=False):  # free, or of this thread
            lock.release()
        else:
            lock._at_fork_reinit()  # type: ignore[union-attr]  # noqa: SLF001 - as in `threading` itself


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_all)
