"""The targets for Cocopot's ratios to its peers, defined only here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import hook_calls
import in_process
import plugin_parts
import served
import startup
from results import SUBJECT
from ways import ONLY_OURS, PART_OF_ROW, WAYS

if TYPE_CHECKING:
    from results import Ratio, Results


@dataclass(frozen=True)
class Target:
    """A limit for the ratio of Cocopot's value in a row to a peer's.

    Args:
        part: The part of the benchmarks.
        row: The row.
        peer: The peer that Cocopot is compared with.
        limit: The limit.
        peer_row: The peer's row; by default the same.
        at_least: Whether the limit is a minimum; otherwise it is a maximum.
        subject: What is compared; by default Cocopot.
    """

    part: str
    row: str
    peer: str
    limit: float
    peer_row: str | None = None
    at_least: bool = False
    subject: str = SUBJECT

    def ratio(self, results: Results) -> Ratio | None:
        """Return the measured ratio, or `None` if it was not measured."""
        return results.ratio(self.part, self.row, self.peer, self.peer_row, self.subject)

    def is_met_by(self, ratio: Ratio) -> bool:
        """Return whether the median of the rounds is within the limit."""
        return ratio.median >= self.limit if self.at_least else ratio.median <= self.limit

    @property
    def text(self) -> str:
        """The comparison as text."""
        against = f"{self.peer}, {self.peer_row}" if self.peer_row else self.peer
        return f"{against} {'≥' if self.at_least else '≤'} {self.limit:.2f}"


def _targets(part: str, peer: str, limits: dict[str, float]) -> list[Target]:
    return [Target(part, row, peer, limit) for row, limit in limits.items()]


TARGETS = [
    *_targets(
        in_process.PART,
        "falcon",
        {"A": 0.80, "B": 0.95, "C": 0.80, "D": 0.90, "E": 0.90, "F": 0.80, "G": 0.08, "404": 1.0, "405": 1.0},
    ),
    *_targets(in_process.PART, "flask", dict.fromkeys("ABCDE", 0.12)),
    Target(in_process.PART, "G", "cocopot", 1.3, peer_row="F"),
    *[Target(PART_OF_ROW[row.name], row.name, "falcon", 1.0) for row in WAYS if row.name not in ONLY_OURS],
    Target(in_process.ADDED, in_process.ADDED, in_process.EMPTY, 1.8),
    Target(hook_calls.PART, hook_calls.row(0), hook_calls.EMPTY, 1.2),
    *_targets(hook_calls.PART, hook_calls.LOOP, {hook_calls.row(number): 1.5 for number in (1, 10, 100)}),
    *_targets(hook_calls.PART, "pluggy", {hook_calls.row(1, number): 1.0 for number in (1, 10)}),
    *[
        Target(
            served.PART,
            row,
            served.stack("falcon", server),
            1.0,
            at_least=True,
            subject=served.stack("cocopot", server),
        )
        for server in served.WSGI_SERVERS
        for row in "ABC"
    ],
    *_targets(
        startup.PART,
        "flask",
        {"import": 1.0, "memory after import": 1.0, "memory after 20,000 requests": 1.0},
    ),
    *[
        Target(part, row, "flask", limit)
        for part, limit in plugin_parts.LIMITS.items()
        for row in plugin_parts.ROWS[plugin_parts.PROTECTION if part == plugin_parts.ADDED else part]
    ],
    Target(startup.START, "100 plugins", startup.BY_HAND, 1.5),
]
