"""Merging what two requests have changed in one session.

Both have begun with the same values (base). The other one has saved (theirs), this one is about to (mine).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cocopot_session.tagged_json import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The key of the flash messages. A request that shows them removes those that it has seen.
FLASHES: Final = "_flashes"
# Instead of a value that is not there.
_MISSING: Any = object()


class Merged(NamedTuple):
    """The values of a session after a conflict.

    Args:
        values: The serialized values.
        overwritten: The keys of which something that the other request has saved is replaced, or removed.
    """

    values: dict[str, bytes]
    overwritten: tuple[str, ...]


def merge(
    base: Mapping[str, bytes],
    changes: Mapping[str, bytes | None],
    theirs: Mapping[str, bytes],
    functions: Mapping[str, Callable[[bytes | None], bytes]],
) -> Merged:
    """Apply changes to values that another request has saved meanwhile.

    Args:
        base: The values that both requests have begun with.
        changes: What this request has changed; `None` for a key that it has removed.
        theirs: The values that are stored now.
        functions: The keys that this request has changed by functions, which are called again.

    Returns:
        The result; a key that only one of them has changed has the value of that one.
    """
    values, overwritten = dict(theirs), []
    for key, mine in changes.items():
        before, other = base.get(key), theirs.get(key)
        if key in functions:
            new: bytes | None = functions[key](other) if other != before else mine
        elif other == before or other is mine is None:
            new = mine
        else:
            new, is_lost = _merge_serialized(key, before, mine, other)
            if is_lost:
                overwritten.append(key)
        if new is None:
            values.pop(key, None)
        else:
            values[key] = new
    return Merged(values, tuple(overwritten))


def _merge_serialized(
    key: str, base: bytes | None, mine: bytes | None, theirs: bytes | None
) -> tuple[bytes | None, bool]:
    values = [_MISSING if data is None else decode(data) for data in (base, mine, theirs)]
    if key == FLASHES and all(value is _MISSING or type(value) is list for value in values):
        messages = _merge_messages(*([] if value is _MISSING else value for value in values))
        return (encode(messages) if messages else None), False
    result, is_lost = _merge_values(*values)
    return (None if result is _MISSING else encode(result)), is_lost


def _merge_values(base: Any, mine: Any, theirs: Any) -> tuple[Any, bool]:
    """Return the merged value, and whether something of the other request is lost."""
    if _is_same(base, mine):
        return theirs, False
    if _is_same(base, theirs):
        return mine, False
    types = {type(value) for value in (base, mine, theirs) if value is not _MISSING}
    if _MISSING not in (mine, theirs):
        if types == {dict}:
            return _merge_dicts({} if base is _MISSING else base, mine, theirs)
        if types == {list} and not (base is _MISSING and _is_same(mine, theirs)):
            return _merge_lists([] if base is _MISSING else base, mine, theirs)
    return mine, not _is_same(mine, theirs)


def _merge_dicts(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    result, is_any_lost = {}, False
    for key in dict.fromkeys((*theirs, *mine)):
        value, is_lost = _merge_values(*(values.get(key, _MISSING) for values in (base, mine, theirs)))
        is_any_lost = is_any_lost or is_lost
        if value is not _MISSING:
            result[key] = value
    return result, is_any_lost


def _merge_lists(base: list[Any], mine: list[Any], theirs: list[Any]) -> tuple[list[Any], bool]:
    """Append what one of two lists has more than before to the other one."""
    length = len(base)
    if _is_same(mine[:length], base):
        return [*theirs, *mine[length:]], False
    if _is_same(theirs[:length], base):
        return [*mine, *theirs[length:]], False
    return mine, not _is_same(mine, theirs)


def _merge_messages(base: list[Any], mine: list[Any], theirs: list[Any]) -> list[Any]:
    """Return the messages that neither request has shown, and those that each has added."""
    kept, added = base, []
    for messages in (theirs, mine):
        if _is_same(messages[: len(base)], base):
            added += messages[len(base) :]
        else:  # it has shown those that there were
            kept = []
            added += messages
    return [*kept, *added]


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are stored alike; for `==`, 1 and True are."""
    if one is _MISSING or other is _MISSING:
        return one is other
    return encode(one) == encode(other)
