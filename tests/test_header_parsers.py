"""Headers of a client are parsed as Werkzeug does, in a time that grows with their length, not its square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.sansio.http import parse_cookie

from cocopot.header_parsers import parse_cookies

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = ["a", "b=", "=", ";", '"', "\\", " ", "\t", "\u00e9", "\\303", "\\251", "; c=", ",", "\x01"]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_cookies(header: str) -> None:
    """Names, values, quotes and what is skipped are those of Werkzeug."""
    assert MultiDict(parse_cookies(header)) == parse_cookie(header)


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
