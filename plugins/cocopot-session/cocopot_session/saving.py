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
    if session.is_rotated:
        observe(app, "session_rotated", request, session)
    if app.plugins.compiled_hook("session_saved") is not None:
        observe(app, "session_saved", request, session, saved or Saved(tuple(session.changes())))


def notify_destroyed(app: Cocopot, key: str | None, user: str | None) -> None:
    """Call the hook of a session that has been deleted."""
    observe(app, "session_destroyed", key, user)


def observe(app: Cocopot, name: str, *args: object) -> None:
    """Call a hook of observers, whose exceptions are logged; where exceptions propagate, they are raised.

    Args:
        app: The application.
        name: The name of the hook.
        args: Its arguments, without the application.
    """
    hook = app.plugins.compiled_hook(name)
    if hook is None:
        return
    try:
        hook(app, *args)
    except Exception:
        if app.propagate_exceptions:
            raise
        app.logger.exception("session: an implementation of %s has raised an exception", name)
