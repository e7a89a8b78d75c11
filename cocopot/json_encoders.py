"""Encoders of the standard library's JSON: reused, and with the place of what they cannot write."""

from __future__ import annotations

import copy
import json
import math
from typing import TYPE_CHECKING, Any, Final

from cocopot.escapes import printable
from cocopot.speedups.documents import COMPACT, INDENTED, SPACED
from cocopot.strict_json import raise_not_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    CEncoder = Callable[[object, int], Iterable[str]]

#: The options of an encoder for each layout.
LAYOUTS: Final[Mapping[int, Mapping[str, Any]]] = {
    SPACED: {},
    COMPACT: {"separators": (",", ":")},
    INDENTED: {"indent": 2},
}


def escape_surrogates(text: str) -> str:
    """Return a JSON text that can be encoded: a surrogate without its other half is written as an escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def c_encoder(encoder: json.JSONEncoder) -> CEncoder | None:
    """Return a reusable C encoder, or `None` if unavailable.

    It remembers which containers it is in, so that it serves one call at a time.
    """
    make: Callable[..., CEncoder] | None = getattr(json.encoder, "c_make_encoder", None)
    if make is None or getattr(encoder, "indent", None) is not None:
        return None
    escape = "encode_basestring_ascii" if encoder.ensure_ascii else "encode_basestring"
    return make(
        {},
        encoder.default,
        getattr(json.encoder, escape),
        None,
        encoder.key_separator,
        encoder.item_separator,
        encoder.sort_keys,
        encoder.skipkeys,
        encoder.allow_nan,
    )


def encode(encoder: json.JSONEncoder, obj: object) -> str:
    """Return a value as JSON text; an error has the place of what cannot be written."""
    try:
        return encoder.encode(obj)
    except (TypeError, ValueError) as error:
        failure = error
    return encode_unsorted(encoder, obj, failure)


def encode_unsorted(encoder: json.JSONEncoder, obj: object, failure: Exception) -> str:
    """Write without sorting if keys cannot be sorted; raise any other failure with its place."""
    if encoder.sort_keys and isinstance(failure, TypeError):
        # Keys of several types have no order; any other error occurs again.
        encoder = copy.copy(encoder)
        encoder.sort_keys = False
        return encode(encoder, obj)
    _raise_with_path(failure, encoder, obj)
    raise failure


def _raise_with_path(failure: Exception, encoder: json.JSONEncoder, obj: object) -> None:
    """Inspect a value that could not be written, and raise the failure again, with its place."""
    seen: dict[int, object] = {}  # the objects too: an id may be reused after its object is gone
    pending: list[tuple[str, object]] = [("$", obj)]
    while pending:
        path, value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        try:
            pending += reversed(_children(encoder, path, value))
        except (TypeError, ValueError) as error:
            if type(error) is not type(failure):
                continue
            path = printable(path)  # keys may be what a client sent
            if type(error) not in {TypeError, ValueError}:
                error.add_note(f"while writing {path} as JSON")
                raise
            raise type(error)(f"{error} (at {path})") from error


def _children(encoder: json.JSONEncoder, path: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"{path}[{key!r}]", item) for key, item in value.items() if _is_key(encoder, key)]
    if isinstance(value, (list, tuple)):
        return [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    if value is None or isinstance(value, (str, int, float)):
        _check_number(encoder, value)
        return []
    return [(path, encoder.default(value))]


def _is_key(encoder: json.JSONEncoder, key: object) -> bool:
    if key is None or isinstance(key, (str, int, float)):
        _check_number(encoder, key)
        return True
    if encoder.skipkeys:
        return False
    raise TypeError(f"Key of type {type(key).__qualname__} is not str, int, float, bool or None")


def _check_number(encoder: json.JSONEncoder, value: object) -> None:
    if isinstance(value, float) and not (encoder.allow_nan or math.isfinite(value)):
        raise_not_json(repr(value))
    if isinstance(value, int):
        int.__repr__(value)  # a ValueError if it has too many digits
