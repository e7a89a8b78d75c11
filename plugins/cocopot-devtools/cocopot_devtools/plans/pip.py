"""Run pip, as it is configured, so that it changes nothing outside of a temporary folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from cocopot_devtools.processes import read_output, run_process

_OPTIONS = ("--no-input", "--disable-pip-version-check", "--quiet")

#: The only error that pip prints before the traceback of an exception of its own.
_CRASH = "Exception:"
#: What pip prints before the name of a step of a build that has failed, and after the output of that.
_END_OF_OUTPUT = "[end of output]"
_FAILED_STEP = "\N{MULTIPLICATION SIGN} "
#: How many lines of other output are quoted.
_SHOWN = 3


class PipError(Exception):
    """pip failed; the message is what it reported."""


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of the environment, or the one on the PATH, run for this Python.

    Args:
        folder: A temporary folder, for all that it writes.
        timeout: How long each command may take, in seconds.
    """

    folder: Path
    timeout: float

    def resolve(self, requirement: str, *, upgrade: bool) -> list[dict[str, Any]]:
        """Return what `pip install` would install here, as `pip install --report` describes it.

        Args:
            requirement: What to install.
            upgrade: Whether to upgrade what is installed.

        Raises:
            PipError: If there is nothing that fits, or it cannot be built.
        """
        report = self.folder / "report.json"
        options = ["--upgrade"] if upgrade else []
        self._run("install", "--dry-run", "--report", str(report), *options, requirement)
        found: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["install"]
        return found

    def install(self, site: Path, *requirements: str) -> None:
        """Install distributions, without what they depend on, into a folder.

        Raises:
            PipError: If one cannot be installed.
        """
        self._run("install", "--no-deps", "--no-compile", "--target", str(site), *requirements)

    def build(self, project: Path) -> Path:
        """Return a wheel of a project, which is a folder or an archive.

        Raises:
            PipError: If it cannot be built.
        """
        wheels = self.folder / "wheels"
        self._run("wheel", "--no-deps", "--wheel-dir", str(wheels), str(project))
        return next(wheels.glob("*.whl"))

    def _run(self, command: str, *arguments: str) -> None:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        # With PIP_USER, pip would reject --target.
        environ = {**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1", "PIP_USER": "0"}
        line = [*_program(), command, *_OPTIONS, *arguments]
        status = run_process(line, self.folder, self.timeout, cwd=Path.cwd(), environ=environ)
        if status is None:
            raise PipError(f"pip {command} took more than {self.timeout:g} seconds; --timeout allows more.")
        if status:
            raise PipError(_errors_in(read_output(self.folder, "stderr")))


def _program() -> list[str]:
    # Not `importlib.util.find_spec`: for pip, setuptools replaces distutils in this process, with a warning.
    if PathFinder.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    pip = shutil.which("pip")
    if pip is None:
        raise PipError("pip is neither installed here nor on the PATH. Install it: python -m ensurepip.")
    return [pip, "--python", sys.executable]


def _errors_in(text: str) -> str:
    """Return the errors that pip has printed, without its advice."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    if errors == [_CRASH]:
        return f"pip itself failed: {lines[-1]}"
    steps = [line.removeprefix(_FAILED_STEP) for line in lines if line.startswith(_FAILED_STEP)]
    if not errors and steps:
        output = lines[: lines.index(_END_OF_OUTPUT)] if _END_OF_OUTPUT in lines else []
        errors = [steps[0], *output[-_SHOWN:]]
    return "\n".join(errors or lines[-_SHOWN:]) or "pip failed without a message."
