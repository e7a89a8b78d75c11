"""Modules that Python would import as part of a distribution, and that its record does not name."""

from __future__ import annotations

import os
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importlib_metadata._meta import IDistribution


def unrecorded_modules(distribution: IDistribution, recorded: Mapping[str, Path]) -> dict[str, Path]:
    """Return the modules in the packages of a distribution that no distribution has recorded.

    They have been put there by hand, or by a program that runs after the installation: a module beside the
    others, a package or an extension module that has precedence over a module, an `__init__.py` of a
    namespace package.

    Args:
        distribution: The distribution.
        recorded: The files that its record names, by their path in it.

    Returns:
        Their files, by the path that they would have in the record.
    """
    base = Path(os.path.normpath(str(distribution.locate_file(""))))
    own = {_normal(file) for path, file in recorded.items() if ".." not in Path(path).parts}
    found = {file for file in _importable(base, own) if file not in own}
    return {Path(file).relative_to(base).as_posix(): Path(file) for file in found - _of_others(found)}


def _importable(base: Path, own: Iterable[str]) -> Iterator[str]:
    """Yield the modules in the packages of some files, and those that have precedence over one of them."""
    modules = [Path(file) for file in own if _is_module(file)]
    packages = {module.parent for module in modules if _stem(module) == "__init__"}
    for package in packages:
        if packages.isdisjoint(package.parents):
            yield from _modules_below(package)
    for module in modules:
        if packages.isdisjoint(module.parents):
            yield from _beside(module)
    namespaces = {folder for module in modules for folder in module.parents if base in folder.parents}
    for folder in namespaces - packages:
        yield from (str(file) for file in folder.glob("__init__.*") if _is_module(str(file)))


def _modules_below(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        if os.path.basename(parent) != "__pycache__":  # noqa: PTH119 - for each folder of each plugin
            yield from (os.path.join(parent, name) for name in names if _is_module(name))  # noqa: PTH118


def _beside(module: Path) -> Iterator[str]:
    """Yield the modules of the same name, and those of the package of that name."""
    stem = _stem(module)
    for file in module.parent.glob(f"{stem}.*"):
        if file.is_file() and _is_module(file.name):
            yield str(file)
    if any(_is_module(file.name) for file in (module.parent / stem).glob("__init__.*")):
        yield from _modules_below(module.parent / stem)


def _of_others(files: set[str]) -> set[str]:
    """Return which files are recorded by any distribution; without files, no record is read."""
    ends = ["/".join(Path(file).parts[-2:]) for file in files]
    found: set[str] = set()
    import importlib_metadata  # by an application with a lock, and no other

    for distribution in importlib_metadata.distributions() if files else ():
        record = distribution.read_text("RECORD") or ""
        if any(end in record for end in ends):  # to parse a record takes a hundred times as long
            found |= {_normal(file.locate()) for file in distribution.files or ()} & files
    return found


_SUFFIXES = tuple(all_suffixes())


def _is_module(path: str) -> bool:
    return path.endswith(_SUFFIXES)


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _normal(path: object) -> str:
    return os.path.normpath(str(path))
