"""The parser for cookies: Werkzeug's needs a time that grows with the square of the length.

Of a few thousand blanks in a row, Werkzeug tries every way to divide them among two parts of a pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.sansio.http import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Each quantifier is possessive: what it has matched is not divided again.
_COOKIE = re.compile(
    r"""
    [ \t]*+ ([^ \t=";]++)                                           # the name
    (?: [ \t]*+ = [ \t]*+ ( "(?:[^"\\]|\\.)*+" | [^ \t";]*+ ) )?+   # the value, which may be quoted
    [ \t]*+ (?: ; | \Z )
    """,
    re.VERBOSE,
)
#: Whether a header consists of cookies as browsers send them (RFC 6265, 4.2.1), none of them quoted.
is_plain = re.compile(r'[^ \t=";]++=[^ \t";]*+(?:; [^ \t=";]++=[^ \t";]*+)*+').fullmatch


def read_plain_cookies(header: str) -> ImmutableMultiDict[str, str]:
    """Return the cookies of a header that `is_plain`, or is empty, as `parse_cookies` reads them."""
    lists: dict[str, list[str]] = {}
    for cookie in header.split("; ") if header else ():
        name, _, value = cookie.partition("=")
        if name in lists:
            lists[name].append(value)
        else:
            lists[name] = [value]
    # A multi dict is a dict of lists; its own constructor would take these for single values.
    cookies: ImmutableMultiDict[str, str] = dict.__new__(ImmutableMultiDict)
    _update(cookies, lists)
    return cookies


# As a name of its own, for the method of a base class that a type checker does not know as such.
_update: Callable[[dict[str, str], dict[str, list[str]]], None] = dict.update


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
    unquoted: str = parse_cookie(f"a={value}")["a"]
    return unquoted
