"""Plugins that are installed or passed to an application, before they are registered."""

from __future__ import annotations

import functools
import logging
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING

from cocopot.exceptions import PluginError
from cocopot.hooks.declarations import parse_requirements
from cocopot.hooks.distributions import GROUP, name_of, read_entry_points, version_of
from cocopot.hooks.failures import collected_errors
from cocopot.hooks.imports import import_target, instantiate
from cocopot.hooks.names import (
    NAME_CURE,
    UNUSABLE,
    InvalidNameError,
    class_of,
    is_entry_point_name,
    read_name,
    unique_name,
)
from cocopot.locations import locate_error, message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from importlib_metadata import EntryPoint
    from importlib_metadata._meta import IDistribution

    from cocopot.exceptions import PluginErrorReason
    from cocopot.hooks.declarations import Attribute, Requirement
    from cocopot.locations import SourceLocation

#: Names of plugins that must not be loaded, in addition to the application's `disable`.
DISABLE_VARIABLE = "COCOPOT_DISABLE_PLUGINS"
#: `raise` or `warn`; replaces the application's `plugin_errors`.
ERRORS_VARIABLE = "COCOPOT_PLUGIN_ERRORS"
#: Path of the lock; a plugin that differs from it is not imported.
LOCK_VARIABLE = "COCOPOT_PLUGIN_LOCK"

#: `Py_TPFLAGS_HEAPTYPE`: a class statement has made the class.
_HEAP_TYPE = 1 << 9

#: What a plugin declares by default.
_NOTHING: tuple[Requirement, ...] = ()
#: The cure for a plugin that is registered twice.
TWIN_CURE = "Register it once. A class can be registered twice as two instances of it."

logger = logging.getLogger("cocopot.plugins")


class Candidate:
    """A plugin that is installed or was passed as an object, and has not been registered yet.

    Args:
        name: The name by which it is disabled, ordered and configured.
        value: The entry point's value, `"module"` or `"module:object"`; empty for an object that was passed.
        distribution: Name of the distribution; by default that of the entry point, read when it is needed.
        version: Version of the distribution; likewise.
        entry_point: What `load` resolves.
        explicit: The object, if one was passed.
        naming_error: What reading the name of that object raised.
    """

    def __init__(
        self,
        name: str,
        value: str = "",
        distribution: str | None = None,
        version: str | None = None,
        entry_point: EntryPoint | None = None,
        explicit: object = None,
        naming_error: Exception | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.entry_point = entry_point
        self.explicit = explicit
        self.naming_error = naming_error
        if distribution is not None:
            self.distribution = distribution
        if version is not None:
            self.version = version

    # Reading the metadata takes longer than importing a small plugin.
    @functools.cached_property
    def distribution(self) -> str:
        """Name of the distribution; empty for an object that was passed."""
        return self._read(name_of)

    @functools.cached_property
    def version(self) -> str:
        """Version of the distribution; empty for an object that was passed."""
        return self._read(version_of)

    def _read(self, function: Callable[[IDistribution], str]) -> str:
        distribution = None if self.entry_point is None else self.entry_point.dist
        return "" if distribution is None else function(distribution)

    @property
    def top_module(self) -> str:
        """Name of the top-level module of its entry point; empty for an object that was passed."""
        return self.value.partition(":")[0].partition(".")[0]

    def target(self) -> object:
        """Import the plugin, and return the module, class or object.

        Raises:
            PluginError: If its entry point is wrong, or a module is missing.
            Exception: Whatever the import raises.
        """
        return self.explicit if self.entry_point is None else import_target(self)

    def load(self) -> object:
        """Import the plugin; a class is instantiated.

        Raises:
            PluginError: It is a value such as `None` or a function, which cannot have hooks.
            Exception: Whatever the import, or the class, raises.
        """
        plugin = self.target()
        cls = class_of(plugin)
        plugin = instantiate(self, cls) if cls is plugin else plugin
        self.check_type(plugin)
        return plugin

    def check_type(self, plugin: object) -> None:
        """Reject a value that cannot have hooks.

        Raises:
            PluginError: If it is `None`, a number, a text, a function or the like, or a built-in class, or
                if its name cannot be read.
        """
        if isinstance(error := self.naming_error, InvalidNameError):
            raise self.error(str(error), reason="declaration", cure=NAME_CURE)
        if error is not None:
            text = f"failed to load: {type(error).__name__}: {message_of(error)}"
            raise self.error(text, reason="import", place=locate_error(error)) from error
        cls = class_of(plugin)
        is_builtin = cls.__module__ == "builtins" and not cls.__flags__ & _HEAP_TYPE
        if is_builtin and not isinstance(plugin, ModuleType):
            problem = f"is {plugin!r:.80}. It must be a module, a class, or an instance of a class."
            raise self.error(problem, reason="type")

    def declared(self, plugin: object, attribute: Attribute) -> tuple[Requirement, ...]:
        """Return the plugins that a plugin names.

        Args:
            plugin: The plugin, as `load` returns it.
            attribute: Where it names them.

        Raises:
            PluginError: If it is anything but a tuple or list of names, each with or without a version.
        """
        value: object = getattr(plugin, attribute, _NOTHING)
        if value is _NOTHING:
            return ()
        try:
            return parse_requirements(value)
        except ValueError as error:
            raise self.error(f"has {attribute} = {value!r}; {error}.", reason="declaration") from None

    def check_name(self) -> None:
        """Reject the name of an entry point that the variables which select plugins cannot contain.

        Raises:
            PluginError: If it is anything but letters, digits, '-', '_' and '.', or `all` or `none`.
        """
        if self.entry_point is not None and not is_entry_point_name(self.name):
            raise self.error(f"has a name that {UNUSABLE}.", reason="declaration", cure=NAME_CURE)

    def describe(self) -> str:
        """Return the plugin's name and where it comes from, for messages."""
        if not self.distribution:
            return f"plugin {self.name!r}"
        return f"plugin {self.name!r} ({self.distribution} {self.version}, {self.value})"

    @property
    def subject(self) -> str:
        """As `describe`, for the beginning of a sentence."""
        description = self.describe()
        return f"{description[0].upper()}{description[1:]}"

    def adopt(self, other: Candidate) -> None:
        """Take the name and the distribution of an installed plugin, in whose place this one is loaded."""
        self.name, self.value = other.name, other.value
        self.distribution, self.version = other.distribution, other.version

    def error(
        self,
        problem: str,
        *,
        reason: PluginErrorReason,
        hook: str | None = None,
        place: SourceLocation | None = None,
        cure: str = "",
    ) -> PluginError:
        """Return an error about the plugin, whose last cure is to disable it.

        Args:
            problem: What is wrong, as a predicate: `"requires 'session', which is not installed."`.
            reason: What kind of fault it is.
            hook: The hook that is concerned, if there is one.
            place: Where in the source the fault is, if it is known.
            cure: How to mend it, as a sentence.
        """
        without_it = self._without_it()
        cure = cure.removesuffix(without_it).rstrip()
        return PluginError(
            problem,
            subject=self.subject,
            plugin=self.name,
            distribution=self.distribution or None,
            version=self.version or None,
            entry_point=self.value or None,
            hook=hook,
            place=place,
            cure=f"{cure}\n{without_it}" if cure else without_it,
            reason=reason,
        )

    def _without_it(self) -> str:
        return f'To go on without it, pass disable={{"{self.name}"}} or set {DISABLE_VARIABLE}={self.name}.'

    def complete(self, error: PluginError, hook: str | None = None) -> None:
        """Set the fields that an error lacks which the plugin has raised itself; it raises nothing.

        Args:
            error: The error, with its traceback. One that names another plugin is left as it is.
            hook: The hook that the plugin has raised it in, if it has.
        """
        with suppress(Exception):
            if error.plugin not in (None, self.name):
                return
            if error.plugin is None and not error.subject:
                error.raised_by = self.subject
            error.plugin = self.name
            error.distribution = error.distribution or self.distribution or None
            error.version = error.version or self.version or None
            error.entry_point = error.entry_point or self.value or None
            error.hook = error.hook or hook
            error.place = error.place or locate_error(error)
            error.cure = error.cure or self._without_it()


@functools.cache
def installed() -> tuple[Candidate, ...]:
    """Return every plugin that an installed distribution declares, by name; read once per process.

    `installed.cache_clear()` makes the next call read again.
    """
    points, errors = read_entry_points(GROUP)
    for error in errors if collected_errors() is None else ():
        logger.warning("%s", error)
    found = [Candidate(point.name, point.value, entry_point=point) for point in points]
    return tuple(sorted(found, key=lambda candidate: (candidate.name, candidate.value)))


def unreadable() -> list[PluginError]:
    """Return an error for each distribution whose entry points cannot be read; `installed` skips it."""
    return read_entry_points(GROUP)[1]


def explicit_candidates(explicit: Iterable[object]) -> list[Candidate]:
    """Return candidates for the objects, modules and classes that were passed to an application.

    Each is named by its `plugin_name`, if it has one, else by its module and class; a second one of that name
    gets a number.
    """
    candidates: dict[str, Candidate] = {}
    for plugin in explicit:
        if plugin is None:
            raise TypeError("plugins takes objects, modules or classes, not None.")
        if issubclass(type(plugin), str):  # `isinstance` may run code of the plugin
            raise TypeError(
                f"plugins takes objects, modules or classes, not the name {plugin!r}; "
                f"an installed plugin is chosen with autoload={{{plugin!r}}}."
            )
        default, error = read_name(plugin)
        name = unique_name(default, candidates)
        candidates[name] = Candidate(name, explicit=plugin, naming_error=error)
    return list(candidates.values())


def without_twins(
    candidates: Iterable[Candidate],
    skip_on_error: Callable[[Candidate, PluginErrorReason], AbstractContextManager[None]],
) -> dict[str, Candidate]:
    """Import plugins, and return by name those that are not there twice.

    A plugin that was passed and is also installed takes the name of the installed one, which is skipped.

    Args:
        candidates: The plugins, those that were passed first.
        skip_on_error: Skips a plugin that raises inside, or raises its error.

    Raises:
        PluginError: If two of them are the same object, class or module.
    """
    targets: list[tuple[Candidate, object]] = []
    known = _Targets()
    for candidate in candidates:
        with skip_on_error(candidate, "import"):
            candidate.check_name()
            target = candidate.target()
            index = known.find(target)
            if index is None:
                known.add(target, len(targets))
                targets.append((candidate, target))
                continue
            twin = targets[index][0]
            if candidate.entry_point is not None and twin.entry_point is None:
                twin.adopt(candidate)
            else:
                problem = f"is the same object, class or module as {twin.describe()}."
                raise candidate.error(problem, reason="duplicate", cure=TWIN_CURE)
    return {candidate.name: candidate for candidate, _ in targets}


class _Targets:
    """Finds one plugin again: the same object, a class and its instance, or one module under two names.

    The objects must exist as long as it is used.
    """

    def __init__(self) -> None:
        self._objects: dict[int, int] = {}
        self._instances: dict[int, int] = {}
        self._files: dict[str, int] = {}

    def find(self, target: object) -> int | None:
        """Return the least index of what is the same plugin, or `None`."""
        places = [
            self._objects.get(id(target)),
            self._objects.get(id(type(target))),
            self._instances.get(id(target)),
            self._files.get(_file_of(target)),
        ]
        return min((place for place in places if place is not None), default=None)

    def add(self, target: object, index: int) -> None:
        """Add a plugin."""
        self._objects[id(target)] = index
        self._instances.setdefault(id(type(target)), index)
        if file := _file_of(target):
            self._files[file] = index


def _file_of(target: object) -> str:
    """Return the file of a module; empty for anything else."""
    # `isinstance` may run code of the plugin.
    file = getattr(target, "__file__", None) if issubclass(type(target), ModuleType) else None
    return file if isinstance(file, str) else ""
