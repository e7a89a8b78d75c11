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
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot.datastructures import Headers
from cocopot.response import Response

NAMES = ["response", "status", "headers", "mimetype", "content_type", "direct_passthrough", "mime", "self"]
VALUES: st.SearchStrategy[Any] = st.sampled_from(
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
        *("299 Own", "201", "299 a\n", {"X-Own": ["1", "2"]}, {"X-Own": ("1", 2)}, {"X-Own": []}),
        *([["X-Own", "1"]], [["X-Own"]], (("X-Own", "1"),), {"X-Own": "1"}.items(), {"X-Own": [None]}),
        *(MultiDict([("X-Own", "1"), ("X-Own", "2")]), ImmutableMultiDict({"X-Own": "a\n"})),
        *({"Location": "/a"}, {"Content-Type": "a/b", "content-length": "9"}, {"X": "a\n"}, [("X",)]),
        *("text/plain", "application/json", "a/b\n", "image/svg+xml"),
    ]
)


class Plain(Response):
    """A subclass that overrides nothing."""


class Other(Response):
    """A subclass with defaults of its own."""

    default_mimetype = "text/plain"
    default_status = 404


class Slow(Response):
    """A subclass that is constructed by Werkzeug."""

    def set_data(self, value: bytes | str) -> None:
        super().set_data(value)


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


@given(st.lists(VALUES, max_size=7), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_a_call_of_a_subclass_is_one_of_type(args: list[Any], kwargs: dict[str, Any]) -> None:
    """A subclass that overrides no constructor is called in the same way, with its own defaults."""
    for cls in (Other, Plain, Other):
        expected = outcome(partial(type.__call__, cls), *args, **kwargs)
        assert outcome(cls, *args, **kwargs) == expected


@pytest.mark.parametrize("cls", [Headers, WerkzeugHeaders])
@pytest.mark.parametrize(
    "items",
    [
        *([], [("X-Own", "1")], [("Content-Type", "a/b"), ("content-type", "c/d")], [("Location", "/a")]),
        *([("Content-Length", "9"), ("X-Own", "1"), ("content-length", "8")], [("X-Own", "\xe4")]),
    ],
)
@pytest.mark.parametrize("mimetype", [None, "text/plain"])
def test_an_object_of_headers_is_that_of_the_response(
    cls: Any, items: list[tuple[str, str]], mimetype: str | None
) -> None:
    """An object of headers is that of the response, or shares its list, in any class of responses."""
    for response_class in (Response, Plain, Slow):
        headers, expected = cls(items), WerkzeugHeaders(items)
        theirs = WerkzeugResponse("text", 201, expected, mimetype=mimetype or Response.default_mimetype)
        if mimetype is None and "content-type" in WerkzeugHeaders(items):
            expected = WerkzeugHeaders(items)
            theirs = WerkzeugResponse("text", 201, expected)
        response = response_class("text", 201, headers, mimetype=mimetype)
        assert list(response.headers) == list(headers) == list(theirs.headers)
        assert (response.headers is headers) is (cls is Headers)
        response.headers["X-Later"] = "1"
        headers["X-Last"] = "2"
        assert response.headers["X-Last"] == "2"
        assert headers["X-Later"] == "1"
        assert type(response.headers) is Headers


def test_an_object_of_headers_that_is_invalid() -> None:
    """A header that was set without a check is refused by the constructor."""
    headers = WerkzeugHeaders()
    headers._list.append(("X-Own", "a\nb"))
    with pytest.raises(ValueError, match="newlines"):
        Response("text", headers=headers)


def test_many_subclasses() -> None:
    """Each of more classes than are remembered has its own defaults."""
    classes = [type(f"Own{number}", (Response,), {"default_status": 200 + number}) for number in range(40)]
    for _ in range(2):
        assert [cls("").status_code for cls in classes] == [*range(200, 240)]


def test_a_class_of_classes() -> None:
    """What a metaclass does when a class is called is done."""

    class Meta(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            return "called", super().__call__(*args, **kwargs).get_data()

    class Own(Response, metaclass=Meta):
        pass

    assert Own("a") == ("called", b"a")  # type: ignore[comparison-overlap]


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
