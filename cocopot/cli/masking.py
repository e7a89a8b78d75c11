"""Hide passwords, keys and tokens in what is shown of a configuration or of an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cocopot.cli.masking_names import is_measure, is_secret
from cocopot.cli.masking_texts import mask_text
from cocopot.cli.masking_urls import MASK

__all__ = ["MASK", "is_secret", "mask_text", "shown"]

#: Deeper than this nothing is shown, in levels of mappings and sequences.
_DEEPEST = 50


class _Representation(str):
    """The `repr` of an object, which is shown without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown(value: object, name: str = "", *, masks: bool = True, within: tuple[int, ...] = ()) -> Any:
    """Return a value in a form that JSON can hold, with its secrets masked.

    A value under the name of a secret is masked whole; in a text, `mask_text` masks the secrets. A value
    whose `repr` fails is replaced by a text that reports it.

    Args:
        value: Anything. Mappings and sequences are traversed; of other types that JSON does not have, the
            `repr` is returned.
        name: The key of the value.
        masks: Whether to mask at all.
        within: The identities of the containers around it, which end a reference cycle.
    """
    try:
        if id(value) in within or len(within) > _DEEPEST:
            return _Representation("...")
        return _shown(value, name, masks=masks, within=(*within, id(value)))
    except Exception as error:  # noqa: BLE001 - whatever the methods of the object raise
        return _Representation(
            f"<{type(value).__name__} that raises {type(error).__name__} when it is shown>"
        )


def _shown(value: object, name: str, *, masks: bool, within: tuple[int, ...]) -> object:
    secret, as_dict = masks and is_secret(name), getattr(value, "_asdict", None)
    if isinstance(value, tuple) and callable(as_dict):
        value = as_dict()
    if isinstance(value, Mapping) and not (secret and value):
        names = _names_of_values(value)
        return {
            mask_text(str(key)) if masks else str(key): shown(
                item, names.get(str(key).lower(), str(key)), masks=masks, within=within
            )
            for key, item in value.items()
        }
    if isinstance(value, (set, frozenset)):
        return sorted((_shown_item(item, name, masks=masks, within=within) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [
            _shown_item(item, _name_from_option(before) or name, masks=masks, within=within)
            for before, item in zip((None, *value), value, strict=False)
        ]
    if secret and _hides(value, name):
        return MASK
    if value is None or isinstance(value, (int, float)):
        text = repr(value)
        return _Representation(text) if isinstance(value, float) and not math.isfinite(value) else value
    text = str.__str__(value) if isinstance(value, str) else repr(value)
    text = mask_text(text) if masks else text
    return text if isinstance(value, str) else _Representation(text)


def _names_of_values(value: Mapping[Any, Any]) -> dict[str, str]:
    """Return names for the items of a mapping whose key does not show that they are secrets."""
    lower = {str(key).lower(): item for key, item in value.items()}
    if "kty" in lower:  # a JSON Web Key (RFC 7518, 6.2.2, 6.3.2 and 6.4.1)
        return dict.fromkeys(["d", "dp", "dq", "k", "oth", "p", "q", "qi"], "private")
    named = lower.get("name", lower.get("key"))  # as in {"name": "API_KEY", "value": "..."}
    return dict.fromkeys(["val", "value"], named) if isinstance(named, str) and is_secret(named) else {}


def _name_from_option(before: object) -> str | None:
    """Return the name in the option of a command before its value, if it is the name of a secret."""
    is_option = isinstance(before, str) and before.startswith("-") and "=" not in before
    return str(before) if is_option and is_secret(str(before)) else None


def _shown_item(item: object, name: str, *, masks: bool, within: tuple[int, ...]) -> object:
    """Return an item of a sequence; of a pair, the first may be the name of the second."""
    match item:
        case [str(key), value] if isinstance(item, (list, tuple)) and not hasattr(item, "_asdict"):
            inner = name if is_secret(name) else key
            return [shown(key, name, masks=masks), shown(value, inner, masks=masks, within=within)]
    return shown(item, name, masks=masks, within=within)


def _hides(value: object, name: str) -> bool:
    """Whether a value under the name of a secret is one."""
    if value is None or isinstance(value, bool) or (isinstance(value, (str, bytes)) and not value):
        return False
    return not (isinstance(value, (int, float, timedelta)) and is_measure(name))
