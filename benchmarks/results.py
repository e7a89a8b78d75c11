"""What a measurement is, and how measurements become a table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Result:
    """The values that one peer had in one row, one for each round.

    Args:
        part: The part of the benchmarks.
        row: The workload or figure.
        peer: Who was measured.
        unit: Unit of the values.
        values: One value for each round.
        better: Whether `"less"` or `"more"` is better.
    """

    part: str
    row: str
    peer: str
    unit: str
    values: list[float]
    better: str = "less"

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """The distance of the quartiles, as a share of the median."""
        if len(self.values) < 4:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4)
        return (high - low) / self.median if self.median else 0.0

    def as_data(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "part": self.part,
            "row": self.row,
            "peer": self.peer,
            "unit": self.unit,
            "better": self.better,
            "median": round(self.median, 4),
            "spread": round(self.spread, 4),
            "values": [round(value, 4) for value in self.values],
        }


def ratio(results: Iterable[Result], row: str, peer: str, subject: str = "cocopot") -> float | None:
    """Return the median over the rounds of subject divided by peer, or `None` if one of them is missing."""
    by_peer = {result.peer: result for result in results if result.row == row}
    if subject not in by_peer or peer not in by_peer:
        return None
    pairs = zip(by_peer[subject].values, by_peer[peer].values, strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def table(results: list[Result]) -> str:
    """Return one part's results as a Markdown table: medians, and in parentheses Cocopot's ratio to each
    peer.
    """
    rows = list(dict.fromkeys(result.row for result in results))
    peers = list(dict.fromkeys(result.peer for result in results))
    lines = [
        f"| {results[0].part} ({results[0].unit}) | {' | '.join(peers)} |",
        "|---" * (len(peers) + 1) + "|",
    ]
    for row in rows:
        cells = []
        for peer in peers:
            found = next((r for r in results if r.row == row and r.peer == peer), None)
            share = ratio(results, row, peer)
            text = "-" if found is None else f"{found.median:.3g}"
            cells.append(
                text if found is None or share is None or peer == "cocopot" else f"{text} ({share:.2f})"
            )
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)
