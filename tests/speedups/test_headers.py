"""What is compiled of `Headers` and `Response` does what it does in Python."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ

from cocopot import Response
from cocopot.datastructures import Headers
from tests.test_datastructures import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Own(Headers):
    """A class of an application's own, which records what is set."""


class Text(str):
    """A string that is not exactly one."""

    __slots__ = ()


#: The methods as they are written in Python.
GENERAL = {name: inspect.unwrap(method) for name, method in vars(Headers).items() if callable(method)}
Plain: Any = type("Plain", (Headers,), GENERAL)
NAMES = st.one_of(
    st.sampled_from(["X-A", "x-a", "X-B", "Content-Type", "content-length", "Location", "Content-Length"]),
    st.sampled_from(["LOCATION", "content-location", "CONTENT-TYPE", "X-12345"]),
    st.sampled_from(["!#$%&'*+-.^_`|~09", "X:A", "X\x7f", "X\x00"]),
    st.sampled_from(["", "X A", "X-\xc4", "K", Text("X-A"), 1, None, b"X-A"]),
    st.text(max_size=3),
)
VALUES = st.one_of(
    st.sampled_from(["1", "", "a b", "a\tb", "/a", "//[", "é", "a\r\nX-B: 1", "\x00", "\x7f", "€", "\ud800"]),
    st.sampled_from([Text("1"), 1, None, b"1", ["1", "2"], ("1",)]),
    st.text(max_size=3),
)


def outcome(function: Callable[..., object], *args: Any) -> object:
    """Return what a function returns, or what it raises."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error), str(error)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([*OPERATIONS]), NAMES, VALUES), max_size=6))
def test_headers_change_alike(steps: list[tuple[str, Any, Any]]) -> None:
    """Each method returns, raises and changes what the one in Python does, for any name and value."""
    both = Headers(), Plain()
    for operation, name, value in steps:
        first, second = (outcome(OPERATIONS[operation], headers, name, value) for headers in both)
        assert first == second
        assert list(both[0]) == list(both[1])
        assert all(type(text) is str for item in both[0] for text in item)


@pytest.mark.parametrize("item", [("X-A",), ["X-A", "1"], (1, "1"), None])
@pytest.mark.parametrize("operation", ["set", "add", "setdefault", "get", "in", "remove", "update"])
def test_a_list_of_another_form_is_left_to_python(item: Any, operation: str) -> None:
    """What an application has put into the private list is treated as in Python."""
    both = Headers(items=[item]), Plain(items=[item])
    first, second = (outcome(OPERATIONS[operation], headers, "X-A", "1") for headers in both)
    assert first == second
    assert both[0]._list == both[1]._list


def sent(call: Callable[..., Iterable[bytes]], response: Response, environ: dict[str, Any]) -> object:
    """Return what is sent, or what is raised."""
    seen: list[object] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        seen.extend((status, headers))
        return seen.append

    return outcome(lambda: b"".join(call(response, environ, start))), seen


CHANGES: list[Callable[[Response], object]] = [
    lambda response: response.headers,
    lambda response: setattr(response, "location", "/items/7"),
    lambda response: setattr(response, "location", "//other/é"),
    lambda response: setattr(response, "location", "/é"),
    lambda response: setattr(response, "content_location", "/items/7"),
    lambda response: setattr(response, "autocorrect_location_header", True),
    lambda response: setattr(response, "automatically_set_content_length", False),
    lambda response: setattr(response, "direct_passthrough", True),
    lambda response: setattr(response, "status_code", 204),
    lambda response: setattr(response, "status_code", 304),
    lambda response: setattr(response, "data", "other"),
    lambda response: setattr(response, "response", ["a", b"b"]),
    lambda response: setattr(response, "response", []),
    lambda response: setattr(response, "response", iter(["a", b"b"])),
    lambda response: setattr(response, "headers", Own({"X-A": "1"})),
    lambda response: response.headers.add("LOCATION", "/a b"),
    lambda response: response.headers.add("Location", "/b"),
    lambda response: response.headers.add("X-A", "1"),
    lambda response: response.headers.remove("Content-Length"),
    lambda response: response.headers.clear(),
    lambda response: response.call_on_close(list),
]


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["body", b"", None, ["a", "b"], ("a",), [b"a"], ["\xe9"]]),
    st.lists(st.sampled_from(CHANGES), max_size=4),
    st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_a_response_is_sent_alike(
    body: Any, changes: list[Callable[[Response], object]], method: str
) -> None:
    """Status, headers and body are those that the method in Python sends, whatever has been set."""
    environ, general = create_environ(method=method), inspect.unwrap(Response.__call__)
    results = []
    for call in (Response.__call__, general):
        response = Response(body)
        for change in changes:
            change(response)
        results.append(sent(call, response, dict(environ)))
    assert results[0] == results[1]


LOCATIONS = st.one_of(
    st.text("/:?#%@[]\\;=&.~!$'()*+,- aZ09\xe9\u2603\t\r\n\x00_x", max_size=12),
    st.sampled_from(
        ["a", "a.b-c", "A", "a:8080", "a:0", "a:65536", "a:", "xn--a", "a..b", "-", "a_b", "u@a", "x" * 64]
    ),
)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(["", "/", "//", "http://", "https://", "HTTP://", "http:", "ftp://"]),
    LOCATIONS,
    LOCATIONS,
)
@example("http://", "", "")
@example("https://", "", "/a")
def test_a_location_is_sent_alike(start: str, host: str, rest: str) -> None:
    """A location, with or without a host, is converted or refused as by Werkzeug, however it is set."""
    location, general, environ = f"{start}{host}{rest}", inspect.unwrap(Response.__call__), create_environ()

    def constructed(call: Any, init: Any) -> object:
        response = Response.__new__(Response)
        refused = outcome(init, response, "body", 302, {"Location": location})
        return refused or sent(call, response, dict(environ))

    def changed(call: Any, headers: Any) -> object:
        response = Response("body", 302)
        response.headers = headers
        refused = outcome(headers.__setitem__, "Location", location)
        return refused or sent(call, response, dict(environ))

    assert constructed(Response.__call__, Response.__init__) == constructed(
        general, inspect.unwrap(Response.__init__)
    )
    assert changed(Response.__call__, Headers()) == changed(general, Plain())


def test_a_head_that_the_server_refuses_is_left_to_another_response() -> None:
    """An exception of the server passes through, after the response has been closed."""
    response, environ = Response("body"), create_environ()
    response.headers["X-A"] = "1"

    def start(*_: object) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        response(environ, start)  # type: ignore[arg-type]
    assert environ["cocopot.start_failed"] is True


def test_an_item_is_assigned_and_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`headers[key] = value` does what `__setitem__` does, also of a subclass, or in place of another one."""
    headers = Headers([("X-A", "1"), ("x-a", "2"), ("X-B", "3")])
    headers["X-A"] = "4"
    del headers["X-B"]
    headers[1:1] = [("X-C", "5")]  # a part of the list
    assert list(headers) == [("X-A", "4"), ("X-C", "5")]
    with pytest.raises(ValueError, match="control"):
        headers["X-A"] = "1\n"
    own = type("Assigned", (Headers,), {"__setitem__": lambda self, key, value: self.add(key, value + "!")})()
    own["X-A"] = "1"
    assert list(own) == [("X-A", "1!")]
    with monkeypatch.context() as patch:
        patch.setattr(Headers, "__setitem__", lambda self, key, value: self.add(key, value))
        headers["X-A"] = "6"
        assert headers.getlist("X-A") == ["4", "6"]
    headers["X-A"] = "7"
    assert headers.getlist("X-A") == ["7"]
