"""Plugins that are installed or passed to an application, before they are registered."""

from __future__ import annotations

import functools
import logging
import os
import sys
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError
from cocopot.hooks.failures import collected_errors

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from importlib_metadata import Distribution, EntryPoint
    from importlib_metadata._meta import IDistribution

    from cocopot.exceptions import PluginErrorReason
    from cocopot.locations import SourceLocation

#: The entry-point group under which a distribution names its plugins.
GROUP = "cocopot.plugins"
#: Names of plugins that must not be loaded, in addition to the application's `disable`.
DISABLE_VARIABLE = "COCOPOT_DISABLE_PLUGINS"
#: `raise` or `warn`; replaces the application's `plugin_errors`.
ERRORS_VARIABLE = "COCOPOT_PLUGIN_ERRORS"

#: What an entry point may name by mistake.
_WITHOUT_HOOKS = {NoneType, bool, int, str, bytes, list, tuple, set, dict, FunctionType, BuiltinFunctionType}

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
    """

    def __init__(
        self,
        name: str,
        value: str = "",
        distribution: str | None = None,
        version: str | None = None,
        entry_point: EntryPoint | None = None,
        explicit: object = None,
    ) -> None:
        self.name = name
        self.value = value
        self.entry_point = entry_point
        self.explicit = explicit
        if distribution is not None:
            self.distribution = distribution
        if version is not None:
            self.version = version

    # Reading the metadata takes longer than importing a small plugin.
    @functools.cached_property
    def distribution(self) -> str:
        """Name of the distribution; empty for an object that was passed."""
        return self._metadata("name")

    @functools.cached_property
    def version(self) -> str:
        """Version of the distribution; empty for an object that was passed."""
        return self._metadata("version")

    def _metadata(self, attribute: str) -> str:
        distribution = None if self.entry_point is None else self.entry_point.dist
        return "" if distribution is None else _metadata(distribution, attribute)

    def load(self) -> object:
        """Import the plugin; a class is instantiated.

        Raises:
            PluginError: It is a value such as `None` or a function, which cannot have hooks.
            Exception: Whatever the import, or the class, raises.
        """
        plugin = self.explicit if self.entry_point is None else self.entry_point.load()
        plugin = plugin() if isinstance(plugin, type) else plugin
        if type(plugin) in _WITHOUT_HOOKS:
            problem = f"is {plugin!r:.80}. It must be a module, a class, or an instance of a class."
            raise self.error(problem, reason="type")
        return plugin

    def declared_names(self, plugin: object, attribute: str) -> tuple[str, ...]:
        """Return the names of the plugins that a plugin declares in `requires` or `after`.

        Args:
            plugin: The plugin, as `load` returns it.
            attribute: `"requires"` or `"after"`.

        Raises:
            PluginError: If it is anything but a tuple or list of names.
        """
        value: object = getattr(plugin, attribute, ())
        if isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value):
            return tuple(value)
        problem = f"has {attribute} = {value!r}; it must be a tuple of plugin names."
        raise self.error(problem, reason="declaration")

    def describe(self) -> str:
        """Return the plugin's name and where it comes from, for messages."""
        if not self.distribution:
            return f"plugin {self.name!r}"
        return f"plugin {self.name!r} ({self.distribution} {self.version}, {self.value})"

    def error(
        self,
        problem: str,
        *,
        reason: PluginErrorReason,
        hook: str | None = None,
        place: SourceLocation | None = None,
    ) -> PluginError:
        """Return an error about the plugin, whose cure is to disable it.

        Args:
            problem: What is wrong, as a predicate: `"requires 'session', which is not installed."`.
            reason: What kind of fault it is.
            hook: The hook that is concerned, if there is one.
            place: Where in the source the fault is, if it is known.
        """
        subject, name = self.describe(), self.name
        return PluginError(
            problem,
            subject=f"{subject[0].upper()}{subject[1:]}",
            plugin=name,
            distribution=self.distribution or None,
            version=self.version or None,
            entry_point=self.value or None,
            hook=hook,
            place=place,
            cure=f'To go on without it, pass disable={{"{name}"}} or set {DISABLE_VARIABLE}={name}.',
            reason=reason,
        )


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


def read_entry_points(group: str) -> tuple[list[EntryPoint], list[PluginError]]:
    """Return the entry points of a group, and an error for each distribution whose file cannot be read."""
    points: list[EntryPoint] = []
    errors: list[PluginError] = []
    for distribution in _distributions():
        try:
            points += _entry_points_of(distribution, group)
        except PluginError as error:
            errors.append(error)
    return points, errors


def plugin_entry_points(distribution: IDistribution) -> list[EntryPoint]:
    """Return the entry points of the plugins of a distribution.

    Args:
        distribution: The distribution, as importlib-metadata returns it.

    Raises:
        PluginError: If the file that names them cannot be read.
    """
    return _entry_points_of(distribution, GROUP)


def _entry_points_of(distribution: IDistribution, group: str) -> list[EntryPoint]:
    try:
        return [point for point in distribution.entry_points if point.group == group]
    except Exception as error:  # whatever the reader raises
        name, version = _metadata(distribution, "name"), _metadata(distribution, "version")
        problem = "a line has no '='" if isinstance(error, TypeError) else str(error)
        raise PluginError(
            f"The entry points of the distribution {name} {version} cannot be read: {problem}. "
            "Its plugins and commands are not found.",
            distribution=name,
            version=version,
            cure=f"Install it again; its entry_points.txt is in {_place(distribution)}.",
            reason="metadata",
        ) from error


def _metadata(distribution: IDistribution, attribute: str) -> str:
    try:
        return str(getattr(distribution, attribute))
    except Exception:  # noqa: BLE001 - whatever the reader of metadata raises
        # A half-removed distribution, for example; the message that needs this is about another problem.
        return f"unknown, unreadable metadata in {_place(distribution)}"


def _place(distribution: IDistribution) -> str:
    return str(getattr(distribution, "_path", "an unknown place"))


def _distributions() -> Iterable[Distribution]:
    """Return one distribution of each name: the first on `sys.path`, or the first that has metadata.

    `importlib_metadata.entry_points` searches the same ones, but treats an entry of `sys.path` that does not
    exist, such as `python311.zip`, as an archive; importing the module that reads archives takes as long as
    the search.
    """
    import importlib_metadata  # by an application that loads installed plugins, and no other

    # `Path.exists` raises without permission.
    places = [place for place in sys.path if os.path.exists(place or os.curdir)]  # noqa: PTH110
    found: dict[str, Any] = {}
    distribution: Any
    for distribution in importlib_metadata.distributions(path=places):
        name = distribution._normalized_name  # noqa: SLF001 - of the folder; `name` parses the metadata
        if name not in found or (not _has_metadata(found[name]) and _has_metadata(distribution)):
            found[name] = distribution
    return found.values()


def _has_metadata(distribution: Distribution) -> bool:
    """Whether a distribution has metadata, which an interrupted removal may have deleted."""
    return any(distribution.read_text(file) for file in ("METADATA", "PKG-INFO", ""))


def explicit_candidates(explicit: Iterable[object]) -> list[Candidate]:
    """Return candidates for the objects, modules and classes that were passed to an application.

    Each is named by its `plugin_name`, if it has one, else by its module and class; a second one of that name
    gets a number.
    """
    candidates: dict[str, Candidate] = {}
    for plugin in explicit:
        if plugin is None:
            raise TypeError("plugins takes objects, modules or classes, not None.")
        if isinstance(plugin, str):
            raise TypeError(
                f"plugins takes objects, modules or classes, not the name {plugin!r}; "
                f"an installed plugin is chosen with autoload={{{plugin!r}}}."
            )
        name = unique_name(name_of_plugin(plugin), candidates)
        candidates[name] = Candidate(name, explicit=plugin)
    return list(candidates.values())


def unique_name(name: str, taken: Container[str]) -> str:
    """Return a name, with a number if it is taken."""
    numbered, number = name, 1
    while numbered in taken:
        number += 1
        numbered = f"{name} ({number})"
    return numbered


def name_of_plugin(plugin: object) -> str:
    """Return the default name of a plugin."""
    if isinstance(own := getattr(plugin, "plugin_name", None), str):
        return own
    if isinstance(name := getattr(plugin, "__name__", None), str) and not isinstance(plugin, type):
        return name
    cls = plugin if isinstance(plugin, type) else type(plugin)
    return f"{cls.__module__}.{cls.__qualname__}"
