"""Suggestions for misspelled names."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX = "cocopot_"


def close_name(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known name that is most similar to a name, or `None` if none is similar.

    A name that begins with the whole words of `name` is more similar than one that shares more letters. The
    case of letters makes no difference.

    Args:
        name: The name.
        known: The known names.
        cutoff: How similar a name must be, from 0 to 1.
    """
    # The prefix of all hooks makes any two of them similar, and the case of letters none of them different.
    bare = {_bare(name): name for name in known}
    name = _bare(name)
    if longer := [other for other in bare if name and other.startswith(f"{name}_")]:
        return bare[min(longer, key=len)]
    close = difflib.get_close_matches(name, bare, n=1, cutoff=cutoff)
    return bare[close[0]] if close else None


def _bare(name: str) -> str:
    return name.casefold().removeprefix(_PREFIX)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a sentence that suggests a known name in place of an unknown one.

    Args:
        name: The unknown name.
        known: The known names.
        otherwise: The sentence if none of them is similar.
    """
    close = close_name(name, known)
    return otherwise if close is None else f"Did you mean {close!r}?"
