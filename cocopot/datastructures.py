"""Werkzeug's headers and query arguments, with short ways for what nearly every request does."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import EnvironHeaders as _EnvironHeaders
from werkzeug.datastructures import Headers as _Headers
from werkzeug.datastructures import ImmutableMultiDict

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment


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

    @classmethod
    def of(cls, items: list[tuple[str, str]]) -> Headers:
        """Return headers that hold the list itself, whose items are known to be valid."""
        headers = cls.__new__(cls)
        headers._list = items  # noqa: SLF001 - of this class
        return headers


@lru_cache(maxsize=512)
def _environ_key(name: str) -> str:
    """Return the key under which the environment has a header (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


class EnvironHeaders(_EnvironHeaders):
    """The headers of a request; see `werkzeug.datastructures.EnvironHeaders`."""

    def __getitem__(self, key: Any) -> str:  # type: ignore[override]  # as in Werkzeug
        if type(key) is str and len(key) < 64:
            return self.environ[_environ_key(key)]  # type: ignore[no-any-return]
        return super().__getitem__(key)

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> EnvironHeaders:
        """Return the headers of an environment."""
        headers = cls.__new__(cls)
        headers._list = []  # noqa: SLF001 - of this class
        headers.environ = environ
        return headers


def plain_arguments(query: str) -> ImmutableMultiDict[str, str]:
    """Return the arguments of a query string that has nothing to decode, neither `%` nor `+`."""
    arguments: ImmutableMultiDict[str, str] = ImmutableMultiDict.__new__(ImmutableMultiDict)
    for piece in query.split("&"):
        if piece:
            key, _, value = piece.partition("=")
            if key in arguments:
                _dict_get(arguments, key).append(value)
            else:
                _dict_set(arguments, key, [value])
    return arguments


# What a multi dict is made of: a dict of lists.
_dict_get: Any = dict.__getitem__
_dict_set: Any = dict.__setitem__
