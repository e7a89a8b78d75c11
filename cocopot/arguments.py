"""The arguments, fields and cookies of a request: Werkzeug's dict, with faster access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import ImmutableMultiDict as _ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError

from cocopot.speedups import argument_getter

if TYPE_CHECKING:
    from collections.abc import Callable


class ImmutableMultiDict(_ImmutableMultiDict[str, str]):
    """The arguments, fields or cookies of a request; see `werkzeug.datastructures.ImmutableMultiDict`."""

    def __getitem__(self, key: str) -> str:
        values = _get(self, key)
        if not values:
            raise BadRequestKeyError(key)
        return values[0]

    @argument_getter
    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]  # noqa: A002 - as in Werkzeug
        """Return the first value of a name, or `default`, without an exception for a missing one.

        Args:
            key: The name.
            default: What is returned for a missing name, and for a value that `type` rejects.
            type: Converts the value; a `ValueError` or a `TypeError` of it is a rejection.
        """
        values = _get(self, key)
        if not values:
            return default
        if type is None:
            return values[0]
        try:
            return type(values[0])
        except (ValueError, TypeError):
            return default


# The method of a base class that a multi dict overrides.
_get: Callable[[Any, str], list[str] | None] = dict.get
