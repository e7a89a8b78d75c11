"""The event streams that have begun and not ended, which end when a server or an application stops."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from cocopot.fork_safety import fork_safe

if TYPE_CHECKING:
    from cocopot.app import Cocopot


class OpenStream(Protocol):
    """A stream of this process."""

    app: Cocopot
    #: Whether it ends before its next event.
    is_ended: bool


_open: weakref.WeakSet[OpenStream] = weakref.WeakSet()
_lock = fork_safe(threading.Lock())  # for changes of it


def add_stream(stream: OpenStream) -> None:
    """Remember a stream that has begun."""
    with _lock:
        _open.add(stream)


def discard_stream(stream: OpenStream) -> None:
    """Forget a stream that has ended."""
    with _lock:
        _open.discard(stream)


def end_event_streams(app: Cocopot | None = None) -> None:
    """Let the open streams end soon, so that a server that stops need not wait for them.

    Args:
        app: The application whose streams end; `None` for those of all.
    """
    with _lock:
        streams = list(_open)
    for stream in streams:
        if app is None or stream.app is app:
            stream.is_ended = True
