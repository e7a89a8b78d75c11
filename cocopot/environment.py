"""How environment variables are read."""

from __future__ import annotations

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
    }
)
#: What their names begin with.
PREFIX = "COCOPOT_"


def is_true(text: str) -> bool:
    """Return whether the text of an environment variable means yes."""
    return text.strip().lower() not in {"", "0", "false", "no", "off"}
