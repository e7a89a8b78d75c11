"""What a match of a path is compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable


def outcome(match: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what a function has matched, or its exception and where that redirects to."""
    try:
        rule, values = match()
    except HTTPException as error:
        return type(error), getattr(error, "new_url", None)
    return rule.endpoint, rule.rule, values
