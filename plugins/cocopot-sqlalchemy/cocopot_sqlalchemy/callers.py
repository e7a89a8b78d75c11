"""Who sends a query: the plugin, and the place in the source."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

    from cocopot import Cocopot

#: The packages between a query and what sends it.
_BETWEEN: Final = frozenset({"sqlalchemy", "cocopot_sqlalchemy"})
#: The packages that call plugins and views, beyond which another one is responsible.
_CALLERS: Final = frozenset({"cocopot", "pluggy", "werkzeug"})


class Callers:
    """Finds the plugin that a frame belongs to.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self._app = app

    def find(self, frame: FrameType | None) -> tuple[str | None, str]:
        """Return the plugin that has sent a query, or `None` for the application, and the place.

        Args:
            frame: The frame of what is called by SQLAlchemy.
        """
        while frame is not None and _root(frame) in _BETWEEN:
            frame = frame.f_back
        if frame is None:
            return None, "unknown"
        code = frame.f_code
        place = f"{_short(code.co_filename)}:{frame.f_lineno} in {code.co_qualname}"
        packages, classes = self._owners()
        while frame is not None:
            root = _root(frame)
            # The compiled call of a hook has a module of its own; templates have none.
            if root in _CALLERS:
                break
            name = _class_of(frame, classes) or packages.get(root)
            if name is not None:
                return name, place
            frame = frame.f_back
        return None, place

    def _owners(self) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        """Return the plugins by their package, and those that are objects by module and class."""
        packages: dict[str, str] = {}
        classes: dict[tuple[str, str], str] = {}
        own = self._app.import_name.partition(".")[0]
        for record in self._app.plugins.records("plugin"):
            plugin = record.plugin
            is_module = isinstance(plugin, ModuleType)
            module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
            if not is_module:
                classes[module, type(plugin).__qualname__] = record.name
            root = module.partition(".")[0]
            if is_module or (record.distribution and root != own and root not in _BETWEEN):
                packages.setdefault(root, record.name)
        return packages, classes


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _class_of(frame: FrameType, classes: dict[tuple[str, str], str]) -> str | None:
    module, qualified = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
    return classes.get((module, qualified.rpartition(".")[0]))


def _short(path: str) -> str:
    """Return a path below the current folder relative to it."""
    folder = os.getcwd() + os.sep  # noqa: PTH109 - of a text
    return path.removeprefix(folder)
