"""The lock of an application: which plugins it may load, in which version, and with which files."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import LOCK_VARIABLE
from cocopot.hooks.imports import editable_source
from cocopot.hooks.unrecorded import unrecorded_modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.machinery import ModuleSpec

    from importlib_metadata._meta import IDistribution

    from cocopot.hooks.candidates import Candidate

#: The format of the file.
_FORMAT = 1
#: What an installer writes, and what depends on where it is installed.
_WRITTEN = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
#: How many files an error names.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LockedPlugin:
    """A plugin in a lock.

    Args:
        distribution: Name of its distribution.
        version: Version of the distribution.
        entry_point: Value of its entry point.
        files: SHA-256 of each file of the distribution, in hexadecimal, by path.
    """

    distribution: str
    version: str
    entry_point: str
    files: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, candidate: Candidate) -> LockedPlugin:
        """Return what is installed now.

        Args:
            candidate: An installed plugin.

        Raises:
            PluginError: If the files of its distribution are not recorded, one cannot be read, or a module of
                the same name would be imported in its place.
        """
        distribution = None if candidate.entry_point is None else candidate.entry_point.dist
        try:
            shadow = "" if distribution is None else _shadow_of(distribution, candidate.top_module)
            files = {} if distribution is None else _hashes(distribution, candidate.top_module)
        except OSError as error:
            problem = f"has a file that cannot be read: {error}."
            raise candidate.error(problem, reason="lock", cure=_reinstall(candidate)) from error
        except (ValueError, TypeError) as error:  # as importlib.metadata raises it
            problem = f"cannot be locked: the record of its files is invalid: {error}."
            raise candidate.error(problem, reason="lock", cure=_reinstall(candidate)) from error
        if not files:
            problem = "cannot be locked: its distribution has no record of its files."
            raise candidate.error(problem, reason="lock", cure=_reinstall(candidate))
        if shadow:
            problem = f"would be imported from {shadow}, which is not a file of its distribution."
            cure = "Remove or rename that module, or remove its folder from PYTHONPATH."
            raise candidate.error(problem, reason="lock", cure=cure)
        return cls(candidate.distribution, candidate.version, candidate.value, files)

    def differences(self, now: LockedPlugin) -> Iterator[str]:
        """Yield what differs from what is installed now, each as a clause."""
        for attribute in ("distribution", "version", "entry_point"):
            locked, found = getattr(self, attribute), getattr(now, attribute)
            if locked != found:
                yield f"the {attribute.replace('_', ' ')} is {found}, not {locked}"
        for path in sorted(self.files.keys() | now.files.keys()):
            if path not in now.files:
                yield f"{path} is missing"
            elif path not in self.files:
                yield f"{path} is new"
            elif self.files[path] != now.files[path]:
                yield f"{path} has changed"


@dataclass(frozen=True, slots=True)
class Lock:
    """The plugins that an application may load.

    Args:
        path: Where it was read.
        plugins: The plugins, by name.
    """

    path: str
    plugins: Mapping[str, LockedPlugin]

    @classmethod
    def from_environment(cls) -> Lock | None:
        """Return the lock that `COCOPOT_PLUGIN_LOCK` names; `None` if it names none.

        Raises:
            PluginError: If it cannot be read.
        """
        path = os.environ.get(LOCK_VARIABLE, "").strip()
        return cls.read(path) if path else None

    @classmethod
    def read(cls, path: str) -> Lock:
        """Return the lock in a file.

        Args:
            path: Path of the file.

        Raises:
            PluginError: If there is no such file, or it is not a lock.
        """
        try:
            document = json.loads(Path(path).read_text("utf-8"), object_pairs_hook=_without_duplicates)
            plugins = {name: LockedPlugin(**plugin) for name, plugin in document["plugins"].items()}
            _check_document(document["format"], plugins.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            why = (
                error.strerror
                if isinstance(error, OSError)
                else f"it is not a lock: {type(error).__name__}: {error}"
            )
            raise PluginError(
                f"The lock of plugins {path!r} cannot be read: {why}.",
                cure=f"Write it with `cocopot plugins lock {path}`, or correct or unset {LOCK_VARIABLE}.",
                reason="lock",
            ) from error
        return cls(path, plugins)

    def write(self) -> None:
        """Write the lock into its file, with one line for each file of a distribution."""
        document = {
            "format": _FORMAT,
            "plugins": {name: asdict(self.plugins[name]) for name in sorted(self.plugins)},
        }
        Path(self.path).write_text(json.dumps(document, indent=2) + "\n", "utf-8")

    def check(self, candidate: Candidate) -> None:
        """Refuse an installed plugin that is not in the lock, or differs from it; nothing is imported.

        Args:
            candidate: The plugin; one that was passed as an object is part of the application.

        Raises:
            PluginError: If it is not as it was locked.
        """
        if candidate.entry_point is None:
            return
        locked = self.plugins.get(candidate.name)
        differences = list(locked.differences(LockedPlugin.of(candidate))) if locked else []
        if locked is not None and not differences:
            return
        problem = f"is not in the lock {self.path}." if locked is None else self._describe(differences)
        reinstall = f"Install {locked.distribution}=={locked.version} again. " if locked else ""
        raise candidate.error(
            problem,
            reason="lock",
            cure=f"{reinstall}If the change is intended, review it, and run "
            f"`cocopot plugins lock {self.path}`.",
        )

    def _describe(self, differences: Iterable[str]) -> str:
        differences = list(differences)
        more = len(differences) - _SHOWN
        rest = [f"and {more} more differences"] if more > 0 else []
        return f"differs from the lock {self.path}: {'; '.join([*differences[:_SHOWN], *rest])}."


def _check_document(version: object, plugins: Iterable[LockedPlugin]) -> None:
    """Raise a `ValueError` for another format, and for values that are not texts."""
    if version != _FORMAT:
        raise ValueError(f"its format is {version!r}, not {_FORMAT}")
    for plugin in plugins:
        texts = (plugin.distribution, plugin.version, plugin.entry_point, *dict(plugin.files).values())
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"not all values of {plugin!r} are texts")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON; a name that occurs twice, as after a wrong merge, raises a `ValueError`."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} occurs twice")
        found[name] = value
    return found


def _reinstall(candidate: Candidate) -> str:
    return f"Reinstall {candidate.distribution}."


def _hashes(distribution: IDistribution, top_module: str) -> dict[str, str]:
    """Return the hash of each file of a distribution, by path; in editable mode those of its package.

    Modules in its packages that no record names are among them, because they would be imported.
    """
    paths = {str(file): Path(str(file.locate())) for file in distribution.files or ()}
    if editable_source(distribution):
        paths = {path: file for path, file in paths.items() if file.suffix != ".pth"}
        paths.update(_package_files(top_module))
    elif paths:
        paths.update(unrecorded_modules(distribution, paths))
    return {path: _hash(file) for path, file in sorted(paths.items()) if _is_locked(path) and file.is_file()}


def _is_locked(path: str) -> bool:
    """Whether a file is part of what was published, and not made by the installer or the interpreter."""
    pure = PurePath(path)
    is_cache = pure.suffix == ".pyc" and pure.parent.name == "__pycache__"
    return pure.name not in _WRITTEN and not is_cache and ".." not in pure.parts


def _shadow_of(distribution: IDistribution, name: str) -> str:
    """Return the file of a module that is imported in place of a distribution's own; empty if none is."""
    recorded = [file for file in distribution.files or () if _top_name(str(file)) == name]
    spec = _find_spec(name) if recorded else None
    if spec is None or spec.origin is None or spec.origin in {"built-in", "frozen"}:
        return ""
    if Path(spec.origin).is_relative_to(str(distribution.locate_file(""))):
        return ""  # its own, or one of those that `unrecorded_modules` returns
    own = {Path(str(file.locate())).resolve() for file in recorded}
    return "" if Path(spec.origin).resolve() in own else spec.origin


def _top_name(path: str) -> str:
    return path.partition("/")[0].partition(".")[0]


def _find_spec(name: str) -> ModuleSpec | None:
    with suppress(ValueError):  # it is imported, and has no specification
        return find_spec(name)
    return None


def _package_files(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the files of a package or module, each with its path from the folder that contains it."""
    spec = _find_spec(name)
    if spec is None or spec.origin is None:
        return
    origin = Path(spec.origin)
    if spec.submodule_search_locations is None:
        yield origin.name, origin
        return
    for file in origin.parent.rglob("*"):
        if file.is_file():
            yield file.relative_to(origin.parent.parent).as_posix(), file


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
