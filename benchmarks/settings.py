"""What a run is asked to do, and how a part's program is told in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from results import Sample

HERE = Path(__file__).parent
#: Measures one round.
OneRound = Callable[[], list[Sample]]


@dataclass(frozen=True)
class Settings:
    """What to measure, and how thoroughly.

    Args:
        peers: Names as in `peers.PEERS`, or dotted names of modules.
        workloads: Names of the workloads in process, or none for all.
        effort: 1.0 is a full run; less makes every measurement shorter, and its figures worthless at the end.
        installed: With how many installed plugins an application is started.
    """

    peers: tuple[str, ...]
    workloads: tuple[str, ...] = ()
    effort: float = 1.0
    installed: tuple[int, ...] = (0, 10, 100)


def in_own_process(program: str, settings: Settings) -> OneRound:
    """Return a function that runs a program of this folder in a new process for each round.

    A process has its own hash seed and its own layout of memory, and both make a difference that is
    the same for as long as it lives.
    """

    def one_round() -> list[Sample]:
        command = [sys.executable, str(HERE / program), json.dumps(asdict(settings))]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if process.returncode != 0:
            sys.exit(f"{program} failed; it said why above.")
        return [Sample(*sample) for sample in json.loads(process.stdout)]

    return one_round


def answer(measure: Callable[[Settings], list[Sample]]) -> None:
    """Measure one round as `in_own_process` asks for it, and print the samples."""
    data: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in json.loads(sys.argv[1]).items()
    }
    print(json.dumps(measure(Settings(**data))))
