"""The distributions of this checkout, built as a release is."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import clean_environ

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


def build(folder: Path, *targets: str, **variables: str) -> str:
    """Build distributions into a folder, and return the output."""
    options = [part for target in targets for part in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *options, "-d", str(folder)]
    environ = {**clean_environ(), "HATCH_BUILD_NO_HOOKS": "false", **variables}
    process = subprocess.run(
        command, cwd=CHECKOUT, env=environ, check=True, capture_output=True, text=True, timeout=300
    )
    return process.stdout + process.stderr


def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel, the source distribution, and `output.txt`, which the build printed.

    They are built once for all processes of pytest-xdist, and compiled without optimization, which would take
    half a minute: the environment of the tests has the module as it is released.
    """
    import fcntl  # of POSIX, like the environments of the slow tests

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    output = folder / "dist" / "output.txt"
    with (folder / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            flags = f"{sysconfig.get_config_var('CFLAGS')} -O0"
            printed = build(output.parent, "sdist", "wheel", CFLAGS=flags)
            output.write_text(printed, encoding="utf-8")
    return output.parent
