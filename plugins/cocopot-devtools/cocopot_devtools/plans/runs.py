"""Take snapshots of an application in separate processes of this Python."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_devtools.processes import innermost_frame, read_output, run_process, signal_name

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The program of the process, with the `sys.path` of this one.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from cocopot_devtools.plans.snapshot import main
main(sys.argv[2])
"""


#: The stacks are dumped a tenth of the time limit before it ends, but at most so many seconds.
_TO_DUMP = 1


class SnapshotError(Exception):
    """A process ended, or took too long, before the snapshot was complete."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an installation changes in an environment.

    Args:
        site: The folder with what it installs; empty for none.
        hidden: Names of the distributions that it removes or replaces.
        modules: Their modules.
    """

    site: str = ""
    hidden: Sequence[str] = ()
    modules: Sequence[str] = ()

    def is_any(self) -> bool:
        """Whether it changes anything."""
        return bool(self.hidden) or (bool(self.site) and any(Path(self.site).iterdir()))


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Takes snapshots.

    Args:
        arguments: Options of the `cocopot` command, such as `--app`.
        start: Whether to start the application.
        timeout: How long each may take, in seconds.
    """

    arguments: Sequence[str]
    start: bool
    timeout: float

    def take(self, change: Change) -> dict[str, Any]:
        """Return a snapshot of the application after a change.

        Raises:
            SnapshotError: If the process ends early, or takes too long.
        """
        with tempfile.TemporaryDirectory(prefix="cocopot-plan-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            task = {
                "arguments": self.arguments,
                "start": self.start,
                "stack_after": self.timeout - min(self.timeout / 10, _TO_DUMP),
                "folder": name,
                "site": change.site,
                "hidden": change.hidden,
                "modules": change.modules,
            }
            path = json.dumps([entry for entry in sys.path if entry])
            command = [sys.executable, "-P", "-c", _PROGRAM, path, json.dumps(task)]
            status = run_process(command, folder, self.timeout, cwd=Path.cwd(), environ=_environ())
            text = read_output(folder, "snapshot")
            if not text:
                raise SnapshotError(_without_prefix(self._describe_exit(status, folder), change.site))
            found: dict[str, Any] = json.loads(_without_prefix(text, change.site))
            return found

    def _describe_exit(self, status: int | None, folder: Path) -> str:
        frame = innermost_frame(read_output(folder, "stack"))
        place = f" It was at {frame}." if frame else ""
        if status is None:
            return f"It was not created within {self.timeout:g} seconds; --timeout allows more.{place}"
        last = next(reversed(read_output(folder, "stderr").strip().splitlines()), "")
        how = f"by signal {signal_name(-status)}" if status < 0 else f"with the status {status}"
        return f"Its process ended {how}.{place}{f' Last output: {last}' if last else ''}"


def _environ() -> dict[str, str]:
    """Return the environment of a process that writes no bytecode, and loads what no lock has yet."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COCOPOT_PLUGIN_LOCK": ""}


def _without_prefix(text: str, site: str) -> str:
    """Return JSON in which files of the folder are named relative to it."""
    return text.replace(json.dumps(f"{site}{os.sep}")[1:-1], "") if site else text
