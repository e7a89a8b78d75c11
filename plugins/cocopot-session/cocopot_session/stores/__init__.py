"""The stores of sessions on the side of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot_session.stores.base import Store, Stored, StoreUnavailable

if TYPE_CHECKING:
    from cocopot import Cocopot

__all__ = ["Store", "StoreUnavailable", "Stored", "open_store"]


def open_store(url: str, app: Cocopot) -> Store:  # noqa: ARG001 - for the paths of files
    """Return the store of a URL, without connecting.

    Args:
        url: What `SESSION_STORE` is.
        app: The application.

    Raises:
        ModuleNotFoundError: If the library of the store is not installed; the text names the extra.
        ValueError: If the URL is not that of a store; the text is the remedy.
    """
    raise ValueError("Give None: sessions in signed cookies.")
