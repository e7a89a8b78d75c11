"""Import time and memory beside Flask's, and the start of an application with 0, 10 and 100 installed
plugins.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path

from results import Result

_MODULE = """
from cocopot import hookimpl

@hookimpl
def cocopot_before_request(app, request): ...

@hookimpl
def cocopot_after_request(app, request, response): ...
"""
_MEMORY = """
def memory():
    # The peak of this process in MiB; what getrusage says begins with the peak of its parent.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
"""
_IMPORT = """
import time
begin = time.perf_counter()
import {module}
print(time.perf_counter() - begin, memory())
"""
_SERVE = """
import sys
sys.path.insert(0, {here!r})
import importlib
from workloads import WORKLOADS
app = importlib.import_module("peers.{peer}_app").make(WORKLOADS[0])
environ = WORKLOADS[0].environ()
for _ in range(20_000):
    for _chunk in app(WORKLOADS[0].fresh(environ), lambda *_: None): pass
print(memory())
"""
_AUTOLOAD = """
import time
import cocopot
begin = time.perf_counter()
app = cocopot.Cocopot("benchmark", static_folder=None)
print(time.perf_counter() - begin)
assert len(app.plugins.records("plugin")) == {number}
"""
_BY_HAND = """
import importlib, time
import cocopot, pluggy
from cocopot.hooks import specs
begin = time.perf_counter()
manager = pluggy.PluginManager("cocopot")
manager.add_hookspecs(specs)
for number in range({number}):
    manager.register(importlib.import_module(f"benchmark_plugin_{{number}}"), f"p{{number}}")
print(time.perf_counter() - begin)
"""


def _run(script: str, python: str = sys.executable) -> list[float]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("COCOPOT_")}
    output = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True, env=environ)
    return [float(number) for number in output.stdout.split()]


def _wheel(folder: Path, number: int) -> Path:
    """Write the wheel of one tiny plugin (PEP 427)."""
    name, module = f"benchmark_plugin-{number}", f"benchmark_plugin_{number}"
    info = f"{module}-1.0.dist-info"
    path = folder / f"{module}-1.0-py3-none-any.whl"
    files = {
        f"{module}.py": _MODULE,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: own\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[cocopot.plugins]\np{number} = {module}\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def _environment(folder: Path, plugins: int) -> str:
    """Make an environment with cocopot, what it needs, and so many plugins; return its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = str(folder / "bin" / "python")
    purelib = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    here = Path(__file__).parent.parent
    shared = {str(here)}
    for name in ("pluggy", "werkzeug", "markupsafe", "importlib_metadata", "zipp", "lazy_importer", "click"):
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            source = Path(distribution.locate_file(file))
            if ".." not in file.parts and source.suffix != ".pyc" and source.exists():
                target = purelib / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    (purelib / "checkout.pth").write_text("\n".join(shared))
    if plugins:
        wheels = folder / "wheels"
        wheels.mkdir()
        paths = [str(_wheel(wheels, number)) for number in range(plugins)]
        install = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
        ]
        subprocess.run([*install, "--disable-pip-version-check", *paths], check=True)
    return python


def run(rounds: int) -> list[Result]:
    """Measure imports, memory, and starts."""
    values: dict[tuple[str, str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        pythons = {number: _environment(Path(temporary, str(number)), number) for number in (0, 10, 100)}
        for script in (_AUTOLOAD, _BY_HAND):
            _run(script.format(number=100), pythons[100])  # writes the bytecode
        for _ in range(rounds):
            for module in ("cocopot", "flask"):
                seconds, memory = _run(_MEMORY + _IMPORT.format(module=module))
                values.setdefault(("import", module, "ms"), []).append(seconds * 1e3)
                values.setdefault(("memory after import", module, "MiB"), []).append(memory)
                (memory,) = _run(_MEMORY + _SERVE.format(here=str(Path(__file__).parent), peer=module))
                values.setdefault(("memory after 20,000 requests", module, "MiB"), []).append(memory)
            for number, python in pythons.items():
                row = f"start with {number} plugins"
                (ours,) = _run(_AUTOLOAD.format(number=number), python)
                values.setdefault((row, "cocopot", "ms"), []).append(ours * 1e3)
                (theirs,) = _run(_BY_HAND.format(number=number), python)
                values.setdefault((row, "by hand", "ms"), []).append(theirs * 1e3)
    for (row, peer, unit), found in values.items():
        print(f"{row:30} {peer:10} {sorted(found)[len(found) // 2]:.1f} {unit}", flush=True)
    return [
        Result("import, memory and start", row, peer, unit, found)
        for (row, peer, unit), found in values.items()
    ]
