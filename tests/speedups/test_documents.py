"""What is compiled of JSON and of bodies does what it does in Python."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import create_environ

from cocopot import Cocopot, Request, Response, make_response, speedups
from cocopot.body import read_body
from cocopot.json import DefaultJSONProvider
from cocopot.speedups import finite_float

pytestmark = pytest.mark.skipif(not speedups.COMPILED, reason="nothing is compiled")

APP = Cocopot("documents", autoload=False, static_folder=None)
TEXTS = st.text() | st.sampled_from(["\ud800", "é", "1e999", "Infinity"])
NUMBERS = st.integers() | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda item: st.lists(item) | st.dictionaries(TEXTS | st.integers(), item),
)
LENGTHS = ["", "0", "3", "5", "05", "+5", "٣", "1e1", "9999999999", "99999999999999999999999"]


def in_python(function: Any) -> Any:
    """Return the function in Python that a compiled one replaces."""
    return function.__wrapped__


def outcome(call: Any, *args: Any) -> object:
    """Return what a call returns, or the class and the text of what it raises."""
    try:
        return repr(call(*args))
    except Exception as error:  # noqa: BLE001 - compared
        return type(error), str(error)


@given(VALUES)
@example({1: "a", "b": 2})
@example({"a": {1, 2}})
@example(Response)
def test_writing(value: object) -> None:
    """A document has the same bytes, or the same error with its place."""
    provider = DefaultJSONProvider(APP)
    for _ in range(2):  # an encoder is reused
        content = provider._content
        assert outcome(content, value) == outcome(in_python(DefaultJSONProvider._content), provider, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("JSON_AS_ASCII", False), ("JSON_SORT_KEYS", False), ("JSON_COMPACT", False), ("DEBUG", True)],
)
def test_the_configuration_is_read_each_time(key: str, value: bool) -> None:
    """The layout follows the configuration, also after the first document."""
    app = Cocopot("documents", autoload=False)
    written = [app.json.response({"b": "é", "a": 1}).data]
    app.config[key] = value
    written.append(app.json.response({"b": "é", "a": 1}).data)
    assert written[0] != written[1]


@given(VALUES.map(lambda value: json.dumps(value, default=str)) | st.text(alphabet='[]{}",:1.e-\\ \n'))
@example("[" * 501 + "]" * 501)
@example('["' + "[" * 600 + '"]')
@example('["' + '\\\\\\"[' * 300 + '", "\\\\", ' + "[" * 499 + "]" * 500)
@example('["\\\\", ' + "[" * 500 + "]" * 501)
@example('["' + "x" * 600)
@example('{"a": 1e999}')
@example('{"a": 1} \n')
@example(' {"a": 1}')
def test_reading(text: str) -> None:
    """A text has the same value, or the same error, in each encoding."""
    provider = DefaultJSONProvider(APP)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "latin-1"):
        data = text.encode(encoding, "ignore")
        assert outcome(provider.loads, data) == outcome(in_python(DefaultJSONProvider.loads), provider, data)


@given(st.floats().map(repr))
def test_numbers(text: str) -> None:
    """A number is what it is to `float`, unless it is not finite."""
    value = float(text)
    assert outcome(finite_float, text) == (
        repr(value) if value - value == 0 else (ValueError, f"the number {text} is too large")
    )


class Input(io.BytesIO):
    """The input of a server that returns few bytes at once, or fails."""

    def __init__(self, data: bytes, most: int, error: Exception | None) -> None:
        super().__init__(data)
        self.most = most
        self.error = error

    def read(self, size: int | None = -1) -> bytes:
        if self.error is not None:
            raise self.error
        return super().read(min(self.most, self.most if size is None or size < 0 else size))


ERRORS = [
    None,
    OSError("gone"),
    OSError(28, "full"),
    ConnectionResetError(),
    ValueError("chunk"),
    MemoryError(),
]
ENVIRONS = st.fixed_dictionaries(
    {
        "CONTENT_LENGTH": st.sampled_from(LENGTHS),
        "CONTENT_TYPE": st.sampled_from(
            [
                "application/json",
                "application/json;charset=utf-8",
                "Application/JSON",
                "text/plain",
                "a/b+json",
            ]
        ),
    },
    optional={
        "HTTP_TRANSFER_ENCODING": st.just("chunked"),
        "wsgi.input_terminated": st.just(True),
    },
)
BODIES = st.sampled_from([b'{"a": 1.5}', b"[1,2]", b"", b"true", b"[1]", b"[1]  ", b"[1,", b"\xff\xfe[\0"])


def _environ(sent: dict[str, Any], data: bytes, most: int, error: Exception | None) -> dict[str, Any]:
    environ = create_environ(method="POST") | sent
    return environ | {"wsgi.input": Input(data, most, error)}


@given(ENVIRONS, BODIES, st.integers(1, 12), st.sampled_from(ERRORS), st.none() | st.integers(0, 10))
def test_bodies(
    sent: dict[str, Any], data: bytes, most: int, error: Exception | None, max_length: int | None
) -> None:
    """A body is read, refused or left to the stream in the same way."""
    found = [
        outcome(function, _environ(sent, data, most, error), max_length)
        for function in (read_body, in_python(read_body))
    ]
    assert found[0] == found[1]


class OwnLibrary(Request):
    """A request that reads JSON by a library of its own, which is Python's."""

    json_module = json


class OwnType(Request):
    """A request for which everything is JSON."""

    @property
    def mimetype(self) -> str:
        return "application/json"


STEPS = {
    "headers": lambda request: request.headers.get("Content-Type"),
    "data": lambda request: request.get_data(),
    "stream": lambda request: request.stream.read(),
    "form": lambda request: request.form,
    "limit": lambda request: setattr(request, "max_content_length", 4),
    "library": lambda request: setattr(request, "json_module", json),
    "json": lambda request: request.get_json(),
    "quiet": lambda request: request.get_json(silent=True),
    "forced": lambda request: request.get_json(force=True),
    "again": lambda request: request.get_json(cache=False),
    "type": lambda request: request.mimetype,
    "left": lambda request: request.stream.read(),
}
CLASSES = st.sampled_from([Request, OwnLibrary, OwnType])


def _in_python(cls: type[Request]) -> type[Request]:
    return type(cls.__name__, (cls,), {"get_json": in_python(Request.get_json)})


@given(ENVIRONS, BODIES, CLASSES, st.lists(st.sampled_from(sorted(STEPS)), max_size=4))
def test_documents_of_requests(
    sent: dict[str, Any], data: bytes, cls: type[Request], steps: list[str]
) -> None:
    """A document is the same whatever was read or changed before, and so is what can be read after it."""
    found = []
    for each in (cls, _in_python(cls)):
        request = each(_environ(sent, data, 100, None), populate_request=False)
        request.app = APP
        found.append([outcome(STEPS[step], request) for step in (*steps, "json", *steps)])
    assert found[0] == found[1]


RETURNED: list[Any] = [
    "text",
    b"bytes",
    {"a": 1},
    [1],
    ("text", 201),
    ("text", {"X-A": "1"}),
    ("text", 404, [("X-A", "1"), ("Content-Type", "text/plain")]),
    ({"a": 1}, 201, {"Location": "/a"}),
    Response("made", 202),
    ("", 204),
    (),
    None,
    7,
    ("text", "none"),
    ("text", {"X-A": "a\nb"}),
    {"a": {1}},
]


@pytest.mark.parametrize("value", RETURNED, ids=repr)
def test_made_responses(value: Any) -> None:
    """A response made in a view has the same status, headers and body, or the same error."""

    def made(function: Any) -> object:
        response = function(value)
        return response.status, list(response.headers), response.data

    app = Cocopot("documents", autoload=False, static_folder=None)
    found: list[object] = []

    @app.get("/")
    def view() -> str:
        in_python_only = partial(in_python(Cocopot.make_response), app)
        functions = make_response, app.make_response, in_python(make_response), in_python_only
        found.extend(outcome(made, function) for function in functions)
        return "done"

    assert app.test_client().get("/").text == "done"
    assert found == 4 * found[:1]
