"""Werkzeug's headers, with faster access in the usual case.

The headers of a response differ from Werkzeug's on purpose: a name that is not a token, and a value that must
not reach a server, raise `ValueError` when they are set (RFC 9110, 5.1 and 5.5; PEP 3333). Such a value
contains a control character other than a tab, or a character outside Latin-1. The octets 0x80 to 0xFF are
allowed (`obs-text`): UTF-8 that is decoded as Latin-1 consists of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self, cast

from werkzeug.datastructures import EnvironHeaders as _EnvironHeaders
from werkzeug.datastructures import Headers as _Headers
from werkzeug.http import dump_options_header, quote_etag
from werkzeug.urls import iri_to_uri

from cocopot.speedups import HeaderMethods, Lazy, is_plain_value
from cocopot.speedups.headers import NAME_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


# -------------------------------------------------------------------------
# What a server may receive
# -------------------------------------------------------------------------

_TOKEN = re.compile(f"[{re.escape(NAME_CHARACTERS)}]+")
_INVALID = r"[^\t\x20-\x7e\x80-\xff]"
# A location is converted to a URI when it is sent, so that any character but these is possible.
_INVALID_IN_LOCATION = r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]"
_LOCATIONS = frozenset({"location", "content-location"})
_SPECIAL_NAMES = _LOCATIONS | {"content-length", "content-type"}

# The usual spellings of those whose values need no check of their own.
_USUAL_NAMES = frozenset({"Content-Length", "Content-Type"})

#: Bounded cache of header names that are valid and need no special handling.
PLAIN_NAMES: set[str] = set()


def special_name(name: str) -> str:
    """Return a header's name in lower case if it needs special handling, and otherwise an empty string.

    Raises:
        ValueError: The name is not a token (RFC 9110, 5.1).
        TypeError: The name is not a string.
    """
    if name in PLAIN_NAMES:
        return ""
    if not isinstance(name, str):
        raise TypeError(f"The name of a header is a str, not a {type(name).__name__!r}: {name!r:.100}.")
    if not is_token(name):
        raise ValueError(f"{name!r} is not the name of a header.")
    lower = name.lower()
    if lower in _SPECIAL_NAMES:
        return lower
    if len(PLAIN_NAMES) < 1024 and len(name) < 64 and type(name) is str:
        PLAIN_NAMES.add(name)
    return ""


def is_token(text: str) -> bool:
    """Return whether a text is a token (RFC 9110, 5.6.2), such as a header's name."""
    return _TOKEN.fullmatch(text) is not None


def check_text(text: str, what: str, invalid: str = _INVALID) -> None:
    """Check that a text may be sent in the head of a response.

    Args:
        text: The text.
        what: What it is, for the error.
        invalid: Matches a character that it must not contain.

    Raises:
        ValueError: It contains a control character other than a tab, or one outside Latin-1.
    """
    if (found := re.search(invalid, text)) is None:
        return
    if (character := found[0]) < "\x80":
        reason = "newlines and other control characters are not allowed (RFC 9110, 5.5)"
    else:
        reason = (
            "characters outside Latin-1 are not allowed (PEP 3333); encode it, as with urllib.parse.quote"
        )
    raise ValueError(f"{what} contains {character!r} at index {found.start()}: {reason}.")


def check_file_name(name: str) -> None:
    """Check that a file name may be proposed to the client; it may contain characters outside Latin-1.

    Raises:
        ValueError: It contains a control character other than a tab.
    """
    check_text(name, "The download name", _INVALID_IN_LOCATION)


def check_etag(etag: str | bool | None) -> None:
    """Check an entity tag, if it is a text, before a file is opened that would have to be closed.

    Raises:
        ValueError: It contains a quotation mark, or must not reach a server (RFC 9110, 8.8.3).
    """
    if isinstance(etag, str):
        check_text(quote_etag(etag), "The entity tag")


def clean_file_name(name: str) -> str:
    """Return a file name that `check_file_name` accepts, with underscores for what it does not."""
    return re.sub(_INVALID_IN_LOCATION, "_", name)


def checked_header(name: str, value: object) -> tuple[str, str]:
    """Return a header as it is stored, with its value as text.

    Raises:
        ValueError: The name or the value must not reach a server.
    """
    is_usual = type(name) is str and (name in PLAIN_NAMES or name in _USUAL_NAMES)
    if is_usual and type(value) is str and is_plain_value(value):
        return name, value
    special = special_name(name)
    # A server may demand exactly a `str`, not a subclass.
    name = str.__str__(name)
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if not is_plain_value(text):
        invalid = _INVALID_IN_LOCATION if special in _LOCATIONS else _INVALID
        check_text(text, f"The value of the header {name!r}", invalid)
    if special in _LOCATIONS and "//" in text:
        _check_location(name, text)
    return name, text


def _check_location(name: str, url: str) -> None:
    """Check that a URL with a host can be converted to a URI, as it is when it is sent."""
    try:
        iri_to_uri(url)
    except ValueError as error:
        raise ValueError(f"The value of the header {name!r} is not a valid URL: {error}") from None


def checked_headers(headers: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Return headers as they are stored.

    Raises:
        ValueError: A name or a value must not reach a server.
    """
    return [checked_header(name, value) for name, value in headers]


def replaced(head: list[tuple[str, str]], items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers, with those of a list in place of all that have their names."""
    names = {name.lower() for name, _ in items}
    return [*[item for item in head if item[0].lower() not in names], *items]


# -------------------------------------------------------------------------
# Headers
# -------------------------------------------------------------------------


_MISSING: Any = object()
# Replaces methods of the class by what is compiled of them.
_METHODS = HeaderMethods()


@_METHODS.with_fast_items
class Headers(_Headers):
    """The headers of a response; see `werkzeug.datastructures.Headers`.

    Every method that sets a header raises `ValueError` for a name or a value that must not reach a server.
    """

    def __init__(self, defaults: Any = None, *, items: list[tuple[str, str]] | None = None) -> None:
        # A list whose items are known to be valid is not copied.
        if items is None:
            super().__init__(defaults)
        else:
            self._list = items

    @classmethod
    def adopt(cls, headers: _Headers) -> Self:
        """Return an object for the same headers: a change of either is one of both.

        Raises:
            ValueError: A name or a value must not reach a server.
        """
        items = headers._list  # noqa: SLF001
        items[:] = checked_headers(items)
        return cls(items=items)

    @_METHODS.add
    def add(self, key: str, value: Any, /, **kwargs: Any) -> None:
        """Add a header; `kwargs` are parameters of its value."""
        self._list.append(checked_header(key, _with_parameters(value, kwargs)))

    @_METHODS.extend
    def extend(self, arg: Any = None, /, **kwargs: str) -> None:
        """Add headers; see Werkzeug's method."""
        super().extend(arg, **kwargs)

    @_METHODS.set
    def set(self, key: str, value: Any, /, **kwargs: Any) -> None:
        """Replace all headers of a name; `kwargs` are parameters of the value."""
        super().set(*checked_header(key, _with_parameters(value, kwargs)))

    def replace(self, items: list[tuple[str, str]]) -> None:
        """Replace all headers whose names are in a list of valid headers by that list."""
        self._list[:] = replaced(self._list, items)

    def assign(self, items: list[tuple[str, str]]) -> None:
        """Replace all headers by a list of valid ones."""
        self._list[:] = items

    @_METHODS.setitem
    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, str):
            is_slice = isinstance(key, slice)
            super().__setitem__(key, checked_headers(value) if is_slice else checked_header(*value))
            return
        item = checked_header(key, value)
        length = len(key)
        for name, _ in self._list:
            if len(name) == length and name.lower() == key.lower():
                super().set(*item)
                return
        self._list.append(item)

    @_METHODS.update
    def update(self, arg: Any = None, /, **kwargs: Any) -> None:
        """Replace all headers of each name that is passed; see Werkzeug's method."""
        if type(arg) is dict and not kwargs:
            for key, value in arg.items():
                if type(key) is str and type(value) is str:
                    self[key] = value
                else:
                    super().update({key: value})
            return
        super().update(arg, **kwargs)

    @_METHODS.setdefault
    def setdefault(self, key: Any, default: Any) -> str:
        """Return the first value of a name; if there is none, set it to `default` and return that."""
        if not isinstance(key, str):
            return super().setdefault(key, default)
        value = self._first(key)
        if value is None:
            item = checked_header(key, default)
            self._list.append(item)
            value = item[1]
        return value

    @_METHODS.get
    def get(self, key: Any, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]  # noqa: A002 - as in Werkzeug
        """Return the first value of a name, or `default`; see Werkzeug's method."""
        if type is not None:
            return super().get(key, default, type)
        if not isinstance(key, str):
            return super().get(key, default)
        value = self._first(key)
        return default if value is None else value

    @_METHODS.getitem
    def __getitem__(self, key: Any) -> Any:
        value = self._first(key) if isinstance(key, str) else None
        return super().__getitem__(key) if value is None else value

    @_METHODS.contains
    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._first(key) is not None

    @_METHODS.remove
    def remove(self, key: str) -> None:
        """Remove all headers of a name; see Werkzeug's method."""
        super().remove(key)

    def pop(self, key: Any = None, default: Any = _MISSING) -> Any:
        """Remove all headers of a name and return the first value; see Werkzeug's method."""
        if default is _MISSING:
            return super().pop(key)
        if isinstance(key, str) and self._first(key) is None:
            return default
        return super().pop(key, default)

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, str):
            self.remove(key)
        else:
            super().__delitem__(key)

    def _first(self, key: str) -> str | None:
        """Return the first value of a name; unlike Werkzeug's method it raises nothing for a missing one."""
        lower = key.lower()
        for name, value in self._list:
            if name.lower() == lower:
                return value
        return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Headers):
            return NotImplemented
        return super().__eq__(other if type(other) is type(self) else type(self)(other))

    __hash__ = None


def own_headers(value: Any) -> _Headers:
    """Return headers as an object that checks them, unless they are of a class of the application's own."""
    if type(value) is _Headers:
        return Headers.adopt(value)
    return value if isinstance(value, _Headers) else Headers(value)


def _with_parameters(value: Any, parameters: dict[str, Any]) -> Any:
    if not parameters:
        return value
    return dump_options_header(value, {name.replace("_", "-"): item for name, item in parameters.items()})


def _environ_key(name: str) -> str:
    """Return the key of a header in the environment (PEP 3333)."""
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    if len(_KEYS) < 512 and len(name) < 64:
        _KEYS[name] = key
    return key


def _header_name(key: str) -> str:
    """Return the name of the header that is under a key of the environment, or an empty string."""
    name = ""
    if key.startswith("HTTP_") and key not in {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"}:
        name = key[5:].replace("_", "-").title()
    if len(_NAMES) < 512 and len(key) < 64:
        _NAMES[key] = name
    return name


# Bounded caches: header name -> WSGI key, and the reverse.
_KEYS: dict[str, str] = {}
_NAMES = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


class EnvironHeaders(_EnvironHeaders):
    """The headers of a request; see `werkzeug.datastructures.EnvironHeaders`."""

    # Always empty, and seldom read.
    _list: list[tuple[str, str]] = cast("Any", Lazy(lambda _: []))

    def __getitem__(self, key: Any) -> str:  # type: ignore[override]  # as in Werkzeug
        if type(key) is str:
            return self.environ[_KEYS.get(key) or _environ_key(key)]  # type: ignore[no-any-return]
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        get_name = _NAMES.get
        for key, value in self.environ.items():
            name = get_name(key)
            if name is None:
                name = _header_name(key)
            if name and (value or not key.startswith("CONTENT_")):
                yield name, value

    def items(self, lower: bool = False) -> Iterator[tuple[str, str]]:
        """Return an iterator over the names and values; the names are in lower case if `lower` is true."""
        return ((name.lower(), value) for name, value in self) if lower else iter(self)

    def getlist(self, key: Any, type: Any = None) -> list[Any]:  # noqa: A002 - as in Werkzeug
        """Return the values of a name: one, or none; see Werkzeug's method."""
        if not isinstance(key, str) or not key.isascii() or "_" in key:
            return super().getlist(key, type)
        wsgi_key = _KEYS.get(key) or _environ_key(key)
        value = self.environ.get(wsgi_key)
        if value is None or (not value and wsgi_key.startswith("CONTENT_")):
            return []
        if type is None:
            return [value]
        try:
            return [type(value)]
        except ValueError:
            return []
