"""Run checks of a plugin in a process, and read their findings, also if it crashes or hangs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_devtools.checks.findings import Finding
from cocopot_devtools.processes import frames_in, read_output, run_process, signal_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importlib_metadata import EntryPoint

    from cocopot_devtools.checks.targets import Target

#: The program of the process, with the `sys.path` of this one and what precedes it.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from cocopot_devtools.checks.probe import main
main(sys.argv[2])
"""
#: How many groups of checks a process may run.
_GROUPS = 2
#: How long after its own time limits a process is ended from outside, in seconds.
_GRACE = 5


@dataclass(slots=True)
class Outcome:
    """The results of a process.

    Args:
        findings: The findings.
        facts: Facts about the plugin.
        errors: The text on standard error.
        completed: Whether the process ended by itself.
    """

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    errors: str = ""
    completed: bool = True


class Processes:
    """Starts processes for the plugins of a distribution.

    Args:
        target: The distribution.
        config: Configuration for the applications that load the plugin.
        timeout: How long each group of checks may take, in seconds.
    """

    def __init__(self, target: Target, config: Mapping[str, Any], timeout: float) -> None:
        self._target = target
        self._config = config
        self._timeout = timeout
        self._roots = [str(path.resolve()) for path in target.packages()]
        path = [entry for entry in sys.path if entry and entry not in target.path]
        self._path = json.dumps([*target.path, *path])

    def run(self, probe: str, point: EntryPoint, *options: str) -> Outcome:
        """Run a probe in a separate process.

        Args:
            probe: One of `cocopot_devtools.checks.probe.PROBES`.
            point: The entry point of the plugin.
            options: Options for Python.
        """
        with tempfile.TemporaryDirectory(prefix="cocopot-check-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            task = {
                "probe": probe,
                "timeout": self._timeout,
                "plugin": point.name,
                "distribution": self._target.name,
                "roots": self._roots,
                "config": self._config,
                "folder": name,
            }
            status = self._wait(
                [sys.executable, "-P", *options, "-c", _PROGRAM, self._path, json.dumps(task)], folder
            )
            outcome = Outcome(errors=read_output(folder, "stderr"))
            if text := read_output(folder, "outcome"):
                found = json.loads(text)
                outcome.findings = [Finding(**finding) for finding in found["findings"]]
                outcome.facts = found["facts"]
            if not folder.joinpath("completed").exists():
                outcome.findings.append(self._describe_exit(status, folder, point.name))
                outcome.completed = False
            return outcome

    def _wait(self, command: list[str], folder: Path) -> int | None:
        """Run a command to its end, or end it with all that it started; return its status, if it has one."""
        place = folder / "cwd"  # not in the folder of the results, which the plugin might overwrite
        place.mkdir()
        environ = {key: value for key, value in os.environ.items() if not key.startswith("COCOPOT_")}
        timeout = _GROUPS * self._timeout + _GRACE
        return run_process(command, folder, timeout, cwd=place, environ=environ)

    def _describe_exit(self, status: int | None, folder: Path, plugin: str) -> Finding:
        """Return a finding about a process that ended early."""
        doing = read_output(folder, "step") or "it was started"
        stuck = read_output(folder, "stuck")
        if stuck or status is None:
            message = f"It did not return within {self._timeout:g} seconds, while {doing}."
        else:
            last = next(reversed(read_output(folder, "stderr").split("\n")[:-1]), "")
            how = f"by signal {signal_name(-status)}" if status < 0 else f"with the status {status}"
            message = f"It ended the process {how}, while {doing}.{f' Last output: {last}' if last else ''}"
        return Finding("CP105", message, *self._place(stuck), plugin)

    def _place(self, dump: str) -> tuple[str, int]:
        """Return the innermost frame of the plugin's source in a dump, which has the innermost first."""
        for file, line in frames_in(dump):
            if any(Path(file).resolve().is_relative_to(root) for root in self._roots):
                return file, line
        return "", 0
