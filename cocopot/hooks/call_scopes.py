"""Which blueprints a call of a hook concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot.context import current_or_none
from cocopot.scopes import blueprints_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def blueprints_of_call(arguments: Mapping[str, object]) -> list[str]:
    """Return the blueprints that a hook call concerns, innermost first.

    Args:
        arguments: The arguments of the call by name: `request` decides, or else `endpoint`. A call that has
            neither concerns the current request, if there is one.
    """
    request, endpoint = arguments.get("request"), arguments.get("endpoint")
    if arguments.keys().isdisjoint(("request", "endpoint")) and (context := current_or_none()) is not None:
        request = context.request
    if request is not None:
        endpoint = getattr(request, "endpoint", None)
    return blueprints_of(endpoint if isinstance(endpoint, str) else None)
