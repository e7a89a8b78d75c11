"""The class of `g`, what belongs to one context."""

from __future__ import annotations

from cocopot.context import current, current_or_none
from cocopot.speedups import GlobalsState


class Globals(GlobalsState):
    """A plain namespace for the time of a context: `g`.

    Attributes that are not set raise `AttributeError`; `get`, `pop` and `setdefault` work as on a dict.
    """

    def __repr__(self) -> str:
        return f"<g of {current().app.name!r}>" if current_or_none() is not None else "<g>"
