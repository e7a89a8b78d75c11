"""Parts of a rule, as Werkzeug compiled them: the domain, and the segments of the path."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from werkzeug.routing import BaseConverter
    from werkzeug.routing import Rule as WerkzeugRule
    from werkzeug.routing.rules import Weighting

_VARIABLE = "__werkzeug_"


class RulePart(NamedTuple):
    """One part of a rule.

    Args:
        content: The text of a static part, or the regular expression of a part with variables.
        is_static: Whether the part has no variable.
        is_final: Whether it matches the rest of the path, slashes included.
        has_suffix: Whether the slash at the end of the path belongs to it.
        weight: Werkzeug's sort key: of the parts that match, the one with the lowest weight is used.
        converters: Names and converters of its variables.
    """

    content: str
    is_static: bool
    is_final: bool
    has_suffix: bool
    weight: Weighting
    converters: tuple[tuple[str, BaseConverter], ...]

    def match(self, text: str) -> list[str] | None:
        """Return the text of each variable, before conversion, or `None` if the part does not match."""
        match = re.match(self.content, text)
        if match is None:
            return None
        return [match[f"{_VARIABLE}{number}"] for number in range(len(self.converters))]


def rule_parts(rule: WerkzeugRule) -> list[RulePart]:
    """Return the parts of a rule that was added to a router; the first one is its host or subdomain.

    Args:
        rule: The rule.
    """
    converters = iter(rule._converters.items())  # noqa: SLF001 - Werkzeug has no public name for them
    return [
        RulePart(
            part.content,
            part.static,
            part.final,
            part.suffixed,
            part.weight,
            tuple(islice(converters, part.content.count(f"(?P<{_VARIABLE}"))),
        )
        for part in rule._parts  # noqa: SLF001 - likewise
    ]
