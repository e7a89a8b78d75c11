"""Headers of a client are parsed as Werkzeug does, in a time that grows with their length, not its square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.sansio.http import parse_cookie

from cocopot.header_parsers import is_plain, parse_cookies, read_plain_cookies

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = ["a", "b=", "=", ";", '"', "\\", " ", "\t", "\u00e9", "\\303", "\\251", "; c=", ",", "\x01"]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_cookies(header: str) -> None:
    """Names, values, quotes and what is skipped are those of Werkzeug."""
    assert MultiDict(parse_cookies(header)) == parse_cookie(header)


@settings(deadline=None, max_examples=1000)
@given(
    st.lists(
        st.sampled_from(["a", "b=", "=", ";", "; ", '"', " ", "\t", "\u00e9", "c=d", "\x01"]), max_size=8
    ).map("".join)
)
def test_plain_cookies(header: str) -> None:
    """Those that are plain are read as others are, with all values of a name."""
    if is_plain(header) or not header:
        assert read_plain_cookies(header) == MultiDict(parse_cookies(header))


def test_what_browsers_send_is_plain() -> None:
    """Cookies without quotes, one blank after each semicolon, are plain, and anything else is not."""
    assert is_plain("a=1; session=eyJ.b-_=; empty=; a=2")
    for header in ("", "a", "a=1;", "a=1;b=2", "a=1;  b=2", 'a="1"', "a=1 2", "=1", "a=1; b"):
        assert not is_plain(header)


@pytest.mark.parametrize(
    ("parse", "header"),
    [
        (parse_cookies, 'a={}"'),
        (parse_cookies, "a={}b c"),
        (parse_cookies, "a={}b={}c"),
    ],
)
@pytest.mark.parametrize("blank", [" ", "\t", " \t"])
def test_blanks(parse: Callable[[str], Any], header: str, blank: str) -> None:
    """A million blanks are no work; with a pattern that divides them this test would not end."""
    found = parse(header.format(*[blank * 1_000_000] * 2))
    assert len([*found]) <= 1
