"""Settings of a run, and their transfer to a separate process."""

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
    """The measurements of a run, and their length.

    Args:
        peers: Names as in `peers.PEERS`, or dotted names of modules.
        workloads: Names of the workloads in process; empty for all.
        effort: 1.0 is a full run; less makes every measurement shorter, and the results meaningless.
        installed: Numbers of installed plugins with which an application is started.
        kind: The applications in process: `"app"` for the workloads, `"ways"` for the rows of `ways.py`.
    """

    peers: tuple[str, ...]
    workloads: tuple[str, ...] = ()
    effort: float = 1.0
    installed: tuple[int, ...] = (0, 10, 100)
    kind: str = "app"


def in_own_process(program: str, settings: Settings) -> OneRound:
    """Return a function that runs a program of this folder in a new process for each round.

    The hash seed and the memory layout of a process affect all of its measurements.
    """

    def one_round() -> list[Sample]:
        command = [sys.executable, str(HERE / program), json.dumps(asdict(settings))]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if process.returncode != 0:
            sys.exit(f"{program} failed; see the error above.")
        return [Sample(*sample) for sample in json.loads(process.stdout)]

    return one_round


def print_samples(measure: Callable[[Settings], list[Sample]]) -> None:
    """Measure one round with the settings of `in_own_process`, and print the samples."""
    data: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in json.loads(sys.argv[1]).items()
    }
    print(json.dumps(measure(Settings(**data))))
