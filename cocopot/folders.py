"""Folders of an application or a blueprint: root folder, static files, instance folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cocopot.helpers import send_from_directory
from cocopot.missing_names import ExplainsMissingNames
from cocopot.paths import find_root_path

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.response import Response


class Folders(ExplainsMissingNames):
    """Base class of application and blueprint: a root folder, and a folder of static files.

    Args:
        import_name: Name of the module or package.
        static_folder: Folder of static files, relative to the root path, or `None`.
        static_url_path: URL path of the static files; by default `/` and the folder's name.
        root_path: Folder that other paths are relative to; by default the module's.

    Raises:
        TypeError: If the import name is not a string.
    """

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        root_path: str | None = None,
    ) -> None:
        if not isinstance(import_name, str):
            raise TypeError(
                f"import_name is {import_name!r}; it must be the name of a module, such as __name__."
            )
        #: Name of the module or package.
        self.import_name = import_name
        #: Folder that other paths are relative to.
        self.root_path = find_root_path(import_name) if root_path is None else root_path
        self.static_folder = static_folder
        self.static_url_path = static_url_path

    @property
    def static_folder(self) -> str | None:
        """Path of the folder of static files, or `None`."""
        if self._static_folder is None:
            return None
        return os.path.join(self.root_path, self._static_folder)  # noqa: PTH118 - keeps an absolute path

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = os.fspath(value).rstrip("/\\") if value is not None else None

    @property
    def has_static_folder(self) -> bool:
        """Whether a folder of static files is configured."""
        return self._static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """URL path of the static files, or `None`."""
        if self._static_url_path is not None:
            return self._static_url_path
        if self.static_folder is None:
            return None
        return f"/{os.path.basename(self.static_folder)}".rstrip("/")  # noqa: PTH119 - "" for the root path

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = value.rstrip("/") if value is not None else None

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return how many seconds a file may be cached; with `None`, clients revalidate it each time.

        Args:
            filename: Name of the file; a subclass may depend on it.
        """
        raise NotImplementedError

    def send_static_file(self, filename: str) -> Response:
        """Return a response with a file of the static folder.

        Args:
            filename: Path relative to the folder.

        Raises:
            RuntimeError: If no static folder is configured.
            NotFound: If the file does not exist.
        """
        folder = self.static_folder
        if folder is None:
            raise RuntimeError("send_static_file needs a static_folder.")
        return send_from_directory(folder, filename, max_age=self.get_send_file_max_age(filename))

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = None
    ) -> IO[str] | IO[bytes]:
        """Open a file inside the root folder for reading.

        Args:
            resource: Path relative to the root path.
            mode: `"r"`, `"rt"` or `"rb"`.
            encoding: Of a text file; UTF-8 by default.

        Raises:
            ValueError: If the mode is another one.
        """
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"Resources can only be opened for reading, not with mode {mode!r}.")
        return open_in_folder(self.root_path, resource, mode, encoding or "utf-8")


def check_instance_path(instance_path: str | None) -> str | None:
    """Return the path of an application's instance folder as it is.

    Raises:
        ValueError: If it is relative.
    """
    if instance_path is not None and not Path(instance_path).is_absolute():
        raise ValueError(f"instance_path must be absolute, not {instance_path!r}.")
    return instance_path


def check_static_host(app: Cocopot, host_matching: bool) -> None:
    """Check that the static folder of an application has a host if hosts are matched, and only then.

    Raises:
        ValueError: If not.
    """
    if not app.has_static_folder or bool(app.static_host) == host_matching:
        return
    if host_matching:
        raise ValueError("With host_matching, pass static_host=, or static_folder=None.")
    raise ValueError(f"static_host={app.static_host!r} has an effect only with host_matching=True.")


def open_in_folder(folder: str, resource: str, mode: str, encoding: str | None) -> IO[Any]:
    """Open a file below a folder, in text mode with an encoding."""
    path = Path(folder, resource)
    return path.open(mode) if "b" in mode else path.open(mode, encoding=encoding)
