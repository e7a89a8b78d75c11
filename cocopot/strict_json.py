"""Strict reading of JSON: no NaN or infinity, and no deeper nesting than can be serialized."""

from __future__ import annotations

import json
from itertools import chain, compress
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from cocopot.speedups import finite_float
from cocopot.speedups.documents import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def raise_not_json(constant: str) -> NoReturn:
    """Raise for a number that is not finite.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{constant} is not JSON (RFC 8259, section 6)")


_STRICT: Final[Mapping[str, Any]] = {"parse_constant": raise_not_json, "parse_float": finite_float}
_DECODER: Final = json.JSONDecoder(**_STRICT)
#: The part of the decoder that does not look for blanks around the text, which programs seldom send.
scan: Final[Callable[[str, int], tuple[Any, int]]] = cast("Any", _DECODER).scan_once

_TOO_DEEP: Final = f"the JSON text is nested too deeply: more than {MAX_DEPTH} levels"
_CONTAINERS: Final = frozenset({dict, list})


def loads_strictly(text: str, **kwargs: Any) -> Any:
    """Return the value of a JSON text.

    Args:
        text: The text.
        kwargs: Options of `json.loads`, which override the strict ones.

    Raises:
        ValueError: The text is not JSON, a number is not finite, or there are more than 500 levels of arrays
            and objects.
    """
    try:
        value = json.loads(text, **{**_STRICT, **kwargs}) if kwargs else _parse(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if len(text) > MAX_DEPTH:
        brackets = text.count("[") + text.count("{")
        if brackets > MAX_DEPTH and _is_deeper(value, MAX_DEPTH, brackets):
            raise ValueError(_TOO_DEEP)
    return value


def _parse(text: str) -> Any:
    try:
        value, end = scan(text, 0)
    except StopIteration:
        value, end = None, -1  # there are blanks in front, or it is not JSON
    if end == len(text) or (end > 0 and not text[end:].strip(" \t\n\r")):
        return value
    return _DECODER.decode(text)


def _is_deeper(value: object, max_depth: int, containers: int) -> bool:
    """Return whether dicts and lists are nested more than `max_depth` levels.

    Args:
        value: The value.
        max_depth: The number of levels.
        containers: How many dicts and lists there are at most; where the rest of them could not make more
            levels, it is not searched.
    """
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for depth in range(1, max_depth + 1):
        containers -= len(level)
        if depth + containers <= max_depth:
            return False
        items = [*chain.from_iterable([item.values() if type(item) is dict else item for item in level])]
        level = [*compress(items, map(_CONTAINERS.__contains__, map(type, items)))]
    return bool(level)
