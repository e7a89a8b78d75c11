from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import EnvironHeaders as WerkzeugEnvironHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

from cocopot.datastructures import EnvironHeaders, Headers

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = st.sampled_from(["X-A", "x-a", "X-B", "Content-Type", "CONTENT-TYPE", "Content-Length"])
VALUES = st.text(
    st.characters(max_codepoint=255, exclude_categories=["Cc"], include_characters="\t\x80\x9f"), max_size=5
)


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


NAMES_REFUSED = ["X-A\r\nX-B", "X A", "X:A", "", "\xe9", "X-A\0", "\u0100", "X(A)"]
VALUES_REFUSED = [
    "a\nb",
    "a\rb",
    "a\r\nSet-Cookie: x",
    "\0",
    "a\x01",
    "\x1f",
    "a\x7f",
    "\u0100",
    "\u20ac",
    "\ud800",
]
VALUES_ALLOWED = ["", "a", "a\tb", " a ", "\x80", "\x85\x9f", "\xa0\xff", "Gr\xc3\xbc\xc3\x9fe"]

#: Every way to set a header.
SETTERS: dict[str, Callable[[Headers, Any, Any], object]] = {
    "item": lambda headers, name, value: headers.__setitem__(name, value),
    "index": lambda headers, name, value: headers.__setitem__(0, (name, value)),
    "slice": lambda headers, name, value: headers.__setitem__(slice(1, 1), [(name, value)]),
    "set": lambda headers, name, value: headers.set(name, value),
    "set with parameters": lambda headers, name, value: headers.set(name, value, a="b"),
    "set parameter": lambda headers, name, value: headers.set(name, "b", a=value),
    "add": lambda headers, name, value: headers.add(name, value),
    "add with parameters": lambda headers, name, value: headers.add(name, value, a="b"),
    "add_header": lambda headers, name, value: headers.add_header(name, value),
    "setlist": lambda headers, name, value: headers.setlist(name, ["a", value]),
    "setdefault": lambda headers, name, value: headers.setdefault(name, value),
    "setlistdefault": lambda headers, name, value: headers.setlistdefault(name, [value]),
    "extend": lambda headers, name, value: headers.extend([(name, value)]),
    "extend mapping": lambda headers, name, value: headers.extend({name: [value]}),
    "update": lambda headers, name, value: headers.update({name: value}),
    "update pairs": lambda headers, name, value: headers.update([(name, value)]),
    "update headers": lambda headers, name, value: headers.update(WerkzeugHeaders([(name, value)])),
    "update keywords": lambda headers, name, value: headers.update(**{name: value}),
    "or": lambda headers, name, value: headers | {name: value},
    "or in place": lambda headers, name, value: headers.__ior__({name: value}),
    "constructor": lambda _, name, value: Headers({name: value}),
    "adopt": lambda _, name, value: Headers.adopt(unchecked(name, value)),
}


def unchecked(name: str, value: str) -> WerkzeugHeaders:
    """Return headers of Werkzeug's, which does not inspect the items of its list."""
    headers = WerkzeugHeaders()
    headers._list.append((name, value))
    return headers


@pytest.mark.parametrize("setter", SETTERS.values(), ids=SETTERS)
def test_what_must_not_reach_a_server_is_refused(setter: Callable[[Headers, Any, Any], object]) -> None:
    """Each method raises `ValueError` for such a name or value, and leaves the headers as they were."""
    for name, value in [
        *((name, "a") for name in NAMES_REFUSED),
        *(("X-B", value) for value in VALUES_REFUSED),
    ]:
        headers = Headers([("X-A", "1")])
        with pytest.raises(ValueError, match=r"is not the name of a header|newline|Latin-1|surrogates"):
            setter(headers, name, value)
        assert (name, value) not in list(headers)


@pytest.mark.parametrize("setter", SETTERS.values(), ids=SETTERS)
def test_the_octets_of_latin1_are_allowed(setter: Callable[[Headers, Any, Any], object]) -> None:
    """A value may have tabs and the octets 0x80 to 0xFF (RFC 9110, 5.5)."""
    for value in VALUES_ALLOWED:
        setter(Headers([("X-A", "1")]), "X-B", value)


@pytest.mark.parametrize("name", ["Location", "content-location"])
def test_a_location_may_be_an_iri(name: str) -> None:
    """A location has any character until it is sent, but no control character."""
    headers = Headers({name: "/\u20ac"})
    assert headers[name] == "/\u20ac"
    for value in ("/a\0", "/\n", "/\x7f", "/\ud800"):
        with pytest.raises(ValueError, match=r"newlines|Latin-1"):
            headers[name] = value


@pytest.mark.parametrize(
    "url", ["//./a", "http://a..b/", "http://[::1/", "//a:b/", "//" + "\u00fc" * 80 + "/"]
)
@pytest.mark.parametrize("name", ["Location", "CONTENT-LOCATION"])
def test_a_location_has_a_possible_host(name: str, url: str) -> None:
    """A host or port that has no form in a URI is refused when it is set, not when the response is sent."""
    with pytest.raises(ValueError, match=f"The value of the header '{name}' is not a valid URL: "):
        Headers({name: url})


def test_the_error_names_header_and_character() -> None:
    """The error has the name, the character and where it is, but not the value, which may be a secret."""
    headers = Headers()
    with pytest.raises(ValueError, match=r"'X-A' contains '\\x00' at index 3: newlines and other") as raised:
        headers["X-A"] = "key\0"
    assert "key" not in str(raised.value)
    with pytest.raises(ValueError, match=r"'X-A' contains '\u20ac' at index 0: .*urllib.parse.quote"):
        headers["X-A"] = "\u20ac"
    with pytest.raises(TypeError, match="The name of a header is a str, not a 'bytes'"):
        headers.add(b"X-A", "1")  # type: ignore[arg-type]  # the mistake


def test_texts_are_stored_as_strings() -> None:
    """A subclass of `str` becomes a `str`, which is all that a server has to accept (PEP 3333)."""

    class Text(str):
        __slots__ = ()

    headers = Headers([(Text("X-A"), Text("a"))])
    assert [type(part) for item in headers for part in item] == [str, str]


def test_adopted_headers_are_shared() -> None:
    """Werkzeug's headers and the object that adopts them stay equal."""
    theirs = WerkzeugHeaders({"X-A": "1"})
    ours = Headers.adopt(theirs)
    theirs["X-B"] = "2"
    ours["X-C"] = "3"
    assert list(ours) == list(theirs) == [("X-A", "1"), ("X-B", "2"), ("X-C", "3")]


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


KEYS = [
    "HTTP_A",
    "HTTP_X_A",
    "HTTP_CONTENT_TYPE",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "CONTENT_X",
    "wsgi.input",
    "http_a",
]
HEADER_NAMES = [
    "A",
    "a",
    "X-A",
    "x_a",
    "X_A",
    "Content-Type",
    "content-length",
    "Content_Type",
    "wsgi.input",
    "\xe9",
    "B",
]
READERS: dict[str, Callable[[Any], object]] = {
    "items": lambda headers: [*headers.items()],
    "lower": lambda headers: [*headers.items(lower=True)],
    "keys": lambda headers: [[*headers.keys()], [*headers.keys(lower=True)]],
    "values": lambda headers: [*headers.values()],
    "dict": dict,
    "len": len,
    "text": str,
    "getlist": lambda headers: [headers.getlist(name) for name in HEADER_NAMES],
    "numbers": lambda headers: [headers.getlist(name, type=int) for name in HEADER_NAMES],
    "get_all": lambda headers: [headers.get_all(name) for name in HEADER_NAMES],
}


@given(st.dictionaries(st.sampled_from([*KEYS, f"HTTP_{'X' * 80}"]), st.sampled_from(["", "1", "a"])))
@settings(deadline=None)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_all_headers_are_read_as_in_werkzeug(read: Callable[[Any], object], environ: dict[str, str]) -> None:
    """Names, values and their order are Werkzeug's, whichever method reads them."""
    assert read(EnvironHeaders(environ)) == read(WerkzeugEnvironHeaders(environ))


def test_replaced_headers_keep_all_of_a_name() -> None:
    """A list of headers replaces those of its names, in any case, and is kept as it is."""
    headers = Headers([("X-A", "1"), ("x-b", "2"), ("X-A", "3")])
    headers.replace([("x-a", "4"), ("X-C", "5"), ("X-A", "6")])
    assert list(headers) == [("x-b", "2"), ("x-a", "4"), ("X-C", "5"), ("X-A", "6")]


OPERATIONS: dict[str, Callable[[Any, str, str], object]] = {
    "set": lambda headers, name, value: headers.__setitem__(name, value),
    "add": lambda headers, name, value: headers.add(name, value),
    "update": lambda headers, name, value: headers.update({name: value, "X-B": value}),
    "update-list": lambda headers, name, value: headers.update({name: [value, "2"], "X-B": value}),
    "update-pairs": lambda headers, name, value: headers.update([(name, value), (name, "3")]),
    "update-keywords": lambda headers, _, value: headers.update({"X-B": value}, x_c=value),
    "set-method": lambda headers, name, value: headers.set(name, value),
    "set-parameter": lambda headers, name, value: headers.set(name, value, file_name=value),
    "extend": lambda headers, name, value: headers.extend({name: value, "X-B": value}),
    "extend-list": lambda headers, name, value: headers.extend({name: [value, "2"], "X-B": value}),
    "extend-pairs": lambda headers, name, value: headers.extend([(name, value), (name, "3")]),
    "delete": lambda headers, name, _: headers.__delitem__(name),
    "getlist": lambda headers, name, _: headers.getlist(name),
    "setdefault": lambda headers, name, value: headers.setdefault(name, value),
    "setdefault-number": lambda headers, name, _: headers.setdefault(name, 4),
    "get": lambda headers, name, value: headers.get(name, value),
    "get-type": lambda headers, name, _: headers.get(name, 5, type=int),
    "get-keyword": lambda headers, name, value: headers.get(name, default=value),
    "in": lambda headers, name, _: name in headers,
    "pop": lambda headers, name, value: headers.pop(name, value),
    "pop-keyword": lambda headers, name, _: headers.pop(name, default=None),
    "pop-last": lambda headers, name, value: headers.add(name, value) or headers.pop(),
    "remove": lambda headers, name, _: headers.remove(name),
}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*OPERATIONS]),
            st.sampled_from(["X-A", "x-a", "X-B", "Content-Type", "x-c"]),
            st.sampled_from(["1", "", "a b"]),
        ),
        max_size=6,
    )
)
def test_headers_change_as_werkzeugs_do(steps: list[tuple[str, str, str]]) -> None:
    """Each method returns, and changes the headers to, what Werkzeug's does."""
    ours, theirs = Headers(), WerkzeugHeaders()
    for operation, name, value in steps:
        assert OPERATIONS[operation](ours, name, value) == OPERATIONS[operation](theirs, name, value)
        assert list(ours) == list(theirs)
