"""The distribution to check: an installed one, that of a plugin, a wheel, or a project in a folder."""

from __future__ import annotations

import difflib
import importlib.util
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import importlib_metadata

from cocopot import PluginError
from cocopot.testing import find_installed_plugins, plugin_entry_points
from cocopot_devtools.checks.projects import ProjectError, find_module, stage_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importlib_metadata import EntryPoint
    from importlib_metadata._meta import IDistribution


class TargetError(Exception):
    """No distribution to check was found under a name."""


@dataclass(frozen=True, slots=True)
class Target:
    """A distribution that is to be checked.

    Args:
        distribution: Its metadata.
        path: Entries to insert at the front of `sys.path` to import it; empty if it is installed.
        root: The folder that the places of findings are relative to; `None` for the working directory.
        plugin: The only plugin of it that is to be checked; empty for all.
    """

    distribution: IDistribution
    path: tuple[str, ...] = ()
    root: Path | None = None
    plugin: str = ""

    @property
    def name(self) -> str:
        """Name of the distribution."""
        return str(self.distribution.name)

    @property
    def version(self) -> str:
        """Version of the distribution."""
        return str(self.distribution.version)

    @property
    def entry_points(self) -> list[EntryPoint]:
        """The entry points of the plugins that are to be checked."""
        points = plugin_entry_points(self.distribution)
        return [point for point in points if self.plugin in {"", point.name}]

    def sources(self) -> list[Path]:
        """Return the Python files of the distribution."""
        files = {path for point in self.entry_points for path in self._files_of(_module(point))}
        found = (
            Path(str(file.locate())) for file in self.distribution.files or () if str(file).endswith(".py")
        )
        return sorted(files | {path.resolve() for path in found if path.is_file()})

    def packages(self) -> list[Path]:
        """Return the folders of the packages that the entry points name, and the files of single modules."""
        found = {self._top(_module(point)) for point in self.entry_points}
        return sorted(path for path in found if path is not None)

    def _files_of(self, module: str) -> Iterator[Path]:
        top = self._top(module)
        if top is not None:
            paths = top.rglob("*.py") if top.is_dir() else [top]
            yield from (path.resolve() for path in paths if path.is_file())

    def _top(self, module: str) -> Path | None:
        """Return the outermost package of a module that is not a namespace, without importing it."""
        name, _, rest = module.partition(".")
        spec = PathFinder.find_spec(name, list(self.path)) if self.path else _installed_spec(name)
        if spec is None:
            return None
        if not spec.submodule_search_locations:
            return Path(spec.origin) if spec.origin else None
        if spec.origin is not None:
            return Path(spec.origin).parent
        for location in spec.submodule_search_locations:
            found = find_module(Path(location), rest)
            if found is not None:
                return found
        return None

    def place(self, file: str) -> str:
        """Return a file's path for messages: relative to the project or the working directory, if inside."""
        path = Path(file).resolve()
        for root in (self.root, Path.cwd()) if file else ():
            if root is not None and path.is_relative_to(root.resolve()):
                return path.relative_to(root.resolve()).as_posix()
        return file


def _module(point: EntryPoint) -> str:
    """Return the module of an entry point; its own attribute raises if the value cannot be read."""
    return str(point.value).partition(":")[0].strip()


def _installed_spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a module that is half loaded has no specification
        return None


@contextmanager
def open_target(argument: str) -> Iterator[Target]:
    """Find the distribution that an argument names.

    Args:
        argument: The name of an installed distribution or plugin, or a path of a wheel or a project's folder.

    Raises:
        TargetError: If there is nothing of that name; the message lists what was tried.
    """
    target = _installed_target(argument)
    if target is not None:
        yield _readable(target)
        return
    path = Path(argument).expanduser()
    if not path.exists():
        raise TargetError(_not_found(argument))
    with tempfile.TemporaryDirectory(prefix="cocopot-check-") as name:
        folder = Path(name).resolve()
        found = _wheel_target(path, folder) if path.is_file() else _project_target(path.resolve(), folder)
        yield _readable(found)


def _readable(target: Target) -> Target:
    """Return a target whose metadata can be read."""
    try:
        if target.distribution.name and target.distribution.version:
            plugin_entry_points(target.distribution)
            return target
        problem = "it lacks the name or the version"
    except PluginError as error:
        raise TargetError(str(error)) from error
    except Exception as error:  # noqa: BLE001 - whatever the reader of metadata raises
        problem = str(error)
    where = getattr(target.distribution, "_path", "an unknown place")
    raise TargetError(f"The metadata in {where} cannot be read: {problem}. Build or install it again.")


def _installed_target(argument: str) -> Target | None:
    if "/" in argument or "\\" in argument or argument in {"", ".", ".."} or argument.endswith(".whl"):
        return None
    try:
        return Target(importlib_metadata.distribution(argument))
    except (importlib_metadata.PackageNotFoundError, ValueError):
        pass
    named = [candidate for candidate in find_installed_plugins() if candidate.name == argument]
    if len({candidate.distribution for candidate in named}) > 1:
        names = " and ".join(sorted({candidate.distribution for candidate in named}))
        raise TargetError(f"{names} both have a plugin named {argument!r}. Give the name of one of them.")
    for candidate in named:
        if candidate.entry_point is not None and candidate.entry_point.dist is not None:
            return Target(candidate.entry_point.dist, plugin=argument)
    return None


def _wheel_target(path: Path, folder: Path) -> Target:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    except (zipfile.BadZipFile, OSError) as error:
        raise TargetError(
            f"{path} is not a wheel: {error}. Give a .whl file, a folder with a pyproject.toml, "
            "or the name of an installed distribution."
        ) from error
    found = list(importlib_metadata.distributions(path=[str(folder)]))
    if len(found) != 1:
        raise TargetError(
            f"{path} is not a wheel: it has {len(found)} folders .dist-info, and a wheel has one."
        )
    parts = [folder, *folder.glob("*.data/purelib"), *folder.glob("*.data/platlib")]
    return Target(found[0], tuple(map(str, parts)), folder)


def _project_target(path: Path, folder: Path) -> Target:
    try:
        source = stage_project(path, folder)
    except (ProjectError, OSError) as error:
        raise TargetError(str(error)) from error
    (distribution,) = importlib_metadata.distributions(path=[str(folder)])
    return Target(distribution, (str(folder), str(source)), path)


def _not_found(argument: str) -> str:
    names = sorted(
        {name for candidate in find_installed_plugins() for name in (candidate.name, candidate.distribution)}
    )
    close = difflib.get_close_matches(argument, names, n=3)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return (
        f"There is nothing to check under {argument!r}: no installed distribution, no plugin and no file "
        f"has that name.{hint} Plugins and distributions that are installed: {', '.join(names) or 'none'}."
    )
