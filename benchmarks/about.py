"""Facts about a run: versions, machine, compiled modules."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

import served
from peers import PEERS, load

from cocopot.speedups import COMPILED

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKOUT = Path(__file__).resolve().parent.parent
_LIBRARIES = (
    *("pluggy", "werkzeug", *served.STACKS, *served.STACKS["uvicorn"]),
    *("jinja2", "flask-wtf", "flask-talisman"),
)
#: The distribution of a peer that is not called as the peer.
_DISTRIBUTIONS = {"wheezy": "wheezy.web"}
#: The packages of peers that are compiled, or may be.
_COMPILED = {
    "cocopot": ["cocopot"],
    "falcon": ["falcon"],
    "wheezy": ["wheezy.core", "wheezy.http", "wheezy.routing", "wheezy.web"],
}


def about(peers: Iterable[str]) -> dict[str, object]:
    """Return versions and facts about the machine; exit if the results would be misleading."""
    _check_installed()
    if _compiled_modules("cocopot") and not COMPILED:
        sys.exit(
            "Cocopot's compiled module is not used: unset COCOPOT_PURE_PYTHON, or install Cocopot without it."
        )
    if _package("falcon") is not None and not _compiled_modules("falcon"):
        sys.exit("Falcon is installed without its compiled modules: install its wheel for this platform.")
    names = [name for name in (*peers, *_LIBRARIES) if name in PEERS or name in _LIBRARIES]
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()}, {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": {name: version for name in names if (version := _version(name))},
        "compiled": {
            peer: [module for package in packages for module in _compiled_modules(package)]
            for peer, packages in _COMPILED.items()
            if peer in names
        },
        "missing": [peer for peer in peers if load(peer) is None],
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(_DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _package(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # what it is a part of is not installed
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def _compiled_modules(name: str) -> list[str]:
    """Return the compiled modules of a package."""
    folder = _package(name)
    if folder is None:
        return []
    suffix = EXTENSION_SUFFIXES[0]
    return sorted(
        ".".join((name, *path.relative_to(folder).parts)).removesuffix(suffix)
        for path in folder.rglob(f"*{suffix}")
    )


def _check_installed() -> None:
    """Exit if the installed Cocopot differs from this checkout."""
    installed = _package("cocopot")
    if installed is None or _sources(installed) != _sources(CHECKOUT / "cocopot"):
        sys.exit(
            f"The installed cocopot ({installed}) differs from this checkout. `make bench` installs it, or: "
            "python -m pip install --no-deps --force-reinstall <checkout>"
        )


def _sources(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.py")}
