"""Blueprint scope: the blueprints that an endpoint belongs to."""

from __future__ import annotations

from typing import TypeAlias

#: Full name of a blueprint, or `None` for the whole application.
Scope: TypeAlias = str | None


def blueprints_of(endpoint: str | None) -> list[str]:
    """Return the names of the blueprints that an endpoint belongs to, innermost first."""
    names = []
    name = (endpoint or "").rpartition(".")[0]
    while name:
        names.append(name)
        name = name.rpartition(".")[0]
    return names
