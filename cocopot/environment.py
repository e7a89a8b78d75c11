"""How environment variables are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The variables that Cocopot itself reads; others with this prefix are keys of the configuration.
VARIABLES = frozenset(
    {
        "COCOPOT_APP",
        "COCOPOT_DEBUG",
        "COCOPOT_DISABLE_PLUGINS",
        "COCOPOT_PLUGINS",
        "COCOPOT_PLUGIN_ERRORS",
        "COCOPOT_PLUGIN_LOCK",
        "COCOPOT_PLUGIN_ORDER",
        "COCOPOT_PURE_PYTHON",
        "COCOPOT_SKIP_DOTENV",
    }
)
#: What their names begin with.
PREFIX = "COCOPOT_"


def is_true(text: str) -> bool:
    """Return whether the text of an environment variable means yes."""
    return text.strip().lower() not in {"", "0", "false", "no", "off"}


def set_nested(config: dict[str, Any], keys: list[str], value: object, variable: str) -> None:
    """Set an item of a mapping inside of mappings; those on the way are copied, and created if missing.

    Args:
        config: The outermost mapping.
        keys: The keys, from the outermost mapping inwards.
        value: The value.
        variable: The environment variable that sets it, for the error.

    Raises:
        TypeError: A key refers to an item of a value that is not a mapping.
    """
    current = config
    *parents, last = keys
    for depth, key in enumerate(parents, start=1):
        child = current.get(key, {})
        if not isinstance(child, Mapping):
            parent = "__".join(keys[:depth])
            raise TypeError(
                f"the environment variable {variable} sets an item of {parent}, which is of type "
                f"{type(child).__name__} and not a mapping: unset {variable}, or make {parent} a mapping"
            )
        current[key] = current = dict(child)
    current[last] = value
