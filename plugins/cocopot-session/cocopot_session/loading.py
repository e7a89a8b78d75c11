"""Loading sessions from a store: what is damaged there is logged, and is as good as deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cocopot_session.tagged_json import decode

if TYPE_CHECKING:
    import logging

    from cocopot_session.stores.base import Store, Stored

#: The end of the year 9999, in seconds since the epoch; there is no `datetime` for what is later.
_LATEST: Final = 253402300799


def load_session(store: Store, key: str, logger: logging.Logger) -> tuple[Stored, dict[str, Any]] | None:
    """Return a session with its decoded values; `None` if there is none, or if it is damaged.

    Args:
        store: The store.
        key: What the store has it under.
        logger: Where a damaged session is logged, without its values.

    Raises:
        StoreUnavailable: If the store cannot be reached.
    """
    try:
        stored = store.load(key)
        return None if stored is None else (_checked(stored), _decoded(stored))
    except ValueError as error:
        logger.error(  # noqa: TRY400 - the traceback shows values
            "session: a session in the store is damaged, and is not used: %s", error
        )
        return None


def _checked(stored: Stored) -> Stored:
    if 0 <= stored.created <= _LATEST and 0 <= stored.expires <= _LATEST:
        return stored
    raise ValueError("the time when it was created, or when it expires, is not valid")


def _decoded(stored: Stored) -> dict[str, Any]:
    return {name: decode(data) for name, data in stored.values.items()}
