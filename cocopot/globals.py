"""The class of `g`, what belongs to one context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.context import current, current_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING = object()


class Globals:
    """A plain namespace for the time of a context: `g`.

    Attributes that are not set raise `AttributeError`; `get`, `pop` and `setdefault` work as on a dict.
    """

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"g has no attribute {name!r}: nothing has set it in this context")

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None: ...

    def get(self, name: str, default: object = None) -> Any:
        """Return the attribute `name`, or `default`."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: object = _MISSING) -> Any:
        """Remove the attribute `name` and return it.

        Raises:
            KeyError: If it is not set, without a default.
        """
        if default is _MISSING:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: object = None) -> Any:
        """Return the attribute `name`, after setting it to `default` if it is not set."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        return f"<g of {current().app.name!r}>" if current_or_none() is not None else "<g>"
