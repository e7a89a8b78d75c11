"""What `cocopot check` reports of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.cli import Finding
from cocopot_session.stores.base import StoreUnavailable
from cocopot_session.stores.probing import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cocopot import Cocopot
    from cocopot_session.stores.base import Store


def find_all(app: Cocopot, store: Store | None) -> Iterator[Finding]:
    """Yield what should be corrected.

    Args:
        app: The application.
        store: What stores its sessions.
    """
    if store is not None:
        yield from _store_findings(app, store)
    if app.config["SESSION_COOKIE_SECURE"] in (False, 0):
        yield Finding(
            "warning",
            "production",
            "SESSION_COOKIE_SECURE is off: who is on the way can read the cookie, and use the session.",
            "Remove it: then the cookie is secure unless the application is in debug mode on this machine.",
            plugin="session",
        )


def _store_findings(app: Cocopot, store: Store) -> Iterator[Finding]:
    risks: Callable[[], list[tuple[str, str]]] = getattr(store, "risks", list)
    try:
        probe(store)
        for problem, cure in risks():
            yield Finding("warning", "production", problem, cure, plugin="session")
    except StoreUnavailable as error:
        origin = app.config.origin("SESSION_STORE")
        yield Finding(
            "error",
            "plugin",
            f"The store of the sessions cannot be reached: {error}",
            f"Start it, or correct SESSION_STORE (set by {origin}).",
            plugin="session",
        )
