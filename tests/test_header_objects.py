"""The objects that write to a header are Werkzeug's, and write what Werkzeug's write."""

from __future__ import annotations

import inspect
import time
from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import HeaderSet, ResponseCacheControl
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import Response
from cocopot.header_objects import HeaderObjectsResponse

if TYPE_CHECKING:
    from collections.abc import Callable

SETS = {"allow": "Allow", "content_language": "Content-Language", "vary": "Vary"}
TEXTS = ["a", "A", "b-c", "a b", 'a"b', "\xe9", "", "*", "a*", "a,b", "a=b", " ", "x_1.2"]
VALUES = st.sampled_from(
    [
        *TEXTS,
        "a, b",
        "a,b ,, c",
        '"a, b", c',
        "max-age=60, public",
        "max-age=",
        "=1",
        "a*=utf-8''b",
        "a=1, a=2",
    ]
)
SET_CHANGES: dict[str, Callable[[Any, Any], object]] = {
    "add": lambda names, text: names.add(text),
    "update": lambda names, text: names.update([text, "x"]),
    "remove": lambda names, text: names.remove(text),
    "discard": lambda names, text: names.discard(text),
    "clear": lambda names, _: names.clear(),
    "item": lambda names, text: names.__setitem__(0, text),
    "delete": lambda names, _: names.__delitem__(0),
    "read": lambda names, text: (list(names), text in names, len(names), str(names), repr(names)),
}
CACHE_CHANGES: dict[str, Callable[[Any, Any], object]] = {
    "max_age": lambda cache, text: setattr(cache, "max_age", len(text)),
    "max_age text": lambda cache, text: setattr(cache, "max_age", text),
    "max_age none": lambda cache, _: setattr(cache, "max_age", None),
    "public": lambda cache, text: setattr(cache, "public", bool(text)),
    "private": lambda cache, text: setattr(cache, "private", text),
    "no_cache": lambda cache, _: setattr(cache, "no_cache", True),
    "del": lambda cache, _: delattr(cache, "public"),
    "item": lambda cache, text: cache.__setitem__(text, text),
    "item none": lambda cache, text: cache.__setitem__(text, None),
    "update": lambda cache, text: cache.update({text: "1"}, b="2"),
    "pop": lambda cache, text: cache.pop(text),
    "setdefault": lambda cache, text: cache.setdefault(text, "1"),
    "clear": lambda cache, _: cache.clear(),
    "read": lambda cache, _: (
        dict(cache),
        cache.max_age,
        cache.public,
        str(cache),
        cache.provided,
        repr(cache),
    ),
}


def outcome(function: Callable[..., object], *args: Any) -> object:
    """Return what a function returns, or the class of what it raises."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return type(error)


def compare(attribute: str, name: str, value: str | None, steps: list[Any], changes: dict[str, Any]) -> None:
    """Compare the outcome of each step, and the headers after it, with those of Werkzeug's response."""
    responses = Response("", mimetype="text/html"), WerkzeugResponse("", mimetype="text/html")
    for response in responses:
        if value is not None:
            response.headers[name] = value
    objects = [getattr(response, attribute) for response in responses]
    for change, text, is_read_again in steps:
        if is_read_again:
            objects = [getattr(response, attribute) for response in responses]
        ours, theirs = (outcome(changes[change], found, text) for found in objects)
        assert ours == theirs
        assert sorted(responses[0].headers) == sorted(responses[1].headers)


def steps(changes: dict[str, Any]) -> Any:
    """Return a strategy for changes of an object."""
    return st.lists(st.tuples(st.sampled_from([*changes]), st.sampled_from(TEXTS), st.booleans()), max_size=5)


@settings(deadline=None)
@given(st.sampled_from([*SETS]), st.none() | VALUES, steps(SET_CHANGES))
def test_a_set_of_names(attribute: str, value: str | None, changes: list[Any]) -> None:
    """A set is read from the header, and each change of it is written."""
    compare(attribute, SETS[attribute], value, changes, SET_CHANGES)


@settings(deadline=None)
@given(st.none() | VALUES, steps(CACHE_CHANGES))
def test_cache_control(value: str | None, changes: list[Any]) -> None:
    """Directives are read from the header, and each change of them is written."""
    compare("cache_control", "Cache-Control", value, changes, CACHE_CHANGES)


@pytest.mark.parametrize("attribute", ["cache_control", *SETS])
def test_a_value_that_must_not_reach_a_server_is_refused(attribute: str) -> None:
    """An object checks what it writes as the headers do."""
    found: Any = getattr(Response(""), attribute)
    with pytest.raises(ValueError, match="newlines and other control characters"):
        found.update(["a\r\nX-A: 1"]) if attribute in SETS else found.update({"a\r\nX-A: 1": None})


def test_the_objects_are_werkzeugs() -> None:
    """An application may check their types, and a change after the headers are replaced is not lost."""
    response = Response("")
    vary, cache = response.vary, response.cache_control
    assert type(vary) is HeaderSet
    assert isinstance(cache, ResponseCacheControl)
    response.headers = {"X-A": "1"}  # type: ignore[assignment]
    vary.add("Cookie")
    cache.no_store = True
    assert [*response.headers] == [("X-A", "1"), ("Vary", "Cookie"), ("Cache-Control", "no-store")]


def test_the_functions_are_werkzeugs() -> None:
    """What is compiled leaves unusual values to Werkzeug's function, and setting a property is Werkzeug's."""
    for attribute in ("cache_control", *SETS):
        ours, theirs = (getattr(cls, attribute) for cls in (HeaderObjectsResponse, WerkzeugResponse))
        assert (inspect.unwrap(ours.fget), ours.fset) == (theirs.fget, theirs.fset)


@pytest.mark.parametrize(
    "value", [None, "application/json", "application/JSON; a=b", "text/a+json", "text/a"]
)
def test_is_json(value: str | None) -> None:
    """A response is JSON if Werkzeug's is."""
    headers = {} if value is None else {"Content-Type": value}
    assert Response("", headers=headers).is_json is WerkzeugResponse("", headers=headers).is_json


DATES = st.one_of(
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=-7)))),
    st.dates(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e6, 1e10),
    st.sampled_from([None, "Thu", time.gmtime(0)]),
)


@given(DATES, st.sampled_from(["date", "expires", "last_modified"]))
def test_a_date_is_written_and_read_as_by_werkzeug(value: Any, attribute: str) -> None:
    """Any date has the form that Werkzeug gives it, or is refused."""
    responses = Response(""), WerkzeugResponse("")
    outcomes = [outcome(setattr, response, attribute, value) for response in responses]
    if value is not None:  # the current time
        outcomes += [getattr(response, attribute) for response in responses]
        ours, theirs = (response.headers.get(attribute.replace("_", "-")) for response in responses)
        assert ours == theirs
    assert outcomes[::2] == outcomes[1::2]
