"""Samples, and the statistics of the samples of several rounds."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SUBJECT = "cocopot"


class Sample(NamedTuple):
    """One measurement: one value of one peer in one round."""

    part: str
    row: str
    peer: str
    unit: str
    value: float


@dataclass(frozen=True)
class Result:
    """The values of one peer in one row, one per round.

    Args:
        part: The part of the benchmarks.
        row: The workload or figure.
        peer: The framework or program that was measured.
        unit: Unit of the values.
        values: One value for each round.
    """

    part: str
    row: str
    peer: str
    unit: str
    values: list[float]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    def as_data(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**asdict(self), "median": self.median}


@dataclass(frozen=True)
class Ratio:
    """One row's ratio to another: the median and the quartiles of the rounds.

    With fewer than four rounds, `low` and `high` are the minimum and the maximum.
    """

    median: float
    low: float
    high: float


class Results:
    """All results, by part, row and peer, in the order in which they were measured."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._found = {(result.part, result.row, result.peer): result for result in results}

    @classmethod
    def of_rounds(cls, rounds: Iterable[Iterable[Sample]]) -> Results:
        """Collect the samples of several rounds."""
        results: dict[tuple[str, str, str], Result] = {}
        for sample in (sample for samples in rounds for sample in samples):
            part, row, peer, unit, value = sample
            result = results.setdefault((part, row, peer), Result(part, row, peer, unit, []))
            result.values.append(value)
        return cls(results.values())

    @classmethod
    def of_data(cls, data: Iterable[dict[str, Any]]) -> Results:
        """Return the results of data that `as_data` returned."""
        return cls(Result(**{key: value for key, value in item.items() if key != "median"}) for item in data)

    def as_data(self) -> list[dict[str, Any]]:
        """Return everything as plain data."""
        return [result.as_data() for result in self._found.values()]

    def parts(self) -> list[str]:
        """Return the parts."""
        return list(dict.fromkeys(part for part, _, _ in self._found))

    def rows(self, part: str) -> list[str]:
        """Return the rows of a part."""
        return list(dict.fromkeys(row for found, row, _ in self._found if found == part))

    def peers(self, part: str) -> list[str]:
        """Return the peers of a part, the subject first."""
        peers = list(dict.fromkeys(peer for found, _, peer in self._found if found == part))
        return sorted(peers, key=lambda peer: peer != SUBJECT)

    def get(self, part: str, row: str, peer: str) -> Result | None:
        """Return one result, or `None` if the peer was not measured."""
        return self._found.get((part, row, peer))

    def ratio(
        self, part: str, row: str, peer: str, peer_row: str | None = None, subject: str = SUBJECT
    ) -> Ratio | None:
        """Return the subject's ratio to a peer, or `None` if one of them was not measured.

        The ratio is computed per round, so that a temporary slowdown of the machine affects both values.

        Args:
            part: The part of the benchmarks.
            row: The subject's row.
            peer: The peer.
            peer_row: The peer's row; by default the same.
            subject: What is compared with it.
        """
        ours = self.get(part, row, subject)
        theirs = self.get(part, peer_row or row, peer)
        if ours is None or theirs is None:
            return None
        ratios = [a / b if b else float("inf") for a, b in zip(ours.values, theirs.values, strict=True)]
        low, high = min(ratios), max(ratios)
        if len(ratios) >= 4:
            low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return Ratio(statistics.median(ratios), low, high)
