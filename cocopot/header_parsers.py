"""The parser for cookies: Werkzeug's needs a time that grows with the square of the length.

Of a few thousand blanks in a row, Werkzeug tries every way to divide them among two parts of a pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.sansio.http import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each quantifier is possessive: what it has matched is not divided again.
_COOKIE = re.compile(
    r"""
    [ \t]*+ ([^ \t=";]++)                                           # the name
    (?: [ \t]*+ = [ \t]*+ ( "(?:[^"\\]|\\.)*+" | [^ \t";]*+ ) )?+   # the value, which may be quoted
    [ \t]*+ (?: ; | \Z )
    """,
    re.VERBOSE,
)


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


def _unquote(value: str) -> str:
    if "\\" not in value and value.isascii():
        return value[1:-1]
    unquoted: str = parse_cookie(f"a={value}")["a"]
    return unquoted
