"""The folders that belong to an application or a blueprint: its root, its static files, its instance
folder.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cocopot.helpers import send_from_directory

if TYPE_CHECKING:
    from cocopot.config import Config
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
    return _parent(file) if file else str(Path.cwd())


def instance_path_of(import_name: str, root_path: str) -> str:
    """Return the folder for what belongs to one installation: `instance` beside the module or package.

    An installed package has it under `var/NAME-instance` of its environment instead.
    """
    name = import_name.partition(".")[0]
    file = getattr(sys.modules.get(import_name), "__file__", None)
    folders = list(getattr(sys.modules.get(name), "__path__", ()))
    if folders:  # of a namespace package, the one that the application is in
        beside = Path(_parent(next(filter(Path(root_path).is_relative_to, folders), folders[0])))
    else:
        beside = Path(_parent(file) if file else root_path)
    if beside.name in {"site-packages", "dist-packages"} and beside.is_relative_to(sys.prefix):
        return str(Path(sys.prefix, "var", f"{name}-instance"))
    return str(beside / "instance")


def _parent(path: str) -> str:
    return str(Path(os.path.abspath(path)).parent)  # noqa: PTH100 - keeps symbolic links


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
        self.static_folder = static_folder
        self.static_url_path = static_url_path

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
        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(self.static_folder, filename, max_age=max_age)

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


class AppFolders(Folders):
    """What only an application has: an instance folder, and a configuration that says how long files keep.

    Args:
        import_name: As for `Folders`.
        static_folder: As for `Folders`.
        static_url_path: As for `Folders`.
        root_path: As for `Folders`.
        instance_path: Absolute path of the instance folder; by default found beside the module.

    Raises:
        ValueError: If `instance_path` is relative.
    """

    config: Config

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None,
        static_url_path: str | None,
        root_path: str | None,
        instance_path: str | None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, root_path)
        if instance_path is not None and not Path(instance_path).is_absolute():
            raise ValueError(f"instance_path must be absolute, not {instance_path!r}.")
        #: Folder for what belongs to one installation.
        self.instance_path = instance_path or instance_path_of(import_name, self.root_path)

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002 - for subclasses
        """Return for how many seconds a file may be cached: SEND_FILE_MAX_AGE_DEFAULT.

        Args:
            filename: Name of the file.
        """
        value: int | timedelta | None = self.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> IO[Any]:
        """Open a file of the instance folder.

        Args:
            resource: Path relative to the instance folder.
            mode: As for `open`.
            encoding: Of a text file.
        """
        path = Path(self.instance_path, resource)
        return path.open(mode) if "b" in mode else path.open(mode, encoding=encoding)
