"""What a client accepts is parsed and compared as by Werkzeug, with bounded caches."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Accept, CharsetAccept
from werkzeug.datastructures import LanguageAccept as WerkzeugLanguageAccept
from werkzeug.datastructures import MIMEAccept as WerkzeugMIMEAccept
from werkzeug.http import parse_accept_header, parse_cache_control_header

from cocopot import Request, accept
from cocopot.accept import CACHE_SIZE, MAX_CACHED, LanguageAccept, MIMEAccept, parse_accept

MEDIA = ["text/html", "TEXT/*", "*/*", ";q=0.5", ";q=2", ";level=1", ";", ",", " ", "\t", "a", '"', "="]
LANGUAGES = ["de", "en-US", "en", "EN_us", "*", ";q=0.5", ";q=0", ",", " ", "x" * 70]
CLASSES: dict[type[Any], type[Any]] = {MIMEAccept: WerkzeugMIMEAccept, LanguageAccept: WerkzeugLanguageAccept}
headers = st.one_of(
    st.lists(st.sampled_from(MEDIA), max_size=10).map("".join),
    st.lists(st.sampled_from(LANGUAGES), max_size=10).map("".join),
    st.lists(st.sampled_from(["text/html", "text/*", "a/b;q=0.3", "a/b; c=d"]), max_size=9).map(", ".join),
)
VALUES = [
    "text/html",
    "a/b",
    "a/b;c=d",
    "text/*",
    "*/*",
    "text",
    "*/a",
    "",
    "de",
    "en_US",
    "x" * 70,
    "x/" * 40,
]


def outcome(function: Any, *args: Any) -> Any:
    """Return what a function returns, or the exception that it raises."""
    try:
        return function(*args)
    except ValueError as error:
        return type(error), str(error)


@settings(deadline=None, max_examples=500)
@given(headers, st.lists(st.sampled_from(VALUES), max_size=4))
@pytest.mark.parametrize("cls", [MIMEAccept, LanguageAccept, CharsetAccept, Accept])
def test_accept(cls: type[Any], header: str, values: list[str]) -> None:
    """Items, qualities, order and matches are those of Werkzeug; several blanks are read as one."""
    expected: Any = parse_accept_header(re.sub(r"[ \t]{2,}", " ", header), CLASSES.get(cls, cls))
    for _ in range(2):  # the second one from the cache
        found = parse_accept(header, cls)
        assert (type(found), [*found], found.provided) == (cls, [*expected], expected.provided)
        assert (repr(found), str(found), found.best) == (repr(expected), str(expected), expected.best)
        assert outcome(found.best_match, values, "none") == outcome(expected.best_match, values, "none")
        for value in values:
            for method in ("quality", "__contains__", "find"):
                assert outcome(getattr(found, method), value) == outcome(getattr(expected, method), value)


@pytest.mark.parametrize("name", ["mimetypes", "languages", "encodings", "charsets"])
def test_without_a_header(name: str) -> None:
    """Without the header there is nothing, which is not the same as an empty one."""
    key = "HTTP_ACCEPT" if name == "mimetypes" else f"HTTP_ACCEPT_{name[:-1].upper()}"
    found = getattr(Request({}), f"accept_{name}")
    assert ([*found], found.provided) == ([], False)
    assert getattr(Request({key: "a/b;q=0.5"}), f"accept_{name}")["a/b"] == 0.5


def test_each_request_has_an_object_of_its_own() -> None:
    """What a view adds to an object from the cache is not seen by the next request."""
    first, second = (Request({"HTTP_ACCEPT": "text/html"}).accept_mimetypes for _ in range(2))
    assert first == second
    assert first is not second


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["max-age=0", "no-cache", "max-age", 'a="b,c"', ",", "=", " ", "x" * 600]), max_size=4
    )
)
def test_cache_control(directives: list[str]) -> None:
    """The directives are those of Werkzeug, in an object of its own for each request."""
    header = ", ".join(directives)
    expected = parse_cache_control_header(header)
    found, again = (Request({"HTTP_CACHE_CONTROL": header}).cache_control for _ in range(2))
    assert found == again == expected
    assert found is not again
    assert (type(found), found.max_age, found.no_cache) == (
        type(expected),
        expected.max_age,
        expected.no_cache,
    )
    assert Request({}).cache_control == parse_cache_control_header(None)


def test_the_cache_is_bounded() -> None:
    """A long header is not cached, and of many short ones only the last ones are."""
    accept._parse_cached.cache_clear()
    parse_accept("a" * (MAX_CACHED + 1), Accept)
    assert accept._parse_cached.cache_info().currsize == 0
    for number in range(2 * CACHE_SIZE):
        assert [*parse_accept(f"a{number}", Accept)] == [(f"a{number}", 1)]
    assert accept._parse_cached.cache_info().currsize == CACHE_SIZE


@pytest.mark.parametrize("header", ["a{}x", 'text/html;a="{}"'])
@pytest.mark.parametrize("blank", [" ", "\t", " \t"])
def test_blanks(header: str, blank: str) -> None:
    """A million blanks are no work; with a pattern that divides them this test would not end."""
    assert len(parse_accept(header.format(blank * 1_000_000), MIMEAccept)) == 1
