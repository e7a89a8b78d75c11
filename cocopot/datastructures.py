"""Werkzeug's headers and query arguments, with faster access in the usual case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from werkzeug.datastructures import EnvironHeaders as _EnvironHeaders
from werkzeug.datastructures import Headers as _Headers
from werkzeug.datastructures import ImmutableMultiDict as _ImmutableMultiDict
from werkzeug.exceptions import BadRequestKeyError

from cocopot.speedups import Lazy

if TYPE_CHECKING:
    from collections.abc import Callable


class Headers(_Headers):
    """The headers of a response; see `werkzeug.datastructures.Headers`."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is not str or type(value) is not str or "\n" in value or "\r" in value:
            super().__setitem__(key, value)
            return
        length = len(key)
        for name, _ in self._list:
            if len(name) == length and name.lower() == key.lower():
                super().__setitem__(key, value)
                return
        self._list.append((key, value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Headers):
            return NotImplemented
        return super().__eq__(other if type(other) is type(self) else type(self)(other))

    __hash__ = None

    def __init__(self, defaults: Any = None, *, items: list[tuple[str, str]] | None = None) -> None:
        # A list whose items are known to be valid is not copied.
        if items is None:
            super().__init__(defaults)
        else:
            self._list = items


def _environ_key(name: str) -> str:
    """Return the key of a header in the environment (PEP 3333)."""
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    if len(_KEYS) < 512 and len(name) < 64:
        _KEYS[name] = key
    return key


# Bounded cache: header name -> WSGI key.
_KEYS: dict[str, str] = {}


class EnvironHeaders(_EnvironHeaders):
    """The headers of a request; see `werkzeug.datastructures.EnvironHeaders`."""

    # Always empty, and seldom read.
    _list: list[tuple[str, str]] = cast("Any", Lazy(lambda _: []))

    def __getitem__(self, key: Any) -> str:  # type: ignore[override]  # as in Werkzeug
        if type(key) is str:
            return self.environ[_KEYS.get(key) or _environ_key(key)]  # type: ignore[no-any-return]
        return super().__getitem__(key)


class ImmutableMultiDict(_ImmutableMultiDict[str, str]):
    """The arguments of a request; see `werkzeug.datastructures.ImmutableMultiDict`."""

    def __getitem__(self, key: str) -> str:
        values = _get(self, key)
        if not values:
            raise BadRequestKeyError(key)
        return values[0]


# The method of a base class that a multi dict overrides.
_get: Callable[[Any, str], list[str] | None] = dict.get
