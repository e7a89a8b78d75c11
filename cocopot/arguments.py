"""The arguments, fields and cookies of a request: Werkzeug's dict, with faster access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.datastructures import CombinedMultiDict
from werkzeug.datastructures import ImmutableMultiDict as _ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError

from cocopot.speedups import argument_getter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.datastructures import MultiDict

V = TypeVar("V")


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


def collect(pairs: Iterable[tuple[str, V]], cls: type[MultiDict[str, V]]) -> Any:
    """Return a multi dict with the pairs, without calling its constructor.

    Args:
        pairs: Names and values.
        cls: Its class: Werkzeug's, or a subclass whose constructor does no more.
    """
    lists: dict[str, list[V]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    collected = _new(cls)
    _update(collected, lists)
    return collected


def combine(sources: list[MultiDict[str, str]]) -> CombinedMultiDict[str, str]:
    """Return a multi dict of what several have, without calling its constructor.

    Args:
        sources: The multi dicts, the one that takes precedence first.
    """
    combined: CombinedMultiDict[str, str] = _new(CombinedMultiDict)
    combined.dicts = sources
    return combined


# The methods of a base class that a multi dict overrides, as names of their own for type checkers.
_get: Callable[[Any, str], list[str] | None] = dict.get
_new: Callable[[type[Any]], Any] = dict.__new__
_update: Callable[[Any, dict[str, Any]], None] = dict.update
