"""Print the path of each minor version of CPython on this machine that Cocopot supports, oldest first.

Candidates are `python3.N` on the PATH, and the versions of pyenv if it is installed. With `--newest`, only
the newest version besides the one that runs this script; nothing if there is no other version.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
#: The newest minor version to look for on the PATH.
NEWEST_MINOR = 30
#: Describes an interpreter; fails if the interpreter cannot create virtual environments with pip.
PROBE = """
import ensurepip, json, sys, venv
is_usable = sys.implementation.name == "cpython" and sys.version_info.releaselevel == "final"
print(json.dumps([is_usable, sys.version_info[:3], sys.executable]))
"""


def main() -> None:
    """Print the paths."""
    pythons = find_pythons()
    if "--newest" in sys.argv[1:]:
        pythons.pop(sys.version_info[:2], None)
        pythons = dict(sorted(pythons.items())[-1:])
    for _, path in sorted(pythons.items()):
        print(path)


def find_pythons() -> dict[tuple[int, int], str]:
    """Return the path of the newest release of each minor version."""
    found: dict[tuple[int, int], tuple[int, str]] = {}
    for command in [*commands_on_path(), *commands_of_pyenv()]:
        if (python := probe(command)) is None:
            continue
        (major, minor, micro), path = python
        if (major, minor) >= OLDEST and micro > found.get((major, minor), (-1, ""))[0]:
            found[major, minor] = micro, path
    return {version: path for version, (_, path) in found.items()}


def commands_on_path() -> list[str]:
    """Return the commands `python3.N` of every folder on the PATH."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    names = [f"python3.{minor}" for minor in range(OLDEST[1], NEWEST_MINOR)]
    commands = [shutil.which(name, path=folder) for name in names for folder in folders if folder]
    return [command for command in commands if command]


def commands_of_pyenv() -> list[str]:
    """Return the interpreters that pyenv has installed."""
    if shutil.which("pyenv") is None:
        return []
    versions = run("pyenv", "versions", "--bare", "--skip-aliases").split()
    prefixes = [run("pyenv", "prefix", version).strip() for version in versions if version.startswith("3.")]
    return [str(Path(prefix, "bin", "python3")) for prefix in prefixes if prefix]


def probe(command: str) -> tuple[tuple[int, int, int], str] | None:
    """Return version and path of an interpreter, or `None` if it cannot be used.

    A command of pyenv fails if the version is installed but not selected.
    """
    try:
        is_usable, (major, minor, micro), path = json.loads(run(command, "-c", PROBE))
    except ValueError:
        return None
    return ((major, minor, micro), path) if is_usable else None


def run(*command: str) -> str:
    """Return the output of a command; an empty string if it fails."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return process.stdout if process.returncode == 0 else ""


if __name__ == "__main__":
    main()
