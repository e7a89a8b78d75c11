"""What two requests have changed in one session is merged."""

from __future__ import annotations

from typing import Any

import pytest
from cocopot_session.merging import merge
from cocopot_session.tagged_json import decode, encode
from hypothesis import given
from hypothesis import strategies as st

GONE: Any = object()


def merged(base: Any, mine: Any, theirs: Any, key: str = "key") -> tuple[Any, bool]:
    """Return the merged value of one key, and whether something of the other request is replaced."""
    stored = [{} if value is GONE else {key: encode(value)} for value in (base, theirs)]
    change = {key: None if mine is GONE else encode(mine)}
    result = merge(stored[0], change, stored[1], {})
    value = decode(result.values[key]) if key in result.values else GONE
    return value, result.overwritten == (key,)


def test_different_keys() -> None:
    """Changes of different keys, removals too, are all there."""
    base = {"a": b"1", "b": b"2", "c": b"3", "d": b"4"}
    theirs = {"a": b"10", "c": b"3", "d": b"4", "e": b"5"}
    result = merge(base, {"c": b"30", "d": None, "f": b"6"}, theirs, {})
    assert result.values == {"a": b"10", "c": b"30", "e": b"5", "f": b"6"}
    assert result.overwritten == ()


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        ([1], [1, 2], [1, 3], [1, 3, 2]),
        ([1], [1, 2], [1, 2], [1, 2, 2]),
        ([], ["x"], ["y", "z"], ["y", "z", "x"]),
        (GONE, [1], [2], [2, 1]),
        (GONE, [1], [1], [1]),
        ([1, 2], [1, 2, 3], [2], [2, 3]),
        ([1, 2], [2], [1, 2, 3], [2, 3]),
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 5, "b": 2}, {"a": 5}),
        ({"a": {"x": [1]}}, {"a": {"x": [1, 2]}}, {"a": {"x": [1], "y": 1}}, {"a": {"x": [1, 2], "y": 1}}),
        (GONE, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        (1, 2, 2, 2),
        (1, GONE, GONE, GONE),
        ((1,), (1, 2), (1, 2), (1, 2)),
    ],
)
def test_nothing_is_lost(base: Any, mine: Any, theirs: Any, expected: Any) -> None:
    """Lists that are extended are concatenated, dicts merged key by key, and equal values are one."""
    assert merged(base, mine, theirs) == (expected, False)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        (1, 2, 3, 2),
        ("a", "b", "c", "b"),
        (1, GONE, 2, GONE),
        (1, 2, GONE, 2),
        ([1], [2], [3], [2]),
        ([1], GONE, [1, 2], GONE),
        ({"a": 1}, {"a": 2}, {"a": 3, "b": 4}, {"a": 2, "b": 4}),
        ({"a": 1}, {}, {"a": 2}, {}),
        ((1,), (1, 2), (1, 3), (1, 2)),
        ([1], {"a": 1}, [1, 2], {"a": 1}),
        (1, True, 2, True),
    ],
)
def test_the_last_save_wins(base: Any, mine: Any, theirs: Any, expected: Any) -> None:
    """Otherwise it does, and the key is reported."""
    assert merged(base, mine, theirs) == (expected, True)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        (GONE, ["a"], ["a"], ["a", "a"]),
        (["a"], ["a", "b"], ["a", "c"], ["a", "c", "b"]),
        (["a"], GONE, ["a", "b"], ["b"]),
        (["a"], ["a", "b"], GONE, ["b"]),
        (["a"], GONE, GONE, GONE),
        (["a"], ["c"], ["d"], ["d", "c"]),
        (["a"], ["c"], GONE, ["c"]),
        (["a"], 5, ["b"], 5),
    ],
)
def test_flash_messages(base: Any, mine: Any, theirs: Any, expected: Any) -> None:
    """Every new message is there, and none that one of the requests has shown."""
    assert merged(base, mine, theirs, "_flashes")[0] == expected


JSON = st.recursive(
    st.integers(0, 3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
SESSIONS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(SESSIONS, SESSIONS, SESSIONS)
def test_a_key_that_one_has_changed(base: Any, mine: Any, theirs: Any) -> None:
    """It has the value of that one, whatever else is changed."""
    before, own, other = ({key: encode(value) for key, value in s.items()} for s in (base, mine, theirs))
    changes = {key: own.get(key) for key in own.keys() | before.keys() if own.get(key) != before.get(key)}
    result = merge(before, changes, other, {})
    for key in before.keys() | own.keys() | other.keys():
        if key not in changes:
            assert result.values.get(key) == other.get(key)
        elif other.get(key) == before.get(key):
            assert result.values.get(key) == own.get(key)
    assert set(result.overwritten) <= changes.keys()


@given(JSON, st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
def test_appending(first: Any, mine: list[Any], theirs: list[Any]) -> None:
    """Whatever two requests append to a list, in any order of saving, is all there."""
    value, is_lost = merged([first], [first, *mine], [first, *theirs])
    expected = [first, *theirs, *mine] if mine else [first, *theirs]
    if mine and theirs:
        assert encode(value) == encode(expected)
    assert not is_lost
