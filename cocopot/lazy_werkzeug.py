"""Importing this module postpones the code of the package `werkzeug` itself until one of its names is read.

That code imports Werkzeug's server and test client, with `http.server`, `ssl` and others, for the names
`werkzeug.run_simple` and `werkzeug.Client`: a sixth of the time of `import cocopot`. The package's modules
are imported as always. If `werkzeug` has been imported before, nothing changes.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType

from cocopot.fork_safety import fork_safe

_LOCK = fork_safe(threading.RLock())


class PostponedPackage(ModuleType):
    """A package whose own code runs when a name is read that it does not have, and that is not a module."""

    def __getattr__(self, name: str) -> object:
        module = f"{self.__name__}.{name}"
        # `from werkzeug import http` reads the name before it imports the module.
        if module in sys.modules or find_spec(module) is not None:
            return import_module(module)
        with _LOCK:
            if type(self) is PostponedPackage:  # not yet in another thread
                self._run(name)
        return getattr(self, name)

    def _run(self, name: str) -> None:
        names, spec = vars(self), self.__spec__
        if "_is_running" in names or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        names["_is_running"] = True
        try:
            spec.loader.exec_module(self)
        finally:
            del names["_is_running"]
        self.__class__ = ModuleType  # type: ignore[assignment]  # as importlib.util.LazyLoader does


def postpone(name: str) -> None:
    """Have the code of a package run when one of its names is read; if it has been imported, do nothing.

    Args:
        name: The package.
    """
    if name not in sys.modules and (spec := find_spec(name)) is not None:
        package = module_from_spec(spec)
        package.__class__ = PostponedPackage
        sys.modules[name] = package


postpone("werkzeug")
