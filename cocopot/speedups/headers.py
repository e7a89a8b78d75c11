"""The pure-Python twin of `_headers.pxi`, `_heads.pxi` and `_header_objects.pxi`, and their documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cocopot.types import F

#: The characters of a token (RFC 9110, 5.6.2), such as a header's name.
NAME_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class HeaderMethods:
    """Decorators for the methods of `Headers` that are worth compiling.

    Each returns its function, or one that does the same. The compiled twin does the plain case without
    calling it: names and values that are exactly strings, and that need not be inspected.
    """

    def setitem(self, general: F) -> F:
        """Return `__setitem__`."""
        return general

    def with_fast_items(self, cls: F) -> F:
        """Return `Headers`, whose items the compiled twin assigns without a call of `__setitem__`.

        Args:
            cls: The class, whose `__setitem__` is that of `setitem`.
        """
        return cls

    def set(self, general: F) -> F:
        """Return `set`."""
        return general

    def add(self, general: F) -> F:
        """Return `add`."""
        return general

    def setdefault(self, general: F) -> F:
        """Return `setdefault`."""
        return general

    def update(self, general: F) -> F:
        """Return `update`."""
        return general

    def extend(self, general: F) -> F:
        """Return `extend`."""
        return general

    def get(self, general: F) -> F:
        """Return `get`."""
        return general

    def getitem(self, general: F) -> F:
        """Return `__getitem__`."""
        return general

    def contains(self, general: F) -> F:
        """Return `__contains__`."""
        return general

    def remove(self, general: F) -> F:
        """Return `remove`."""
        return general


def header_set(name: str, cls: type[object], general: F) -> F:  # noqa: ARG001 - of the compiled twin
    """Return the function of a property whose value is a set of names, such as `Response.vary`.

    Args:
        name: Name of the header.
        cls: The class of sets.
        general: Werkzeug's function.
    """
    return general


def cache_control(cls: type[object], general: F) -> F:  # noqa: ARG001 - of the compiled twin
    """Return the function of the property `Response.cache_control`, as for `header_set`.

    Args:
        cls: The class of the value.
        general: Werkzeug's function.
    """
    return general


def directive_setter(general: F) -> F:
    """Return `__setitem__` of the class of `Response.cache_control`."""
    return general
