"""Parsers for headers of a client, which take less time than Werkzeug's.

Of a few thousand blanks in a row in a cookie, Werkzeug tries every way to divide them among two parts of a
pattern: its time grows with the square of the length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.http import parse_options_header
from werkzeug.sansio.http import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

# The longest header that is cached, in characters.
_MAX_CACHED = 512
# Each quantifier is possessive: what it has matched is not divided again.
_COOKIE = re.compile(
    r"""
    [ \t]*+ ([^ \t=";]++)                                           # the name
    (?: [ \t]*+ = [ \t]*+ ( "(?:[^"\\]|\\.)*+" | [^ \t";]*+ ) )?+   # the value, which may be quoted
    [ \t]*+ (?: ; | \Z )
    """,
    re.VERBOSE,
)
#: Whether a header is a list of texts without blanks and quotes, as nearly all are (RFC 9110, 5.6.1).
is_plain_list = re.compile(r"[!#-+\--~]++(?:, ?[!#-+\--~]++)*+", re.ASCII).fullmatch


def parse_cookies(header: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a `Cookie` header; what is not a cookie is skipped, up to a semicolon."""
    position = 0
    while True:
        found = _COOKIE.match(header, position)
        if found is not None:
            position = found.end()
            name, value = found.groups("")
            yield name, _unquote(value) if value.startswith('"') else value
        elif not (position := header.find(";", position) + 1):
            return


def split_plain_list(header: str) -> list[str]:
    """Return the items of a list that `is_plain_list`, as Werkzeug's `parse_list_header` returns them."""
    return [item.removeprefix(" ") for item in header.split(",")]


@lru_cache(256)
def _parse_options(header: str) -> tuple[str, dict[str, str]]:
    return parse_options_header(header)


def parse_options(header: str) -> tuple[str, dict[str, str]]:
    """Return a header's value and its parameters, which are a new dict, as Werkzeug parses them.

    The most recent headers are not parsed again, if they are not long.

    Args:
        header: The header, such as `Content-Type`.
    """
    if len(header) > _MAX_CACHED:
        return parse_options_header(header)
    value, options = _parse_options(header)
    return value, options.copy()


def _unquote(value: str) -> str:
    if "\\" not in value and value.isascii():
        return value[1:-1]
    unquoted: str = parse_cookie(f"a={value}")["a"]
    return unquoted
