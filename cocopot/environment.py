"""How environment variables are read."""

from __future__ import annotations


def is_true(text: str) -> bool:
    """Return whether the text of an environment variable means yes."""
    return text.strip().lower() not in {"", "0", "false", "no", "off"}
