"""What a check finds: a violation of a rule, or a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cocopot_devtools.checks.rules import RULES

if TYPE_CHECKING:
    from cocopot_devtools.checks.rules import Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation of a rule, or a measurement.

    Args:
        code: Code of the rule.
        message: What was found.
        file: Path of the file; empty if it is not about a file.
        line: Number of the line, from 1; 0 if it is not about a line.
        plugin: The plugin that it concerns; empty if it concerns the whole distribution.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    plugin: str = ""

    @property
    def rule(self) -> Rule:
        """The rule that it breaks."""
        return RULES[self.code]
