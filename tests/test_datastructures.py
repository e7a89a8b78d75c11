from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import EnvironHeaders as WerkzeugEnvironHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

from cocopot.datastructures import EnvironHeaders, Headers

NAMES = st.sampled_from(["X-A", "x-a", "X-B", "Content-Type", "CONTENT-TYPE", "Content-Length"])
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=5)


@given(st.lists(st.tuples(NAMES, VALUES)), st.lists(st.tuples(NAMES, VALUES)))
def test_setting_headers_is_as_in_werkzeug(
    present: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    """A header that is set replaces the others of its name, in any case, or comes at the end."""
    ours, theirs = Headers(present), WerkzeugHeaders(present)
    for name, value in new:
        ours[name] = value
        theirs[name] = value
    assert list(ours) == list(theirs)
    assert ours == theirs
    assert theirs == ours


def test_headers_differ() -> None:
    """Headers equal only headers, and only those with the same items."""
    assert Headers([("X-A", "1")]) != WerkzeugHeaders([("X-A", "2")])
    assert Headers() != []


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nSet-Cookie: x"])
def test_a_line_break_is_refused(value: str) -> None:
    """The value of a header has no line break."""
    headers = Headers()
    with pytest.raises(ValueError, match="newline"):
        headers["X-A"] = value
    assert list(headers) == []


def test_other_values_and_indexes_are_taken_as_in_werkzeug() -> None:
    """Numbers become text, and items are replaced by index."""
    headers = Headers()
    headers["X-A"] = 1
    headers[0] = ("X-B", "2")
    assert list(headers) == [("X-B", "2")]


@pytest.mark.parametrize(
    "name", ["User-Agent", "user-agent", "Content-Type", "CONTENT_LENGTH", "X-" + "a" * 80]
)
def test_reading_a_header_is_as_in_werkzeug(name: str) -> None:
    """A header is found in any case, long names included, and a missing one is a KeyError."""
    environ = {"HTTP_USER_AGENT": "x", "CONTENT_TYPE": "text/plain", f"HTTP_X_{'A' * 80}": "long"}
    ours, theirs = EnvironHeaders(environ), WerkzeugEnvironHeaders(environ)
    assert ours.get(name) == theirs.get(name)
    assert list(ours) == list(theirs)
    with pytest.raises(KeyError):
        ours["X-Missing"]
