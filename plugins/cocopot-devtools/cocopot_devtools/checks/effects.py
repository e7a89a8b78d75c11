"""Side effects of importing a plugin: changes of other modules, and of the state of the process."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import locale
import logging
import mimetypes
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import types
import warnings
import weakref
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Modules that are imported before the plugin, so that changes of them are detected.
WATCHED = (
    "cocopot.testing",
    "concurrent.futures",
    "http.client",
    "json",
    "multiprocessing.util",
    "random",
    "select",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
    "werkzeug.debug",
    "werkzeug.formparser",
    "werkzeug.serving",
    "werkzeug.test",
)
_MAIN = frozenset({"__main__", "__mp_main__"})
_MISSING = object()
#: Types whose values are compared by equality, not by identity.
_PLAIN = (str, int, float, tuple, type(None))


@dataclass(frozen=True, slots=True)
class SideEffect:
    """A change outside of the plugin.

    Args:
        what: Its name, such as `"socket.socket.connect"`.
        value: Its new value; `None` if it was removed, or is not an object of a module.
    """

    what: str
    value: object = None

    def __str__(self) -> str:
        name = getattr(self.value, "__qualname__", None)
        module = getattr(self.value, "__module__", None)
        return f"{self.what}, which now is {module}.{name}" if name and module else self.what


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The attributes of modules and their classes, and the state of the process.

    Args:
        owners: By dotted name, a module or class with its attributes.
        state: By what it is, the parts of the process's state.
    """

    owners: Mapping[str, tuple[object, Mapping[str, object]]]
    state: Mapping[str, Mapping[str, object]]

    @classmethod
    def take(cls, ignore: str = "") -> Snapshot:
        """Return a snapshot of the current state.

        Args:
            ignore: A package that may change itself.
        """
        owners: dict[str, tuple[object, Mapping[str, object]]] = {}
        for name, module in list(sys.modules.items()):
            if name in _MAIN or (ignore and name.partition(".")[0] == ignore):
                continue
            attributes = dict(getattr(module, "__dict__", {}))  # sys.modules may contain anything
            owners[name] = (module, attributes)
            for attribute, value in attributes.items():
                if isinstance(value, type) and value.__module__ == name:
                    owners[f"{name}.{attribute}"] = (value, dict(vars(value)))
        return cls(owners, _state())

    def effects(self) -> list[SideEffect]:
        """Return what has changed since the snapshot was taken."""
        changed = [
            SideEffect(f"{name}.{attribute}", None if new is _MISSING else new)
            for name, (owner, before) in self.owners.items()
            for attribute, old, new in _changes(before, getattr(owner, "__dict__", {}))
            if _counts(name, attribute, old, new)
        ]
        for what, now in _state().items():
            keys = {key: new is _MISSING for key, _, new in _changes(self.state[what], now)}
            if keys:
                names = [key for key, gone in keys.items() if not gone] or [f"without {key}" for key in keys]
                changed.append(SideEffect(f"{what} ({', '.join(sorted(names))})"))
        return changed


def watch() -> None:
    """Import the modules that are watched, and run what they do once, at their first use."""
    for name in WATCHED:
        importlib.import_module(name)
    with contextlib.suppress(ImportError):
        importlib.import_module("typing_extensions")  # a backport, which patches the module typing
    mimetypes.init()
    tempfile.gettempdir()
    weakref.finalize(Snapshot, int).detach()  # the first one of a process registers an exit handler


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[tuple[str, Any, Any]]:
    for key in {**before, **after}:
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if old is not new and not (type(old) is type(new) and isinstance(old, _PLAIN) and old == new):
            yield key, old, new


def _counts(owner: str, attribute: str, old: object, new: object) -> bool:
    """Return whether a change is a side effect: not a module's own cache, nor a lazy import of a package."""
    if isinstance(new, ModuleType) or isinstance(old, ModuleType) or _is_lazy(old):
        return False
    if old is _MISSING and callable(new):
        home = getattr(new, "__module__", None) or ""
        return home.partition(".")[0] != owner.partition(".")[0]
    return callable(old) or callable(new) or not attribute.startswith("_")


def _is_lazy(value: object) -> bool:
    """Return whether a value is a lazy import (PEP 810, or its emulation)."""
    kind = type(value)
    return kind is getattr(types, "LazyImportType", None) or kind.__module__.startswith("lazy_importer")


def _state() -> dict[str, Mapping[str, object]]:
    return {
        "os.environ": dict(os.environ),
        "the working directory": {os.getcwd(): True},  # noqa: PTH109 - compared as a string
        "sys.path": dict.fromkeys(map(repr, sys.path), True),
        "sys.meta_path": dict.fromkeys(map(repr, sys.meta_path), True),
        "warnings.filters": dict.fromkeys(map(repr, warnings.filters), True),
        "logging": _loggers(),
        "signal handlers": {
            signal.Signals(number).name: signal.getsignal(number)
            for number in signal.valid_signals()
            if number in set(signal.Signals)
        },
        "threads": {thread.name: True for thread in threading.enumerate()},
        "the locale": {locale.setlocale(locale.LC_ALL): True},
        "the random seed": {"random.seed": hash(random.getstate())},
        "the default timeout of sockets": {"socket.setdefaulttimeout": socket.getdefaulttimeout()},
        "the recursion limit": {"sys.setrecursionlimit": sys.getrecursionlimit()},
        "the switch interval": {"sys.setswitchinterval": sys.getswitchinterval()},
        "the garbage collector": {"gc.disable": gc.isenabled(), "gc.set_threshold": gc.get_threshold()},
        "exit handlers": {"atexit.register": atexit._ncallbacks()},  # noqa: SLF001 - nothing public counts them
    }


def _loggers() -> dict[str, object]:
    """Return level, switches and handlers of each logger that others use."""
    manager = logging.root.manager
    found = {"the root logger": logging.root, **manager.loggerDict}
    return {
        "logging.disable": manager.disable,
        **{
            name: (logger.level, logger.disabled, logger.propagate, *map(repr, logger.handlers))
            for name, logger in found.items()
            if isinstance(logger, logging.Logger)
            and (logger is logging.root or name.partition(".")[0] in {"cocopot", "werkzeug"})
        },
    }
