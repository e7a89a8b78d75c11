"""Values as JSON, with the tags that Flask has, and some more."""

from __future__ import annotations

import collections
import enum
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from cocopot_session.tagged_json import decode, encode
from flask.json.tag import TaggedJSONSerializer
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.local import LocalProxy

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=5)
    | st.binary(max_size=5)
    | st.uuids()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.decimals(allow_nan=False)
    | st.text(max_size=5).map(Markup)
)
KEYS = st.text(max_size=3) | st.sampled_from([" t", " di", " d", " t__", " b", " D"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=2)
    ),
    max_leaves=10,
)
FLASK_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5) | st.uuids()
)
FLASK_KEYS = st.text("abc", max_size=3) | st.sampled_from([" t", " di", " b", " u"])
FLASK_VALUES = st.recursive(
    FLASK_SCALARS | st.text(max_size=5).map(Markup),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(FLASK_KEYS, inner, max_size=2)
    ),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    """Return a value with the types of everything in it."""
    if isinstance(value, dict):
        return dict, [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [shape(item) for item in value]
    return type(value), value


@given(VALUES)
def test_each_value_comes_back(value: Any) -> None:
    """What is read has the values and types of what was written, and is written the same again."""
    data = encode(value)
    assert shape(decode(data)) == shape(value)
    assert encode(decode(data)) == data


@given(FLASK_VALUES)
def test_what_flask_has_written(value: Any) -> None:
    """What Flask writes is read as Flask reads it."""
    text = TaggedJSONSerializer().dumps(value)
    assert shape(decode(text.encode())) == shape(TaggedJSONSerializer().loads(text))


def test_dates_of_flask() -> None:
    """A datetime of Flask is in UTC and has whole seconds, as in HTTP."""
    moment = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert decode(TaggedJSONSerializer().dumps(moment).encode()) == moment


def test_numbers_that_json_has_not() -> None:
    """Infinite numbers and NaN are stored, and read as Python's JSON, which Flask uses, writes them."""
    assert decode(encode([math.inf, -math.inf])) == [math.inf, -math.inf]
    assert math.isnan(decode(encode(math.nan)))
    assert decode(b"[Infinity,1e999]") == [math.inf, math.inf]


class Color(enum.StrEnum):
    """A text of another class."""

    RED = "red"


class Size(str, enum.Enum):  # noqa: UP042 - StrEnum has a `str` of its own
    """A text of which `str` has another one."""

    LARGE = "large"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (collections.OrderedDict(a=(1,)), {"a": (1,)}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (Color.RED, "red"),
        (enum.IntEnum("Level", "LOW").LOW, 1),  # type: ignore[attr-defined]
        ({1: "a", None: "b", 1.5: "c"}, {"1": "a", "null": "b", "1.5": "c"}),
        ({Color.RED: 1}, {"red": 1}),
        (Size.LARGE, "large"),
        ({Size.LARGE: 1}, {"large": 1}),
        (LocalProxy(lambda: "red"), "red"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),) * 2,
    ],
)
def test_derived_classes(value: object, expected: object) -> None:
    """A value of a derived class is read as one of the class of JSON."""
    assert decode(encode(value)) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "it contains a object"),
        ([{1, 2}], "it contains a set"),
        ({"a": timedelta(1)}, "it contains a timedelta"),
        ({(1,): 1}, "a key that is a tuple"),
        ({1: "a", "1": "b"}, "two keys that are one text"),
    ],
)
def test_what_cannot_be_stored(value: object, text: str) -> None:
    """The error names the type."""
    with pytest.raises(TypeError, match=text):
        encode(value)


def test_a_value_that_contains_itself() -> None:
    """It is an error, not a crash."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="contains itself"):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1100 + b"]" * 1100,  # more than Python's limit of nested calls
        *(b"", b"{", b"\xff", b"[" * 100_000 + b"]" * 100_000),
        *(b'{" u":5}', b'{" d":"x"}', b'{" b":"a"}', b'{" di":5}', b'{" di":{}}', b'{" t":5}', b'{" n":"x"}'),
        *(b'{" f":{}}', b'{" D":"x"}', b'{" d":5}'),
    ],
)
def test_damaged_data(data: bytes) -> None:
    """What is not JSON, or has a tag that is not valid, is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        decode(data)


@pytest.mark.parametrize("data", [b'{"a":' * 600 + b"1" + b"}" * 600, b"[" * 600 + b"]" * 600])
def test_data_that_is_nested_too_deeply(data: bytes) -> None:
    """It is a ValueError, also if less of the stack is left than where it has been written."""

    def descend(levels: int) -> Any:
        return descend(levels - 1) if levels else decode(data)

    with pytest.raises(ValueError, match="nested too deeply"):
        descend(500)


def test_an_error_has_no_value() -> None:
    """What is logged of damaged data names the tag only."""
    with pytest.raises(ValueError, match="the tag ' d' has a value that is not valid") as caught:
        decode(b'{" d":"secret"}')
    assert "secret" not in str(caught.value)


def test_the_types_that_flask_loses() -> None:
    """A date and a Decimal remain what they are."""
    value = [date(2026, 1, 2), Decimal("1.50"), UUID(int=7)]
    assert shape(decode(encode(value))) == shape(value)
