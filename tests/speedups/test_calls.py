"""The class of responses is called, which the compiled part does without `type.__call__`."""

from __future__ import annotations

import inspect
import pickle
import sys
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cocopot.datastructures import Headers
from cocopot.response import Response

NAMES = ["response", "status", "headers", "mimetype", "content_type", "direct_passthrough", "mime", "self"]
VALUES = st.sampled_from(
    [
        *(None, "text", "\xe4", "\ud800", b"bytes", ["a"], bytearray(b"a"), Markup("<b>"), 7, "", True),
        *(
            False,
            200,
            204,
            304,
            999,
            "201 CREATED",
            HTTPStatus.CREATED,
            {"X-Own": "1"},
            [("X-Own", "1"), ("x", 1)],
        ),
        *({"Location": "/a"}, {"Content-Type": "a/b", "content-length": "9"}, {"X": "a\n"}, [("X",)]),
        *("text/plain", "application/json", "a/b\n", "image/svg+xml"),
    ]
)


def outcome(call: Any, *args: Any, **kwargs: Any) -> object:
    """Return what a call of a class makes, or the class and the text of what it raises."""
    try:
        response = call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error), str(error)
    head = response.status, response.status_code, list(response.headers)
    return type(response), *head, response.response, response.direct_passthrough


@given(st.lists(VALUES, max_size=7), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_a_call_is_one_of_type(args: list[Any], kwargs: dict[str, Any]) -> None:
    """Arguments by position and by name, too many, twice and unknown ones do what `type.__call__` does."""
    expected = outcome(partial(type.__call__, Response), *args, **kwargs)
    assert outcome(Response, *args, **kwargs) == expected


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[:5], VALUES)))
def test_a_name_that_is_not_interned(kwargs: dict[str, Any]) -> None:
    """A name that was put together is recognized, too."""
    names = {"".join([name[:2], name[2:]]): value for name, value in kwargs.items()}
    assert outcome(Response, **names) == outcome(partial(type.__call__, Response), **kwargs)


def test_a_subclass_has_its_own_constructor() -> None:
    """A subclass is constructed by what it overrides."""

    class Own(Response):
        default_status = 404

        def __init__(self, text: str, *, suffix: str) -> None:
            super().__init__(text + suffix, mimetype="text/plain")

    response = Own("a", suffix="b")
    assert (type(response), response.get_data(), response.status_code) == (Own, b"ab", 404)
    with pytest.raises(TypeError, match="suffix"):
        Own("a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_subclass_of_nothing_else() -> None:
    """A subclass that overrides nothing is of its own class, and unpickled as one."""
    response = pickle.loads(pickle.dumps(Plain("a", headers={"X-Own": "1"})))
    assert type(response) is Plain
    assert (response.get_data(), response.headers["x-own"]) == (b"a", "1")


class Plain(Response):
    """A subclass that overrides nothing."""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_mimetype", "a/b"),
        ("default_mimetype", None),
        ("default_status", 404),
        ("default_status", "x"),
    ],
)
def test_a_default_that_has_been_changed(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default of the class or of one of its bases is read again after a change."""
    before = outcome(Response, "a")
    for cls in (Response, Response.__mro__[1]):
        with monkeypatch.context() as patch:
            patch.setattr(cls, name, value, raising=False)
            assert outcome(Response, "a") == outcome(partial(type.__call__, Response), "a")
        assert outcome(Response, "a") == before


def test_a_constructor_that_has_been_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an application replaces is called, and what was there before when it is restored."""
    seen: list[Any] = []
    monkeypatch.setattr(Response, "__init__", lambda _self, *args, **kwargs: seen.append((args, kwargs)))
    Response("a", headers={})
    monkeypatch.undo()
    assert Response("b").get_data() == b"b"
    assert seen == [(("a",), {"headers": {}})]


def test_an_attribute_that_sets_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that is added to the class is set by the constructor."""
    seen: list[Any] = []
    own = property(lambda _: [], lambda _, value: seen.append(value))
    monkeypatch.setattr(Response, "response", own, raising=False)
    Response("a")
    assert seen == [[b"a"]]


def test_a_response_that_is_constructed_again() -> None:
    """A second call of the constructor sets every attribute, such as a status that is the usual one."""
    response = Response("a", 404, {"X-Own": "1"})
    response.__init__("b")  # type: ignore[misc]
    assert (response.status, response.status_code, response.get_data()) == ("200 OK", 200, b"b")


def test_the_signature_is_the_constructors() -> None:
    """Tools read the parameters of the class from its constructor."""
    assert [*inspect.signature(Response).parameters] == NAMES[:6]


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("text",), {"headers": {"X-Own": "1"}}),
        (("text", 404), {"mimetype": "text/plain"}),
        (("text", "bad status"), {}),
        ((["text"],), {"content_type": "a/b", "headers": [("X", "a\n")]}),
        (("text", 200), {"status": 200}),
        (("text",), {"mime": "text/plain"}),
        ((), {"headers": Headers({"X": "a"})}),
    ],
)
def test_no_reference_is_kept(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """A call, also one that raises, leaves no reference to its arguments or to the class."""
    objects = [Response, *(value for value in (*args, *kwargs.values()) if not isinstance(value, (str, int)))]
    outcome(Response, *args, **kwargs)
    before = [sys.getrefcount(value) for value in objects]
    for _ in range(100):
        outcome(Response, *args, **kwargs)
    after = [sys.getrefcount(value) for value in objects]
    assert [max(0, new - old) for new, old in zip(after, before, strict=True)] == [0] * len(objects)
