"""Headers of a client are parsed as Werkzeug does, in a time that grows with their length, not its square."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MIMEAccept, MultiDict
from werkzeug.http import parse_accept_header
from werkzeug.sansio.http import parse_cookie

from cocopot.header_parsers import parse_cookies, parse_media_types

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = ["a", "b=", "=", ";", '"', "\\", " ", "\t", "\u00e9", "\\303", "\\251", "; c=", ",", "\x01"]
MEDIA = ["text/html", "*/*", ";q=0.5", ";q=2", ";level=1", ";", ",", " ", "\t", "a", '"', "="]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_cookies(header: str) -> None:
    """Names, values, quotes and what is skipped are those of Werkzeug."""
    assert MultiDict(parse_cookies(header)) == parse_cookie(header)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(MEDIA), max_size=10).map("".join))
def test_media_types(header: str) -> None:
    """Types, qualities and their order are those of Werkzeug; several blanks are read as one."""
    expected = parse_accept_header(re.sub(r"[ \t]{2,}", " ", header), MIMEAccept)
    assert [*parse_media_types(header)] == [*expected]


def test_no_media_types() -> None:
    """Without the header there are none."""
    assert [*parse_media_types(None)] == []


@pytest.mark.parametrize(
    ("parse", "header"),
    [
        (parse_cookies, 'a={}"'),
        (parse_cookies, "a={}b c"),
        (parse_cookies, "a={}b={}c"),
        (parse_media_types, "a{}x"),
        (parse_media_types, 'text/html;a="{}"'),
    ],
)
@pytest.mark.parametrize("blank", [" ", "\t", " \t"])
def test_blanks(parse: Callable[[str], Any], header: str, blank: str) -> None:
    """A million blanks are no work; with a pattern that divides them this test would not end."""
    found = parse(header.format(*[blank * 1_000_000] * 2))
    assert len([*found]) <= 1
