"""Run the benchmarks: print tables of medians and ratios, and write everything as JSON.

`python run.py --rounds 7 --parts in-process,pages --workloads A,B`
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import about
import report
import served
import stack
import startup
from peers import PEERS
from results import Results, Sample
from settings import HERE, OneRound, Settings, in_own_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def _program(name: str, **changes: str) -> Callable[[Settings], AbstractContextManager[OneRound]]:
    """Return a part that is a program of its own, with other settings if there are some."""
    return lambda settings: contextlib.nullcontext(in_own_process(name, replace(settings, **changes)))


PARTS: dict[str, Callable[[Settings], AbstractContextManager[OneRound]]] = {
    "in-process": _program("in_process.py"),
    "ways": _program("in_process.py", kind="ways"),
    "growth": _program("growth.py"),
    "cold": _program("cold.py"),
    "hooks": _program("hook_calls.py"),
    "served": lambda settings: contextlib.nullcontext(lambda: served.one_round(settings)),
    "stack": stack.rounds,
    "pages": _program("pages.py"),
    "sessions": _program("sessions.py"),
    "protection": _program("protection.py"),
    "startup": startup.rounds,
}


def names(text: str) -> tuple[str, ...]:
    """Return the items of a comma-separated list."""
    return tuple(item for item in text.split(",") if item)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="number of measurements of each peer")
    parser.add_argument("--parts", type=names, default=tuple(PARTS), help=",".join(PARTS))
    parser.add_argument("--peers", type=names, default=PEERS, help=f"{','.join(PEERS)}, or dotted modules")
    parser.add_argument("--workloads", type=names, default=(), help="in process; by default all")
    parser.add_argument("--effort", type=float, default=1.0, help="less than 1.0 only to test the programs")
    parser.add_argument(
        "--installed",
        type=lambda text: tuple(map(int, names(text))),
        default=(0, 10, 100),
        help="numbers of installed plugins to start with; an empty list skips that part",
    )
    parser.add_argument("--json", type=Path, default=HERE / "latest.json", help="the file for the results")
    return parser.parse_args()


def _measure(part: str, settings: Settings, rounds: int) -> list[list[Sample]]:
    found = []
    with PARTS[part](settings) as one_round:
        for number in range(rounds):
            begin = time.perf_counter()
            found.append(one_round())
            print(f"{part}, round {number + 1}: {time.perf_counter() - begin:.0f} s", flush=True)
    return found


def main() -> None:
    options = _options()
    settings = Settings(options.peers, options.workloads, options.effort, options.installed)
    data = {"about": about.about(options.peers), "rounds": options.rounds, "effort": options.effort}
    print(report.facts(data), flush=True)
    samples = [found for part in options.parts for found in _measure(part, settings, options.rounds)]
    results = Results.of_rounds(samples)
    print(f"\n{report.tables(results)}")
    data |= {"results": results.as_data(), "targets": report.verdicts(results)}
    options.json.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nWritten to {options.json}")


if __name__ == "__main__":
    main()
