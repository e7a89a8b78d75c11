"""Which name may have been meant by one that is not there."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def close_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is nearest to a name; `None` if none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a sentence for a message about a name that is not there.

    Args:
        name: The name.
        known: The names that are there.
        otherwise: What to say if none of them is near.
    """
    close = close_name(name, known)
    return otherwise if close is None else f"Did you mean {close!r}?"
