"""Stage in a temporary folder what an installation would add to the environment."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from cocopot_devtools.plans.dependencies import Target
from cocopot_devtools.plans.hiding import modules_of
from cocopot_devtools.plans.pip import Pip, PipError
from cocopot_devtools.plans.problems import Problem
from cocopot_devtools.plans.runs import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importlib_metadata._meta import IDistribution

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
#: What a copy of a project's folder, from which it is built, does not need.
_NOT_COPIED = ("__pycache__", ".tox", ".nox", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache")


class PlanError(Exception):
    """An argument names nothing that could be installed or removed."""


@dataclass(slots=True)
class Staged:
    """What an installation would change.

    Args:
        site: The folder with what it would install.
        target: The distribution that was asked for.
        excluded: Why a requirement does not apply here; empty if it does.
        removed: Normalized names of the distributions that it would remove.
        problems: What prevents it.
    """

    site: Path
    target: Target = field(default_factory=Target)
    excluded: str = ""
    removed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def new(self) -> dict[str, IDistribution]:
        """Return the distributions that it would install, by their normalized names."""
        return distributions_in(self.site)

    def change(self, installed: Mapping[str, IDistribution]) -> Change:
        """Return what it changes in an environment.

        Args:
            installed: The distributions of the environment, by their normalized names.
        """
        hidden = sorted({*self.new(), *self.removed} & installed.keys())
        modules = sorted({module for name in hidden for module in modules_of(installed[name])})
        return Change(str(self.site), hidden, modules)


def distributions_in(*places: Path) -> dict[str, IDistribution]:
    """Return distributions by their normalized names.

    Args:
        places: Folders; by default the environment of this process.
    """
    options = {"path": list(map(str, places))} if places else {}
    found: dict[str, IDistribution] = {}
    for distribution in importlib_metadata.distributions(**options):
        try:
            name = distribution.name
        except Exception:  # noqa: BLE001, S112 - whatever the reader of metadata raises
            continue
        if name:
            found.setdefault(canonicalize_name(str(name)), distribution)
    return found


def stage(argument: str | None, without: Sequence[str], pip: Pip, *, upgrade: bool) -> Staged:
    """Download or build what an installation would add, and return it.

    Args:
        argument: A requirement, or the path of a wheel, an archive or a project's folder; `None` for none.
        without: Names of distributions that would be removed.
        pip: Runs pip.
        upgrade: Whether to upgrade what is installed, as with `pip install --upgrade`.

    Raises:
        PlanError: If an argument names nothing.
    """
    site = pip.folder / "site"
    site.mkdir()
    staged = Staged(site, removed=_installed_names(without))
    if argument is not None:
        source, extras = _parse(argument)
        try:
            _add(staged, source, extras, pip, upgrade=upgrade)
        except PipError as error:
            cure = "Correct that, or plan a release that can be installed here."
            staged.problems.append(Problem("error", "installation", f"It cannot be installed: {error}", cure))
    return staged


def _installed_names(names: Sequence[str]) -> list[str]:
    installed = distributions_in()
    found = [str(canonicalize_name(name)) for name in names]
    for name in found:
        if name not in installed:
            raise PlanError(f"--without: no distribution {name!r} is installed.")
    return found


def _parse(argument: str) -> tuple[Path | Requirement, frozenset[str]]:
    """Return the path or the requirement that an argument is, as pip tells them apart, and its extras."""
    name, bracket, extras = argument.rstrip().partition("[") if argument.endswith("]") else (argument, "", "")
    separators = {os.sep, os.altsep or os.sep}
    is_path = name.startswith(".") or name.endswith(_ARCHIVES) or _has_any(name, separators)
    if is_path and "://" not in argument:
        if bracket and Path(argument).exists():  # a folder whose name ends so
            name, extras = argument, "]"
        return _check_path(name), _names_of(extras.removesuffix("]").split(","))
    try:
        requirement = Requirement(argument)
    except InvalidRequirement as error:
        if "://" in argument:
            raise PlanError(f"Name the distribution at that address: 'NAME @ {argument}'.") from error
        raise PlanError(
            f"{argument!r} is neither a requirement, such as 'cocopot-cors==1.1', nor the path of a wheel or "
            f"of a project's folder: {error}"
        ) from error
    return requirement, _names_of(requirement.extras)


def _names_of(extras: Iterable[str]) -> frozenset[str]:
    return frozenset(str(canonicalize_name(extra.strip())) for extra in extras if extra.strip())


def _has_any(text: str, parts: set[str]) -> bool:
    return any(part in text for part in parts)


def _check_path(argument: str) -> Path:
    path = Path(argument).expanduser().resolve()
    if not path.exists():
        raise PlanError(f"There is no file or folder {argument!r}.")
    if path.is_dir() and not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise PlanError(f"The folder {argument!r} has no pyproject.toml: it cannot be built.")
    return path


def _add(
    staged: Staged, source: Path | Requirement, extras: frozenset[str], pip: Pip, *, upgrade: bool
) -> None:
    """Install what pip would into the folder: the distribution, and what it needs and is not installed."""
    if isinstance(source, Path):
        wheel = source if source.suffix == ".whl" else pip.build(_copy(source, pip.folder))
        name, text = _name_in(wheel), f"{wheel}[{','.join(sorted(extras))}]" if extras else str(wheel)
    else:
        name, text = str(canonicalize_name(source.name)), str(source)
        if source.marker is not None and not source.marker.evaluate():
            staged.excluded = f"{source.marker} does not apply to this Python"
    staged.target = Target(name, extras)
    specifiers: dict[str, str] = {}
    unresolved = None
    try:
        specifiers = dict(map(_specifier_of, pip.resolve(text, upgrade=upgrade)))
    except PipError as error:
        unresolved = error
    if unresolved is not None or isinstance(source, Path):
        specifiers[name] = text
    if specifiers:
        pip.install(staged.site, *specifiers.values())
    if unresolved is not None:  # by itself it can be installed
        message = f"What it depends on cannot be installed: {unresolved}"
        staged.problems.append(Problem("error", "dependency", message, "Install or exclude that first."))


def _name_in(wheel: Path) -> str:
    try:
        return str(parse_wheel_filename(wheel.name)[0])
    except InvalidWheelFilename as error:
        raise PipError(str(error)) from error


def _specifier_of(item: dict[str, Any]) -> tuple[str, str]:
    """Return the name of a distribution in a report of pip, and what installs it."""
    name, version = canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"]
    return str(name), item["download_info"]["url"] if item.get("is_direct") else f"{name}=={version}"


def _copy(source: Path, folder: Path) -> Path:
    """Return a copy of a project, as its build may write beside the source; an archive needs none."""
    if source.is_file():
        return source
    return shutil.copytree(source, folder / "source" / source.name, symlinks=True, ignore=_ignored)


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Return the names in a folder that are not copied: caches, and virtual environments."""
    environments = {name for name in names if Path(folder, name, "pyvenv.cfg").is_file()}
    return environments | {name for name in names if name in _NOT_COPIED}
