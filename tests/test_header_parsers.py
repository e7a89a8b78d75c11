"""Headers of a client are parsed as Werkzeug does, in a time that grows with their length, not its square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_list_header, parse_options_header
from werkzeug.sansio.http import parse_cookie

from cocopot.header_parsers import is_plain_list, parse_cookies, parse_options, split_plain_list

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


@given(st.text('ab,; "=\\\t\xa0', max_size=8) | st.sampled_from(["10.0.0.1, ::1", "no-cache"]))
def test_plain_lists(header: str) -> None:
    """A list that is plain is split as Werkzeug parses it, also to no item more."""
    if is_plain_list(header):
        assert split_plain_list(header) == parse_list_header(header)
    else:
        assert not header or set(header) & set(' ,"\t\xa0')


@given(st.text('ab=;/ "', max_size=12) | st.sampled_from(["a/b; c=d", "a/b; " + "c=d; " * 200]))
def test_options(header: str) -> None:
    """Parameters are Werkzeug's, and those of one header are not changed for the next."""
    for _ in range(2):
        value, options = parse_options(header)
        assert (value, options) == parse_options_header(header)
        options["added"] = "1"
