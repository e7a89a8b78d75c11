"""Lookup of the folders of a module: the root path and the instance path of an application."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def find_root_path(import_name: str) -> str:
    """Return the folder that contains a module or package, or the working directory if it has no file.

    Args:
        import_name: Name of the module or package.

    Raises:
        RuntimeError: If the package is spread over several folders.
    """
    module = sys.modules.get(import_name)
    file = getattr(module, "__file__", None)
    if file is None and import_name and import_name != "__main__":
        try:
            spec = importlib.util.find_spec(import_name)
        except (ImportError, ValueError):
            spec = None
        file = spec.origin if spec is not None else None
        if spec is not None and file is None:
            raise RuntimeError(
                f"The root path of {import_name!r} cannot be determined: it is a namespace package. "
                "Pass root_path=."
            )
    return _parent(file) if file else str(Path.cwd())


def find_instance_path(import_name: str, root_path: str) -> str:
    """Return the folder for the files of one installation: `instance` beside the module or package.

    For an installed package it is `var/NAME-instance` of its environment instead.

    Args:
        import_name: Name of the module or package.
        root_path: The root path of the application.
    """
    name = import_name.partition(".")[0]
    file = getattr(sys.modules.get(import_name), "__file__", None)
    folders = list(getattr(sys.modules.get(name), "__path__", ()))
    if folders:  # of a namespace package, the one that contains the application
        beside = Path(_parent(next(filter(Path(root_path).is_relative_to, folders), folders[0])))
    else:
        beside = Path(_parent(file) if file else root_path)
    if beside.name in {"site-packages", "dist-packages"} and beside.is_relative_to(sys.prefix):
        return str(Path(sys.prefix, "var", f"{name}-instance"))
    return str(beside / "instance")


def _parent(path: str) -> str:
    return str(Path(os.path.abspath(path)).parent)  # noqa: PTH100 - keeps symbolic links
