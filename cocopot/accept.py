"""The `Accept` headers and `Cache-Control` of a request, parsed and compared with less work than by Werkzeug.

Clients send few different ones: the most recent are not parsed again. What is cached is bounded in number and
in length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar

from werkzeug.datastructures import Accept, RequestCacheControl
from werkzeug.datastructures import LanguageAccept as _LanguageAccept
from werkzeug.datastructures import MIMEAccept as _MIMEAccept
from werkzeug.http import parse_accept_header, parse_cache_control_header, parse_dict_header

A = TypeVar("A", bound=Accept)

#: The longest header that is cached, in characters.
MAX_CACHED = 512
#: How many headers are cached.
CACHE_SIZE = 256
# The longest item that is cached with what it has been compared with, in characters, and how many are.
_MAX_ITEM = 64
_ITEMS = 1024
_BLANKS = re.compile(r"[ \t]{2,}")


def parse_accept(header: str | None, cls: type[A]) -> A:
    """Return what a header accepts, as Werkzeug parses it.

    Of a few thousand blanks in a row, Werkzeug tries every way to divide them: one is as good as several.

    Args:
        header: The value of the header, or `None` if there is none.
        cls: The class of the result, a new object.
    """
    if header is None:
        return cls(None)
    return cls(_parse_cached(header, cls)) if len(header) <= MAX_CACHED else _parse(header, cls)


def _parse(header: str, cls: type[A]) -> A:
    return parse_accept_header(_BLANKS.sub(" ", header), cls)


def parse_cache_control(header: str | None) -> RequestCacheControl:
    """Return the directives of a `Cache-Control` header, as Werkzeug parses it, as a new object.

    Args:
        header: The value of the header, or `None` if there is none.
    """
    if header and len(header) <= MAX_CACHED:
        return RequestCacheControl(_parse_directives(header), None)
    return parse_cache_control_header(header, None, RequestCacheControl)


@lru_cache(CACHE_SIZE)
def _parse_directives(header: str) -> dict[str, str | None]:
    return parse_dict_header(header)


@lru_cache(CACHE_SIZE)
def _parse_cached(header: str, cls: type[Any]) -> Any:
    return _parse(header, cls)


_media_type_matches = lru_cache(_ITEMS)(_MIMEAccept()._value_matches)  # noqa: SLF001
_specificity_of_media_type = lru_cache(_ITEMS)(_MIMEAccept()._specificity)  # noqa: SLF001
_language_matches = lru_cache(_ITEMS)(_LanguageAccept()._value_matches)  # noqa: SLF001


class MIMEAccept(_MIMEAccept):
    """The media types that a client accepts; see `werkzeug.datastructures.MIMEAccept`."""

    def _specificity(self, value: str) -> tuple[bool, ...]:
        if len(value) > _MAX_ITEM:
            return super()._specificity(value)
        return _specificity_of_media_type(value)

    def _value_matches(self, value: str, item: str) -> bool:
        if len(value) > _MAX_ITEM or len(item) > _MAX_ITEM:
            return super()._value_matches(value, item)
        return _media_type_matches(value, item)

    def __contains__(self, value: Any) -> bool:
        if type(value) is not str or len(value) > _MAX_ITEM:
            return super().__contains__(value)
        for item, _ in self:
            if (
                _media_type_matches(value, item)
                if len(item) <= _MAX_ITEM
                else self._value_matches(value, item)
            ):
                return True
        return False


class LanguageAccept(_LanguageAccept):
    """The languages that a client accepts; see `werkzeug.datastructures.LanguageAccept`."""

    def _value_matches(self, value: str, item: str) -> bool:
        if len(value) > _MAX_ITEM or len(item) > _MAX_ITEM:
            return super()._value_matches(value, item)
        return _language_matches(value, item)
