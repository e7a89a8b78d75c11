"""The error for route options that have invalid values, or that no plugin declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cocopot.locations import at_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cocopot.locations import SourceLocation


class RouteOptionFault(NamedTuple):
    """A route option that is not declared, or has an invalid value.

    Args:
        option: Name of the option.
        value: The value, as text.
        problem: What is wrong, such as `"must be a bool"`.
        cure: What to do about it.
        owner: What declares the option, such as `"plugin 'csrf' (cocopot-csrf 1.0)"`; empty if nothing does.
        rule: The rule that it is passed for; `None` if it is a default of a blueprint or of the application.
        endpoint: The endpoint of the rule; `None` without a rule.
        blueprint: The blueprint that it is a default of; `None` if it is not one.
        added_by: The plugin that added the rule; `None` if the application did.
        place: Where the view is defined, or the blueprint or the application is created, if it is known.
        suggestion: A similar name, if the option is not declared and there is one.
    """

    option: str
    value: str
    problem: str
    cure: str
    owner: str = ""
    rule: str | None = None
    endpoint: str | None = None
    blueprint: str | None = None
    added_by: str | None = None
    place: SourceLocation | None = None
    suggestion: str | None = None

    @property
    def subject(self) -> str:
        """What the option is passed to, for messages."""
        if self.rule is not None:
            added = f", added by plugin {self.added_by!r}" if self.added_by else ""
            return f"the rule {self.rule!r} (endpoint {self.endpoint!r}{added})"
        return "the application" if self.blueprint is None else f"the blueprint {self.blueprint!r}"

    @property
    def sentence(self) -> str:
        """What is wrong, without place and cure."""
        declared = f" It is declared by {self.owner}." if self.owner else ""
        return f"The route option {self.option}={self.value} of {self.subject} {self.problem}.{declared}"

    def __str__(self) -> str:
        return f"{self.sentence}{at_place(self.place)}\n{self.cure}"


class RouteOptionError(TypeError, ValueError):
    """Route options are not declared, or have invalid values: raised at registration, or at startup.

    It is a `TypeError` as for an unknown keyword argument, and a `ValueError` as for an invalid value.

    Args:
        faults: Every such option.
    """

    def __init__(self, faults: Sequence[RouteOptionFault]) -> None:
        super().__init__(faults)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Return the faults, each with its place and its cure."""
        head = [f"{len(self.faults)} route options are invalid:"] if len(self.faults) > 1 else []
        return "\n".join([*head, *map(str, self.faults)])
