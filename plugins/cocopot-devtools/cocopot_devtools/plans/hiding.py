"""Hide installed distributions from a process, as if they had been uninstalled."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from importlib_metadata._meta import IDistribution

_SOURCES = {".py", ".so", ".pyd"}


def modules_of(distribution: IDistribution) -> list[str]:
    """Return the outermost modules that only this distribution provides, such as `"cocopot_cors"`.

    Of an editable installation, which has no list of its modules, those are returned that its entry points
    and `top_level.txt` name.

    Args:
        distribution: An installed distribution.
    """
    names = {_module_of(PurePosixPath(file)) for file in _files_of(distribution)} - {""}
    if _is_editable(distribution):
        points = {str(point.value).partition(":")[0].strip() for point in distribution.entry_points}
        tops = (distribution.read_text("top_level.txt") or "").split()
        names |= {_outermost(name) for name in {*points, *tops} if name}
    return sorted(name for name in names if not _has_parent_in(name, names))


def _module_of(file: PurePosixPath) -> str:
    """Return the module of a file; empty if it is not one, or is not installed beside the metadata."""
    if file.suffix not in _SOURCES or ".." in file.parts or file.is_absolute():
        return ""
    stem = file.name.partition(".")[0]
    parts = file.parts[:-1] if stem == "__init__" else (*file.parts[:-1], stem)
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def _files_of(distribution: IDistribution) -> list[str]:
    """Return the recorded files of a distribution; none if the record is invalid."""
    try:
        return [str(file) for file in distribution.files or ()]
    except (ValueError, TypeError):  # as importlib.metadata raises it
        return []


def _is_editable(distribution: IDistribution) -> bool:
    with suppress(Exception):  # whatever is in that file
        found = json.loads(distribution.read_text("direct_url.json") or "{}")
        return bool(found.get("dir_info", {}).get("editable"))
    return False


def _outermost(module: str) -> str:
    """Return the outermost package of a module that is not a namespace."""
    top = module.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return top
    return module if spec is not None and spec.origin is None else top


def _has_parent_in(name: str, names: Iterable[str]) -> bool:
    return any(name.startswith(f"{other}.") for other in names)


# -------------------------------------------------------------------------
# In the process
# -------------------------------------------------------------------------


def hide(names: Sequence[str], modules: Sequence[str], folder: str) -> None:
    """Hide distributions and their modules from this process, except what is in a folder.

    Args:
        names: Names of the distributions.
        modules: Their modules.
        folder: The folder of those that replace them.
    """
    import importlib_metadata  # noqa: F401 - it adds its finder; not before `sys.path` is complete

    hidden = _Hidden({_normalized(name) for name in names}, modules, folder)
    replaced = _Replacements(hidden)
    sys.meta_path[:] = [replaced, *(_WithoutHidden(finder, hidden) for finder in sys.meta_path)]


def _normalized(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


@dataclass(frozen=True, slots=True)
class _Hidden:
    """What is hidden.

    Args:
        names: Normalized names of distributions.
        modules: Modules; those inside of them are meant, too.
        folder: The folder whose distributions and modules are not hidden.
    """

    names: Collection[str]
    modules: Sequence[str]
    folder: str

    def has_module(self, name: str) -> bool:
        return name in self.modules or _has_parent_in(name, self.modules)

    def has_distribution(self, distribution: IDistribution) -> bool:
        if self.is_in_folder(str(distribution.locate_file(""))):
            return False
        try:
            return _normalized(str(distribution.name)) in self.names
        except Exception:  # noqa: BLE001 - whatever the reader of metadata raises
            return False

    def is_in_folder(self, path: str) -> bool:
        return bool(self.folder) and path.startswith(self.folder)


class _Replacements:
    """Finds hidden modules in the folder of what replaces them."""

    def __init__(self, hidden: _Hidden) -> None:
        self._hidden = hidden

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self._hidden.has_module(name):
            return None
        places = [self._hidden.folder] if path is None else list(filter(self._hidden.is_in_folder, path))
        return PathFinder.find_spec(name, places, target)


class _WithoutHidden:
    """A finder of `sys.meta_path` that does not find what is hidden."""

    def __init__(self, finder: Any, hidden: _Hidden) -> None:
        self._finder = finder
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._finder, name)
        return self._find_distributions if name == "find_distributions" else found

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found: ModuleSpec | None = None
        if not self._hidden.has_module(name):
            found = self._finder.find_spec(name, path, target)
        return found

    def _find_distributions(self, *args: Any, **kwargs: Any) -> Iterator[IDistribution]:
        found = self._finder.find_distributions(*args, **kwargs)
        return (each for each in found if not self._hidden.has_distribution(each))
