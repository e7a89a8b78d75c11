"""A page as applications have it: 20 rows of a database by an ORM, in a template.

Each framework has the database layer and the templates that its documentation names. All read the same SQLite
file, and send the same bytes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import served
from in_process import Runner, check
from peers import load
from results import Sample
from settings import OneRound, Settings, in_own_process, print_samples
from workloads import PAGE, PAGE_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = "stack"
SERVED = "stack, served"
KIND = "stack"
#: The servers, and the frameworks that are measured under each.
STACKS = {"granian": ("cocopot", "flask", "django"), "uvicorn": ("fastapi",)}
_PASSES = 20
#: Seconds for which a peer is timed before the next one.
_SLICE = 0.05


def measure(settings: Settings) -> list[Sample]:
    """Time the page of each peer that runs in process, in turn."""
    runners = {}
    for peer in settings.peers:
        if (make := load(peer, KIND)) is not None and peer not in STACKS["uvicorn"]:
            app = make(PAGE)
            check(peer, app, PAGE)
            runners[peer] = Runner(app, PAGE, _SLICE * settings.effort)
    gc.collect()
    gc.freeze()
    for _ in range(max(1, int(_PASSES * settings.effort))):
        for runner in runners.values():
            runner.run()
    return [
        Sample(PART, PAGE.name, peer, "µs", statistics.median(runner.times) * 1e6)
        for peer, runner in runners.items()
    ]


@contextlib.contextmanager
def rounds(settings: Settings) -> Iterator[OneRound]:
    """Create the database, whose path the applications read from the environment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "notes.db")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT, weight REAL)")
            notes = [(f"note <{number}>", number / 4) for number in range(1, 10 * PAGE_ROWS)]
            connection.executemany("INSERT INTO note (title, weight) VALUES (?, ?)", notes)
            connection.commit()
        os.environ["BENCHMARK_DATABASE"] = str(path)
        in_process = in_own_process("stack.py", settings)
        yield lambda: [
            *in_process(),
            *served.measure(SERVED, STACKS, [PAGE], settings, kind=KIND),
        ]


if __name__ == "__main__":
    print_samples(measure)
