"""The properties of a response whose values are objects that write to a header: Werkzeug's, faster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import HeaderSet
from werkzeug.datastructures import ResponseCacheControl as _ResponseCacheControl
from werkzeug.http import http_date, parse_date
from werkzeug.utils import header_property
from werkzeug.wrappers import Response as _WerkzeugResponse

from cocopot.speedups import cache_control, directive_setter, header_set

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: The months in dates.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Numbers of two digits: formatting one takes longer than looking it up.
_DIGITS = tuple(f"{number:02}" for number in range(100))


def format_date(value: Any) -> str:
    """Return a date as it is sent (RFC 9110, 5.6.7), as `werkzeug.http.http_date` does.

    Args:
        value: A datetime, of UTC if it has no time zone, or seconds since 1970.
    """
    if type(value) is not datetime or (value.tzinfo is not None and value.tzinfo is not UTC):
        return http_date(value)
    day, month, year = _DIGITS[value.day], MONTHS[value.month - 1], value.year
    date = f"{_DAYS[value.weekday()]}, {day} {month} {_DIGITS[year // 100]}{_DIGITS[year % 100]}"
    return f"{date} {_DIGITS[value.hour]}:{_DIGITS[value.minute]}:{_DIGITS[value.second]} GMT"


class ResponseCacheControl(_ResponseCacheControl):
    """The directives of `Cache-Control`; see `werkzeug.datastructures.ResponseCacheControl`."""

    @directive_setter
    def __setitem__(self, key: str, value: str | None) -> None:
        super().__setitem__(key, value)


def _set_property(attribute: str, name: str, doc: str) -> Any:
    found: Any = getattr(_WerkzeugResponse, attribute)
    return property(header_set(name, HeaderSet, found.fget), found.fset, doc=doc)


def _cache_control(doc: str) -> Any:
    found: Any = _WerkzeugResponse.cache_control
    return property(cache_control(ResponseCacheControl, found.fget), doc=doc)


class HeaderObjectsResponse(_WerkzeugResponse):
    """Base class of a response: Werkzeug's, whose `vary` and the like are read and written faster."""

    @property
    def is_json(self) -> bool:
        """Whether the content type is one of JSON."""
        return self.headers.get("Content-Type") == "application/json" or super().is_json

    allow = _set_property(
        "allow", "Allow", "The methods of the resource (RFC 9110, 10.2.1), as a set that can be changed."
    )
    cache_control = _cache_control(  # pyright: ignore[reportIncompatibleMethodOverride]  # it is a property
        "What caches may do (RFC 9111, 5.2.2); its attributes can be set."
    )
    content_language = _set_property(
        "content_language",
        "Content-Language",
        "The languages of the body's readers (RFC 9110, 8.5), as a set that can be changed.",
    )
    date = header_property(
        "Date", None, parse_date, format_date, doc="When the response was made (RFC 9110, 6.6.1)."
    )
    expires = header_property(
        "Expires", None, parse_date, format_date, doc="Until when caches may use it (RFC 9111, 5.3)."
    )
    last_modified = header_property(
        "Last-Modified", None, parse_date, format_date, doc="When the resource was changed (RFC 9110, 8.8.2)."
    )
    vary = _set_property(
        "vary",
        "Vary",
        "The headers of requests that it depends on (RFC 9110, 12.5.5), as a set that can be changed.",
    )
