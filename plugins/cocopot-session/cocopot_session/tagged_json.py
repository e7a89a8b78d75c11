"""Values as JSON, with tags for what JSON does not have: the tags of Flask, and some more.

A tagged value is an object with one key, which begins with a blank: `{" t": [1, 2]}` is a tuple.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from markupsafe import Markup
from werkzeug.http import parse_date

if TYPE_CHECKING:
    from collections.abc import Callable

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
#: The types of values that are JSON as they are, and that cannot change inside.
_PLAIN: Final = frozenset({str, int, bool, type(None)})
#: The types of JSON that may have a tag, or contain one.
_CONTAINERS: Final = frozenset({dict, list})
#: The types of values that cannot change inside.
UNCHANGEABLE: Final = _PLAIN | {float, bytes, datetime, date, Decimal, UUID, Markup}


def encode(value: object) -> bytes:
    """Return a value as JSON.

    Args:
        value: A str, int, float, bool, `None`, list, dict, tuple, bytes, datetime, date, Decimal, UUID or
            Markup; what is in a list, dict or tuple likewise.

    Raises:
        TypeError: If it is of another type, or has a key of a dict that JSON cannot have.
        ValueError: If it is nested too deeply, or contains itself.
    """
    try:
        return _encode_tagged(value if type(value) in _PLAIN else _tag(value))
    except RecursionError:
        raise ValueError("it is nested too deeply, or contains itself") from None


def _encode_tagged(value: object) -> bytes:
    try:
        return _encode(value)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON has as an escape
        return json.dumps(value, separators=(",", ":")).encode()


def decode(data: bytes | memoryview) -> Any:
    """Return the value of what `encode` or Flask has written.

    Args:
        data: The JSON.

    Raises:
        ValueError: If it is not JSON, or has a tag whose value is not valid.
    """
    values = {"": _decode_plain(data)}
    untag_values(values)
    return values[""]


def untag_values(values: dict[str, Any]) -> None:
    """Replace decoded values by what their tags mean; what they are in has no tag itself.

    Args:
        values: The values, which are changed in place.

    Raises:
        ValueError: If a tag has a value that is not valid, or they are nested too deeply.
    """
    try:
        for key, value in values.items():
            if type(value) in _CONTAINERS:
                values[key] = _untag(value)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _decode_plain(data: bytes | memoryview) -> Any:
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:  # what the JSON of Python has and the standard has not, such as NaN, and lone surrogates
        return json.loads(bytes(data))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _tag(value: Any) -> object:
    cls: type = type(value)
    if cls in _PLAIN:
        return value
    if cls is dict:
        return _tag_dict(value)
    if cls is list:
        return [item if type(item) in _PLAIN else _tag(item) for item in value]
    if cls is float:
        return value if math.isfinite(value) else {" f": repr(value)}
    for base, key, function in _ENCODERS:
        if issubclass(cls, base):
            return {key: function(value)}
    return _tag_other(value)


def _tag_other(value: Any) -> object:
    """Return a value of a class that is derived from one of JSON, or has `__html__`."""
    if callable(html := getattr(value, "__html__", None)):
        return {" m": str(html())}
    if isinstance(value, dict):
        return _tag_dict(value)
    for base, make in _BASES:
        if isinstance(value, base):
            return _tag(make(value))
    raise TypeError(
        f"it contains a {type(value).__qualname__}. Store what it is made of: texts, numbers, bool, None, "
        "bytes, datetime, date, Decimal, UUID, Markup, and lists, tuples and dicts of these"
    )


def _tag_dict(value: dict[Any, Any]) -> object:
    tagged = {
        key if type(key) is str else _text_key(key): item if type(item) in _PLAIN else _tag(item)
        for key, item in value.items()
    }
    if len(tagged) != len(value):
        raise TypeError(
            "it contains a dict with two keys that are one text, such as 1 and '1'; keys are texts"
        )
    if len(tagged) == 1:
        key = next(iter(tagged))
        if key in _DECODERS:
            return {" di": {f"{key}__": tagged[key]}}
    return tagged


def _text(value: str) -> str:
    """Return what a text is, also if it is one of an enumeration, which has another `str`."""
    return str.__str__(value) if issubclass(type(value), str) else str(value)  # of a proxy


def _text_key(key: object) -> str:
    """Return a key of a dict as JSON has it."""
    if isinstance(key, str):
        return _text(key)
    if isinstance(key, bool | int | float) or key is None:
        return json.dumps(key)
    raise TypeError(f"it contains a dict with a key that is a {type(key).__qualname__}; keys are texts")


def _untag(value: Any) -> Any:
    """Return a decoded value with what its tags mean."""
    if type(value) is list:
        return [_untag(item) if type(item) in _CONTAINERS else item for item in value]
    if type(value) is not dict:
        return value
    for key, item in value.items():
        if type(item) in _CONTAINERS:
            value[key] = _untag(item)
    if len(value) == 1:
        function = _DECODERS.get(next(iter(value)))
        if function is not None:
            return _call(function, *value.items())
    return value


def _call(function: Callable[[Any], object], item: tuple[str, object]) -> object:
    tag, value = item
    try:
        return function(value)
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        # Not the text of the error, which may have the value: this one is logged.
        raise ValueError(f"the tag {tag!r} has a value that is not valid") from error


def _escaped(value: dict[str, object]) -> dict[str, object]:
    ((key, item),) = value.items()
    return {key[:-2]: item}


def _datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # of Flask, which has it as in HTTP
        found = parse_date(text)
        if found is None:
            raise
        return found


#: How values that are not JSON are written. A datetime is a date, too, and Markup a str.
_ENCODERS: Final[tuple[tuple[type, str, Callable[[Any], object]], ...]] = (
    (tuple, " t", lambda value: [_tag(item) for item in value]),
    (bytes, " b", lambda value: b64encode(value).decode()),
    (datetime, " d", datetime.isoformat),
    (UUID, " u", lambda value: value.hex),
    (date, " D", date.isoformat),
    (Decimal, " n", str),
)
#: The classes of JSON that others are derived from, each with what makes a value of it.
_BASES: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (list, list),
    (str, _text),
    (int, int),
    (float, float),
)
#: What is read for each tag. The first six are Flask's.
_DECODERS: Final[dict[str, Callable[[Any], object]]] = {
    " di": _escaped,
    " t": tuple,
    " b": b64decode,
    " m": Markup,
    " u": UUID,
    " d": _datetime,
    " D": date.fromisoformat,
    " n": Decimal,
    " f": float,
}
