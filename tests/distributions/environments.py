"""Wheels of small plugins, and virtual environments in which they are installed beside Cocopot."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import textwrap
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pip

from tests.processes import clean_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
#: The distribution with `cocopot new` and `cocopot check-plugin`.
DEVTOOLS = CHECKOUT / "plugins" / "cocopot-devtools"
DRIVER = Path(__file__).with_name("driver.py")
#: What `pip --python` starts for another environment: pip is imported once and not twice.
PIP = Path(pip.__file__).with_name("__pip-runner__.py")
#: Calls the build backend's hook (PEP 517) for pairs of a project's folder and one for its wheel.
BUILD = """
import os, sys
from hatchling.build import build_wheel

for source, output in zip(sys.argv[1::2], sys.argv[2::2]):
    os.chdir(source)
    build_wheel(output)
"""
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "{version}"
requires-python = ">=3.11"

[project.entry-points."{group}"]
{name} = "{value}"

[tool.hatch.build.targets.wheel]
include = ["*.py"]
"""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A distribution of one module that names one plugin.

    Args:
        name: Name of the entry point.
        source: Source of the module; may be indented.
        value: The entry point's value; by default the module.
        distribution: Name of the distribution; by default `cocopot-NAME`. The module is named like it.
        version: Version of the distribution.
        group: The entry-point group.
    """

    name: str
    source: str = ""
    value: str = ""
    distribution: str = ""
    version: str = "1.0"
    group: str = "cocopot.plugins"

    def write(self, folder: Path) -> None:
        """Write a project from which a wheel can be built."""
        distribution = self.distribution or f"cocopot-{self.name}"
        module = distribution.replace("-", "_")
        text = PYPROJECT.format(
            distribution=distribution,
            version=self.version,
            group=self.group,
            name=self.name,
            value=self.value or module,
        )
        folder.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
        folder.joinpath(f"{module}.py").write_text(textwrap.dedent(self.source), encoding="utf-8")


class Builder:
    """Builds wheels in separate folders, each once.

    Args:
        folder: Where the folders are created.
        wheels: The wheels of projects that have been built.
    """

    def __init__(self, folder: Path, wheels: Mapping[Plugin | Path, Path]) -> None:
        self._folder = folder
        self._wheels = dict(wheels)

    def wheels(self, *projects: Plugin | Path) -> list[Path]:
        """Return the wheels of plugins, and of projects in folders."""
        new = [project for project in projects if project not in self._wheels]
        places = [self._place(project) for project in new]
        if new:
            run(sys.executable, "-c", BUILD, *itertools.chain.from_iterable(places))
        for project, (_, output) in zip(new, places, strict=True):
            (self._wheels[project],) = output.glob("*.whl")
        return [self._wheels[project] for project in projects]

    def _place(self, project: Plugin | Path) -> tuple[Path, Path]:
        """Return the folder of a project, and one for its wheel."""
        output = Path(tempfile.mkdtemp(dir=self._folder))
        if isinstance(project, Path):
            return project, output
        source = output / "source"
        source.mkdir()
        project.write(source)
        return source, output


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an application.

    Args:
        plugins: Name, distribution and version of each plugin, in load order.
        result: What the application's module left as `result`.
        error: Message and attributes of the `PluginError`, if the module raised one.
        log: What the application's process wrote to standard error.
    """

    plugins: list[list[str]]
    result: Any
    error: dict[str, Any] = field(default_factory=dict)
    log: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the plugins, in load order."""
        return [name for name, _, _ in self.plugins]

    @property
    def message(self) -> str:
        """What the `PluginError` states; empty without one."""
        return str(self.error.get("message", ""))


class Environment:
    """A virtual environment.

    Args:
        folder: Where it is made.
        base: An environment whose packages can be imported too.
    """

    def __init__(self, folder: Path, base: Environment | None = None) -> None:
        venv.create(folder, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        (self.packages,) = folder.glob("lib/python*/site-packages")
        self._starts = 0
        if base is not None:
            self.packages.joinpath("base.pth").write_text(f"{base.packages}\n", encoding="utf-8")

    def install(self, *wheels: Path | str, dependencies: bool = False) -> None:
        """Install wheels from their files; an index is used for dependencies only.

        Args:
            wheels: The files; with `dependencies` also names of distributions.
            dependencies: Whether to install what they depend on.
        """
        options = () if dependencies else ("--no-deps", "--no-index")
        self.run_pip("install", "--no-compile", *options, *wheels)

    def uninstall(self, distribution: str) -> None:
        """Uninstall a distribution."""
        self.run_pip("uninstall", "--yes", distribution)

    def run_pip(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        """Run pip for this environment; Cocopot is not compiled, which would take long."""
        command = (self.python, PIP, "--disable-pip-version-check", "--quiet", *arguments)
        run(*command, cwd=cwd, environ={"HATCH_BUILD_NO_HOOKS": "true"})

    def start(self, application: str = "", environ: dict[str, str] | None = None, **options: Any) -> Outcome:
        """Import an application in a separate process, and return the outcome.

        Args:
            application: Source of a module; it may use `app`, and may leave a `result` for JSON.
            environ: Additional environment variables.
            options: What the application object takes.
        """
        folder = self.write_application(application, **options)
        process = run(self.python, "-I", DRIVER, cwd=folder, environ=environ)
        return Outcome(**json.loads(process.stdout.splitlines()[-1]), log=process.stderr)

    def write_application(self, application: str = "", **options: Any) -> Path:
        """Write a module `application`, and return its folder."""
        self._starts += 1
        folder = self.folder / "applications" / str(self._starts)
        folder.mkdir(parents=True)
        arguments = "".join(f", {name}={value!r}" for name, value in options.items())
        text = f"from cocopot import Cocopot\n\napp = Cocopot(__name__{arguments})\n"
        folder.joinpath("application.py").write_text(text + textwrap.dedent(application), encoding="utf-8")
        return folder


class MakeEnvironment(Protocol):
    """Makes a new environment with Cocopot and the given plugins: small ones, or folders of projects."""

    def __call__(self, *projects: Plugin | Path) -> Environment: ...


def run(
    *command: str | Path, cwd: Path | None = None, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without the variables that would change Python or Cocopot.

    Raises:
        RuntimeError: If it fails; with its output.
    """
    process = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environ(**(environ or {})),
        capture_output=True,
        text=True,
        timeout=180,  # against a command that hangs; pip is slow on a busy machine
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"{command} returned {process.returncode}\n{process.stdout}\n{process.stderr}")
    return process
