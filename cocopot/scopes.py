"""Blueprint scope: the blueprints that an endpoint or a hook call belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def blueprints_of_call(arguments: Mapping[str, object]) -> list[str]:
    """Return the blueprints that a hook call concerns, innermost first.

    Args:
        arguments: The arguments of the call by name: `request` decides, or else `endpoint`.
    """
    request = arguments.get("request")
    endpoint = arguments.get("endpoint") if request is None else getattr(request, "endpoint", None)
    return blueprints_of(endpoint if isinstance(endpoint, str) else None)
