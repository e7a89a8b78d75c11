"""`.ci/pythons.py` finds the versions of Python that the tests run with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "pythons.py"
THIS = sys.version_info[:2]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with several versions, a pre-release, an old one, and a command that fails."""
    for folder, name, answer in [
        ("a", "python3.29", [True, [3, 29, 1], "/a/python3.29"]),
        ("b", "python3.29", [True, [3, 29, 4], "/b/python3.29"]),
        ("c", "python3.29", [True, [3, 29, 2], "/c/python3.29"]),
        ("a", "python3.28", [False, [3, 28, 0], "/a/python3.28"]),
        ("a", "python3.27", None),
        ("a", "python3.10", [True, [3, 10, 0], "/a/python3.10"]),
        ("b", "python3.26", [True, [3, 26, 0], "/b/python3.26"]),
    ]:
        command = tmp_path / folder / name
        command.parent.mkdir(exist_ok=True)
        script = "exit 127" if answer is None else f"echo '{json.dumps(answer)}'"
        command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        command.chmod(0o755)
    return ":".join(str(tmp_path / folder) for folder in ("a", "b", "c", "nowhere"))


def found(path: str, *args: str) -> list[str]:
    """Return the lines that the command prints."""
    command = [sys.executable, str(SCRIPT), *args]
    process = subprocess.run(
        command, env={"PATH": path}, capture_output=True, text=True, check=True, timeout=60
    )
    assert process.stderr == ""
    return process.stdout.splitlines()


def test_the_newest_release_of_each_version(path: str) -> None:
    """Of each supported minor version it prints the newest release, wherever it is on the PATH."""
    assert found(path) == ["/b/python3.26", "/b/python3.29"]
    assert found(path, "--newest") == ["/b/python3.29"]


def test_versions_of_pyenv(path: str, tmp_path: Path) -> None:
    """What pyenv has installed is found without being selected."""
    bin_folder = tmp_path / "versions" / "3.25.0" / "bin"
    bin_folder.mkdir(parents=True)
    answer = json.dumps([True, [3, 25, 0], "/pyenv/python3"])
    for command, script in [
        (bin_folder / "python3", f"echo '{answer}'"),
        (
            tmp_path / "a" / "pyenv",
            f"case $1 in versions) printf '2.7.18\\n3.25.0\\n' ;; *) echo '{bin_folder.parent}' ;; esac",
        ),
    ]:
        command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        command.chmod(0o755)
    assert found(path) == ["/pyenv/python3", "/b/python3.26", "/b/python3.29"]


def test_no_other_version(tmp_path: Path) -> None:
    """Where there is no other version, it prints nothing, and succeeds."""
    folder = tmp_path / "only"
    folder.mkdir()
    (folder / f"python3.{THIS[1]}").symlink_to(sys.executable)
    assert len(found(str(folder))) == 1
    assert found(str(folder), "--newest") == []
