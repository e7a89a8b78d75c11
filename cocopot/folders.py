"""The folders that belong to an application or a blueprint: its root, its static files, its instance
folder.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cocopot.helpers import send_from_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.response import Response


def root_path_of(import_name: str) -> str:
    """Return the folder that holds a module or package, or the working directory if there is no such file.

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
                f"The root path of {import_name!r} cannot be told: it is a namespace package. "
                "Pass root_path=."
            )
    return str(Path(file).resolve().parent) if file else str(Path.cwd())


def instance_path_of(import_name: str, root_path: str) -> str:
    """Return the folder for what belongs to one installation: `instance` beside the module or package.

    An installed package has it under `var/NAME-instance` of its environment instead.
    """
    name = import_name.partition(".")[0]
    root = Path(root_path)
    package = root
    if hasattr(sys.modules.get(name), "__path__"):
        for _ in range(import_name.count(".") + (0 if _is_module(import_name) else 1)):
            package = package.parent
    prefix = Path(sys.prefix).resolve()
    if package.name in {"site-packages", "dist-packages"} and package.is_relative_to(prefix):
        return str(prefix / "var" / f"{name}-instance")
    return str(package / "instance")


def _is_module(import_name: str) -> bool:
    return not hasattr(sys.modules.get(import_name), "__path__")


class Folders:
    """What application and blueprint have in common about files.

    Args:
        import_name: Name of the module or package.
        static_folder: Folder with static files, relative to the root path, or `None`.
        static_url_path: URL path under which they are served; by default made of the folder's name.
        root_path: Folder that other paths are relative to; by default that of the module.
    """

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        root_path: str | None = None,
    ) -> None:
        #: Name of the module or package.
        self.import_name = import_name
        #: Folder that other paths are relative to.
        self.root_path = root_path_of(import_name) if root_path is None else root_path
        self._static_folder = os.fspath(static_folder) if static_folder is not None else None
        self._static_url_path = static_url_path

    @property
    def static_folder(self) -> str | None:
        """Path of the folder with static files, or `None`."""
        if self._static_folder is None:
            return None
        return os.path.join(self.root_path, self._static_folder)  # noqa: PTH118 - keeps an absolute one

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = os.fspath(value).rstrip("/\\") if value is not None else None

    @property
    def has_static_folder(self) -> bool:
        """Whether there is a folder with static files."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """URL path under which static files are served, or `None`."""
        if self._static_url_path is not None:
            return self._static_url_path
        if self.static_folder is None:
            return None
        return f"/{Path(self.static_folder).name}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = value.rstrip("/") if value is not None else None

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds a file may be cached; `None` makes clients ask each time.

        Args:
            filename: Name of the file; a subclass may decide by it.
        """
        raise NotImplementedError

    def send_static_file(self, filename: str) -> Response:
        """Answer with a file of the static folder.

        Args:
            filename: Path below the folder.

        Raises:
            RuntimeError: If there is no static folder.
            NotFound: If there is no such file.
        """
        if self.static_folder is None:
            raise RuntimeError("send_static_file needs a static_folder.")
        return send_from_directory(self.static_folder, filename, max_age=self._max_age())

    def _max_age(self) -> Callable[[str | None], int | None]:
        return self.get_send_file_max_age

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = None
    ) -> IO[str] | IO[bytes]:
        """Open a file below the root path, for reading.

        Args:
            resource: Path relative to the root path.
            mode: `"r"`, `"rt"` or `"rb"`.
            encoding: Of a text file; UTF-8 by default.

        Raises:
            ValueError: If the file is to be written.
        """
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"Resources can only be opened for reading, not with mode {mode!r}.")
        path = Path(self.root_path, resource)
        return path.open(mode) if mode == "rb" else path.open(mode, encoding=encoding or "utf-8")
