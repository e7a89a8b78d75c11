"""The process in which a plugin is imported and run; `cocopot_devtools.checks.process` starts it."""

from __future__ import annotations

import faulthandler
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_devtools.checks.behaviour import check_behaviour
from cocopot_devtools.checks.cost import import_candidate, request_cost
from cocopot_devtools.checks.loading import check_loading
from cocopot_devtools.checks.subjects import PluginUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: What the process may be started for: groups of checks; one that finds the plugin unusable is the last.
PROBES: Mapping[str, Sequence[Callable[[PluginUnderTest], None]]] = {
    "check": (check_loading, check_behaviour),
    "requests": (request_cost,),
    "import": (import_candidate,),
}


def main(task: str) -> None:
    """Run a probe, write what it found into a file, and end the process, whatever the plugin left running.

    Args:
        task: JSON of an object with `probe`, `timeout` in seconds, and the arguments of `PluginUnderTest`.
    """
    arguments: dict[str, Any] = json.loads(task)
    probe, timeout = arguments.pop("probe"), arguments.pop("timeout")
    run_probe(PluginUnderTest(**arguments), probe, timeout)
    os._exit(0)


def run_probe(subject: PluginUnderTest, probe: str, timeout: float) -> None:
    """Run groups of checks; what they found is in a file after each of them.

    Args:
        subject: The plugin.
        probe: One of `PROBES`.
        timeout: How long each group may take, in seconds; then the process ends, and dumps its stacks.
    """
    with Path(subject.folder, "stuck").open("w", encoding="utf-8") as stuck:
        for check in PROBES[probe]:
            faulthandler.dump_traceback_later(timeout, exit=True, file=stuck)
            check(subject)
            _write(subject)
            if not subject.usable:
                break
        faulthandler.cancel_dump_traceback_later()
    Path(subject.folder, "completed").touch()


def _write(subject: PluginUnderTest) -> None:
    """Write what was found so far, in one piece."""
    outcome = {"findings": [asdict(finding) for finding in subject.findings], "facts": subject.facts}
    unfinished = Path(subject.folder, "unfinished")
    unfinished.write_text(json.dumps(outcome), encoding="utf-8")
    unfinished.replace(Path(subject.folder, "outcome"))
