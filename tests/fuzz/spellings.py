"""The ways in which a view spells a response: bodies, statuses and headers, and how they are returned."""

from __future__ import annotations

import itertools
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from werkzeug.datastructures import Headers as WerkzeugHeaders

from cocopot import Response, make_response
from cocopot.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Shouted(str):
    """A text that is encoded in its own way."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Encode it in upper case."""
        return super().upper().encode(encoding, errors)


def parts(*values: Any) -> Iterator[Any]:
    """Yield the parts of a body."""
    yield from values


#: Bodies that are read once, so that each response needs its own.
NEW_BODIES: dict[str, Callable[[], Any]] = {
    "generator": partial(parts, "a", b"b", "", bytearray(b"c"), "\xe4"),
    "map": partial(map, str.upper, ("a", "b")),
    "iterator": lambda: iter(["a", b"b"]),
    "broken": partial(parts, "a", "\ud800", "b"),
    "texts": lambda: ["a", b"b", "\xe4", Markup("<b>")],
    "empties": lambda: ["", b""],
    "tuple": lambda: ("a", b"b"),
    "buffers": lambda: [bytearray(b"a"), memoryview(b"b")],
    "numbers": lambda: ["a", 1],
}
BODIES: dict[str, Any] = {
    "str": "text",
    "umlaut": "\xe4\u20ac",
    "surrogate": "\ud800",
    "empty": "",
    "long": "x" * 2000,
    "bytes": b"bytes",
    "bytearray": bytearray(b"bytes"),
    "markup": Markup("<b>"),
    "shouted": Shouted("text"),
    "dict": {"b": [1, None, "\xe4"], "a": Markup("<b>")},
    "list": [1, "\ud800"],
    "nan": {"a": float("nan")},
    "object": [object()],
    "bool": True,
    "nothing": None,
}
STATUSES: dict[str, Any] = {
    "none": None,
    "200": 200,
    "201": 201,
    "204": 204,
    "304": 304,
    "404": 404,
    "299": 299,
    "99": 99,
    "true": True,
    "enum": HTTPStatus.CREATED,
    "enum-204": HTTPStatus.NO_CONTENT,
    "line": "201 CREATED",
    "line-204": "204 No Content",
    "own-line": "201 Just Made",
    "digits": "404",
    "bad-line": "201 A\r\nB",
    "float": 200.0,
}
_PAIRS: dict[str, list[tuple[Any, Any]]] = {
    "own": [("X-Own", "1")],
    "two": [("X-Own", "1"), ("X-Own", "2"), ("x-own", "3")],
    "number": [("X-Own", 7), ("X-Large", 10**30)],
    "latin": [("X-Own", "\xe4\ta")],
    "beyond": [("X-Own", "\u20ac")],
    "break": [("X-Own", "1\r\nX-Other: 2")],
    "bad-name": [("X Own", "1")],
    "type": [("Content-Type", "text/plain")],
    "types": [("content-type", "text/plain"), ("X-Own", "1"), ("Content-Type", "text/css")],
    "length": [("Content-Length", "7"), ("X-Own", "1")],
    "lengths": [("content-length", "7"), ("Content-Length", "8")],
    "location": [("Location", "/items/7?a=b#c")],
    "locations": [("Location", "/a"), ("Location", "/b")],
    "lower-location": [("location", "/a")],
    "far": [("Location", "https://example.org/a")],
    "converted": [("Location", "/\xe4 b")],
    "bad-location": [("Location", "http://[a")],
    "slashes": [("Location", "//example.org/a//b")],
    "content-location": [("Content-Location", "/a"), ("Location", "/b")],
    "entity": [("ETag", '"a"'), ("Last-Modified", "x"), ("content-encoding", "gzip"), ("Expires", "0")],
    "odd": [("X-Own", None), ("X-Other", True)],
}
_FORMS: dict[str, Any] = {
    "dict": dict,
    "list": list,
    "headers": Headers,
    "werkzeug": WerkzeugHeaders,
    "tuple": tuple,
    "lists": lambda pairs: [list(pair) for pair in pairs],
    "items": lambda pairs: dict(pairs).items(),
}


def _header_spellings() -> dict[str, Any]:
    """Return functions that return new headers, by name."""
    spellings: dict[str, Any] = {"none": lambda: None, "empty": dict, "text": lambda: "text"}
    for (name, pairs), (form, make) in itertools.product(_PAIRS.items(), _FORMS.items()):
        spellings[f"{name}-{form}"] = partial(make, pairs)
    return spellings


HEADERS = _header_spellings()


def body_of(name: str) -> Any:
    """Return the body that a name is for."""
    return NEW_BODIES[name]() if name in NEW_BODIES else BODIES[name]


# Ways of calling the class.
_CALLS: dict[str, Any] = {
    "response": Response,
    "mimetype": lambda body, status, headers: Response(body, status, headers, mimetype="text/css"),
    "content-type": lambda body, status, headers: Response(body, status, headers, content_type="text/csv"),
    "names": lambda body, status, headers: Response(headers=headers, response=body, status=status),
    "passed": lambda body, status, headers: Response(body, status, headers, direct_passthrough=True),
}


def respond(way: str, body: Any, status: Any, headers: Any) -> Any:
    """Return a response in one of the ways in which a view writes it."""
    if way == "pair":
        return (body, status) if headers is None else (body, headers)
    if way == "triple":
        return body, status, headers
    if way == "changed":
        response = Response("text", headers=[("x-OWN", "0"), ("X-Other", "0")])
        return (response, status) if headers is None else (response, status, headers)
    if way == "body":
        return body
    if way == "make":
        return make_response(body, status, headers)
    if way in _CALLS:
        return _CALLS[way](body, status, headers)
    response = make_response(body)
    if way == "set":
        for name, value in () if headers is None else Headers(headers):
            response.headers[name] = value
        if status is not None:
            response.status = status
    return response


WAYS = ("pair", "triple", "body", "changed", "make", "set", *_CALLS)
