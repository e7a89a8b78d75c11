"""Import time and memory, and the start of an application with installed plugins.

Each value is measured in a new Python process. The plugins are wheels, which pip installs in an environment
with Cocopot and its dependencies.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from peers import load
from results import Sample
from settings import HERE, OneRound, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PART = "import and memory"
START = "start"
BY_HAND = "pluggy by hand"
_REQUESTS = 20_000
#: Number of times that a round starts each timed process.
_PASSES = 9

_PLUGIN = """
from cocopot import hookimpl

@hookimpl
def cocopot_before_request(app, request): ...

@hookimpl
def cocopot_after_request(app, request, response): ...
"""
_IMPORT = """
import time
begin = time.perf_counter()
import {module}
print(time.perf_counter() - begin, memory())
"""
_SERVE = """
import sys, time
sys.path.insert(0, {here!r})
from workloads import WORKLOADS
import collections, importlib
environ = WORKLOADS[0].environs()[0]
begin = time.perf_counter()
app = importlib.import_module("peers.{module}_app").make(WORKLOADS[0])
def ask():
    body = app(WORKLOADS[0].fresh(environ), lambda *_: None)
    assert b"".join(body) == WORKLOADS[0].body
    getattr(body, "close", int)()
ask()
print(time.perf_counter() - begin)
for _ in range({requests}): ask()
print(memory())
"""
_MEMORY = """
def memory():
    # The resident set size, in MiB.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
"""
_AUTOLOAD = """
import time
import cocopot
begin = time.perf_counter()
app = cocopot.Cocopot("benchmark", static_folder=None)
print(time.perf_counter() - begin)
assert len(app.plugins.records("plugin")) == {plugins}
"""
_BY_HAND = """
import importlib, time
import cocopot, pluggy
from cocopot.hooks import specs
begin = time.perf_counter()
manager = pluggy.PluginManager("cocopot")
manager.add_hookspecs(specs)
for number in range({plugins}):
    manager.register(importlib.import_module(f"benchmark_plugin_{{number}}"), f"p{{number}}")
print(time.perf_counter() - begin)
"""


def _run(script: str, python: str | Path = sys.executable) -> list[float]:
    """Run a script in a new process, and return the numbers that it prints."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("COCOPOT_")}
    process = subprocess.run(
        [python, "-c", script], stdout=subprocess.PIPE, text=True, check=True, env=environ, cwd=HERE
    )
    return [float(number) for number in process.stdout.split()]


# -------------------------------------------------------------------------
# Environments with plugins
# -------------------------------------------------------------------------


def _pip(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def _wheel(folder: Path, number: int) -> Path:
    """Write the wheel of one small plugin (PEP 427)."""
    module = f"benchmark_plugin_{number}"
    info = f"{module}-1.0.dist-info"
    files = {
        f"{module}.py": _PLUGIN,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[cocopot.plugins]\np{number} = {module}\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    path = folder / f"{module}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def _environments(folder: Path, sizes: tuple[int, ...]) -> dict[int, Path]:
    """Create an environment for each number of plugins, and return their interpreters."""
    if not sizes:
        return {}
    wheels = folder / "wheels"
    _pip("wheel", "--quiet", "--wheel-dir", wheels, HERE.parent)
    plugins = [_wheel(wheels, number) for number in range(max(sizes))]
    pythons = {}
    for size in sizes:
        venv.create(folder / str(size), with_pip=False, symlinks=True)
        pythons[size] = python = folder / str(size) / "bin" / "python"
        install = ("install", "--quiet", "--no-index", "--find-links", wheels, "cocopot")
        _pip("--python", python, *install, *plugins[:size])
    return pythons


# -------------------------------------------------------------------------
# The measurements of a round
# -------------------------------------------------------------------------


def _frameworks(settings: Settings) -> list[Sample]:
    requests = max(1, int(_REQUESTS * settings.effort))
    modules = [module for module in ("cocopot", "flask", "falcon") if load(module) is not None]
    imports = {module: (_MEMORY + _IMPORT.format(module=module), sys.executable) for module in modules}
    samples = []
    for module, (seconds, memory) in _minima(imports, settings).items():
        script = _MEMORY + _SERVE.format(here=str(HERE), module=module, requests=requests)
        first, serving = _run(script)
        samples += [
            Sample(PART, "import", module, "ms", seconds * 1e3),
            Sample(PART, "import, and answer a first request", module, "ms", first * 1e3),
            Sample(PART, "memory after import", module, "MiB", memory),
            Sample(PART, "memory after 20,000 requests", module, "MiB", serving),
        ]
    return samples


def _starts(pythons: dict[int, Path], settings: Settings) -> list[Sample]:
    samples = []
    for plugins, python in pythons.items():
        scripts = {
            "cocopot": (_AUTOLOAD.format(plugins=plugins), python),
            BY_HAND: (_BY_HAND.format(plugins=plugins), python),
        }
        for peer, (seconds,) in _minima(scripts, settings).items():
            samples.append(Sample(START, f"{plugins} plugins", peer, "ms", seconds * 1e3))
    return samples


def _minima(scripts: Mapping[str, tuple[str, str | Path]], settings: Settings) -> dict[str, list[float]]:
    """Run the scripts in turn, several times, and return the minimum of each number that they print.

    Other activity of the machine may slow down a process that runs for a tenth of a second, or not.
    """
    found: dict[str, list[list[float]]] = {name: [] for name in scripts}
    for _ in range(max(1, int(_PASSES * settings.effort))):
        for name, script in scripts.items():
            found[name].append(_run(*script))
    return {name: [min(values) for values in zip(*runs, strict=True)] for name, runs in found.items()}


@contextlib.contextmanager
def rounds(settings: Settings) -> Iterator[OneRound]:
    """Create the environments; each round starts new processes."""
    with tempfile.TemporaryDirectory() as folder:
        pythons = _environments(Path(folder), settings.installed)
        _starts(pythons, replace(settings, effort=0))  # loads the files into the cache of the system
        yield lambda: [*_frameworks(settings), *_starts(pythons, settings)]
