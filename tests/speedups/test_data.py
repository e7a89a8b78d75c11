"""The body of a response is set, and a response that has to be closed is sent, as in Python."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup

from cocopot.datastructures import Headers
from cocopot.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable


class Unmeasured(Response):
    """A subclass that sets no length."""

    automatically_set_content_length = False


def unmeasured() -> Response:
    """Return a response that sets no length itself."""
    response = Response("text")
    response.automatically_set_content_length = False
    return response


def with_headers(items: list[Any]) -> Response:
    """Return a response whose headers are a list."""
    response = Response("text")
    response.headers = Headers(items=items)
    return response


RESPONSES: dict[str, Callable[[], Response]] = {
    "plain": lambda: Response("text", headers={"X-Own": "1"}),
    "empty": Response,
    "stream": lambda: Response(iter(["a"])),
    "object": lambda: with_headers([("X-Own", "1")]),
    "lengths": lambda: with_headers([("content-length", "1"), ("X-Own", "1"), ("Content-Length", "2")]),
    "lists": lambda: with_headers([["X-Own", "1"], ["Content-Length", "2"]]),
    "subclass": lambda: Unmeasured("text"),
    "unmeasured": unmeasured,
}
VALUES: list[Any] = [
    "",
    "\xe4\u20ac",
    b"abc",
    bytearray(b"abc"),
    memoryview(b"abc"),
    Markup("<b>"),
    "x" * 2000,
]


def state(response: Response) -> object:
    """Return what a response has, with the types of the parts of its body."""
    parts: list[Any] = list(response.response)
    return parts, [*map(type, parts)], [tuple(item) for item in response.headers]


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("value", VALUES)
def test_the_body_is_set(name: str, value: Any) -> None:
    """The body and its length are replaced as by the function in Python, also by the property."""
    general: Any = inspect.unwrap(Response.set_data)
    expected, found, other = (RESPONSES[name]() for _ in range(3))
    general(expected, value)
    found.set_data(value)
    other.data = value
    assert state(found) == state(other) == state(expected)


@pytest.mark.parametrize("value", ["\ud800", None, 7])
def test_what_is_no_body(value: Any) -> None:
    """A value that cannot be sent is refused in the same way, and changes nothing."""
    general: Any = inspect.unwrap(Response.set_data)
    response = Response("text")
    outcomes = []
    for function in (general, Response.set_data):
        with pytest.raises((UnicodeEncodeError, TypeError)) as raised:
            function(response, value)
        outcomes.append((type(raised.value), str(raised.value)))
    assert outcomes[0] == outcomes[1]


def record(events: list[Any], *args: Any) -> Any:
    """Do what a server's `start_response` does."""
    events.append(args)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 204, 304])
@pytest.mark.parametrize("parts", [[], ["a"], [b"a", "\xe4"], ("a", bytearray(b"b"))])
def test_it_is_closed_after_it_was_sent(method: str, status: int, parts: Any) -> None:
    """The functions of `call_on_close` are called when the server closes the body, and not before."""
    general: Any = inspect.unwrap(Response.__call__)
    outcomes = []
    for send in (general, Response.__call__):
        events: list[Any] = []
        response = Response(parts, status)
        response.call_on_close(partial(events.append, "closed"))
        body: Any = send(response, {"REQUEST_METHOD": method}, partial(record, events))
        events.append([*body])
        body.close()
        outcomes.append(events)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2:] == ["closed"]
