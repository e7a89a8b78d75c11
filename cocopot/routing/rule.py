"""A URL rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule as WerkzeugRule

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rule(WerkzeugRule):
    """A URL rule: Werkzeug's, with a word on who answers ``OPTIONS``.

    Args:
        string: The rule, such as ``"/users/<int:id>"``.
        *args: As for Werkzeug's rule.
        provide_automatic_options: Whether ``OPTIONS`` is answered without calling the view.
        **options: As for Werkzeug's rule: ``endpoint``, ``methods``, ``defaults`` and so on.
    """

    def __init__(
        self, string: str, *args: Any, provide_automatic_options: bool = False, **options: Any
    ) -> None:
        super().__init__(string, *args, **options)
        self.provide_automatic_options = provide_automatic_options

    def get_empty_kwargs(self) -> Mapping[str, Any]:
        """Return the keyword arguments for an unbound copy of this rule."""
        return {
            **super().get_empty_kwargs(),
            "provide_automatic_options": self.provide_automatic_options,
        }
