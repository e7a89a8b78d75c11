"""What has been saved of a session, and what is notified of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cocopot import Cocopot, Request
    from cocopot_session.session import Session


@dataclass(frozen=True, slots=True)
class Saved:
    """What has been saved of a session.

    Args:
        changed: The keys that the request has set, changed inside, or removed.
        overwritten: Those of them of which something that a parallel request has saved is replaced.
    """

    changed: tuple[str, ...]
    overwritten: tuple[str, ...] = ()


def notify_saved(app: Cocopot, request: Request, session: Session, saved: Saved | None = None) -> None:
    """Call the hooks of a session that has been saved.

    Args:
        app: The application.
        request: The request.
        session: The session.
        saved: What has been saved of it; by default, what has been changed.
    """
    if session.is_rotated and (rotated := app.plugins.compiled_hook("session_rotated")) is not None:
        rotated(app, request, session)
    if (hook := app.plugins.compiled_hook("session_saved")) is not None:
        hook(app, request, session, saved or Saved(tuple(session.changes())))


def notify_destroyed(app: Cocopot, key: str | None, user: str | None) -> None:
    """Call the hook of a session that has been deleted."""
    if (hook := app.plugins.compiled_hook("session_destroyed")) is not None:
        hook(app, key, user)
