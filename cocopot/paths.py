"""Lookup of the folders of a module: the root path and the instance path of an application."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def find_root_path(import_name: str) -> str:
    """Return the folder that contains a module or package, or the working directory if it has no file.

    A folder without `__init__.py` has no part in it, unless it has been imported as a namespace package.

    Args:
        import_name: Name of the module or package.

    Raises:
        RuntimeError: If it is a namespace package in several folders.
    """
    file, folders = _locate(import_name)
    if file is not None:
        return _parent(file)
    if len(folders) > 1:
        raise RuntimeError(
            f"The root path of {import_name!r} cannot be determined: it is a namespace package in several "
            f"folders, {' and '.join(folders)}. Pass root_path=."
        )
    return os.path.abspath(folders[0]) if folders else str(Path.cwd())  # noqa: PTH100 - as in _parent()


def find_instance_path(import_name: str, root_path: str) -> str:
    """Return the folder for the files of one installation: `instance` beside the module or package.

    For an installed package it is `var/NAME-instance` of its environment instead.

    Args:
        import_name: Name of the module or package.
        root_path: The root path of the application.
    """
    name = import_name.partition(".")[0]
    file, folders = _locate(name)
    if import_name != name:
        file, _ = _locate(import_name)
    if folders:  # of a namespace package, the one that contains the application
        beside = Path(_parent(next(filter(Path(root_path).is_relative_to, folders), folders[0])))
    else:
        beside = Path(_parent(file) if file else root_path)
    if beside.name in {"site-packages", "dist-packages"} and beside.is_relative_to(sys.prefix):
        return str(Path(sys.prefix, "var", f"{name}-instance"))
    archive = next((path for path in (beside, *beside.parents) if path.is_file()), None)
    return str((beside if archive is None else archive.parent) / "instance")


def _locate(import_name: str) -> tuple[str | None, list[str]]:
    """Return the file of a module or package, if it has one, and the folders of a package."""
    module = sys.modules.get(import_name)
    if module is not None:
        return getattr(module, "__file__", None), [*getattr(module, "__path__", ())]
    try:
        spec = importlib.util.find_spec(import_name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.has_location:  # a name only, even if there is a folder of that name
        return None, []
    return spec.origin, [*(spec.submodule_search_locations or ())]


def _parent(path: str) -> str:
    return str(Path(os.path.abspath(path)).parent)  # noqa: PTH100 - keeps symbolic links
