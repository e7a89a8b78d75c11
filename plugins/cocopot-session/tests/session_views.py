"""Views of the tests of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def done(function: Callable[..., object]) -> Callable[..., str]:
    """Return a view that calls a function."""

    def view(**values: Any) -> str:
        function(**values)
        return "done"

    return view
