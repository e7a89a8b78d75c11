"""Which plugins are installed, which of them are wanted, and in which order they load."""

from __future__ import annotations

import functools
import heapq
import logging
import os
import sys
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping
    from typing import NoReturn

    from importlib_metadata import Distribution, EntryPoint
    from importlib_metadata._meta import IDistribution

#: The entry-point group under which a distribution names its plugins.
GROUP = "cocopot.plugins"
#: `all`, `none`, or the names of the plugins to load; replaces the application's `autoload`, unless that is
#: `False`.
ALLOW_VARIABLE = "COCOPOT_PLUGINS"
#: Names of plugins that must not be loaded, in addition to the application's `disable`.
DISABLE_VARIABLE = "COCOPOT_DISABLE_PLUGINS"
#: `raise` or `warn`; replaces the application's `plugin_errors`.
ERRORS_VARIABLE = "COCOPOT_PLUGIN_ERRORS"

#: What an entry point may name by mistake.
_WITHOUT_HOOKS = {NoneType, bool, int, str, bytes, list, tuple, set, dict, FunctionType, BuiltinFunctionType}

logger = logging.getLogger("cocopot.plugins")


class Candidate:
    """A plugin that is installed or was given, and has not been registered yet.

    Args:
        name: What people disable, order and configure it by.
        value: The entry point's value, `"module"` or `"module:object"`; empty for an object that was given.
        distribution: Name of the distribution; by default that of the entry point, read when it is asked for.
        version: Version of the distribution; likewise.
        entry_point: What `load` resolves.
        given: The object, if it was given.
    """

    def __init__(
        self,
        name: str,
        value: str = "",
        distribution: str | None = None,
        version: str | None = None,
        entry_point: EntryPoint | None = None,
        given: object = None,
    ) -> None:
        self.name = name
        self.value = value
        self.entry_point = entry_point
        self.given = given
        if distribution is not None:
            self.distribution = distribution
        if version is not None:
            self.version = version

    # To read the metadata takes longer than to import a small plugin.
    @functools.cached_property
    def distribution(self) -> str:
        """Name of the distribution; empty for an object that was given."""
        return self._metadata("name")

    @functools.cached_property
    def version(self) -> str:
        """Version of the distribution; empty for an object that was given."""
        return self._metadata("version")

    def _metadata(self, attribute: str) -> str:
        distribution = None if self.entry_point is None else self.entry_point.dist
        return "" if distribution is None else _metadata(distribution, attribute)

    def load(self) -> object:
        """Import the plugin; a class is instantiated.

        Raises:
            PluginError: It is a value such as `None` or a function, which can have no hooks.
            Exception: Whatever the import, or the class, raises.
        """
        plugin = self.given if self.entry_point is None else self.entry_point.load()
        plugin = plugin() if isinstance(plugin, type) else plugin
        if type(plugin) in _WITHOUT_HOOKS:
            raise self.error(f"is {plugin!r:.80}. It must be a module, a class, or an instance of a class.")
        return plugin

    def describe(self) -> str:
        """Return the plugin's name and where it comes from, for messages."""
        if not self.distribution:
            return f"plugin {self.name!r}"
        return f"plugin {self.name!r} ({self.distribution} {self.version}, {self.value})"

    def error(self, problem: str, hook: str | None = None) -> PluginError:
        """Return an error that names the plugin and says how to go on without it."""
        advice = f'To go on without it, pass disable={{"{self.name}"}} or set {DISABLE_VARIABLE}={self.name}.'
        where = self.describe()
        return PluginError(
            f"{where[0].upper()}{where[1:]} {problem}\n{advice}",
            plugin=self.name,
            distribution=self.distribution or None,
            version=self.version or None,
            entry_point=self.value or None,
            hook=hook,
        )


@functools.cache
def installed() -> tuple[Candidate, ...]:
    """Return every plugin that an installed distribution names, by name; read once per process.

    `installed.cache_clear()` makes the next call read again.
    """
    points, errors = _read_all()
    for error in errors:
        logger.warning("%s", error)
    found = [Candidate(point.name, point.value, entry_point=point) for point in points]
    return tuple(sorted(found, key=lambda candidate: (candidate.name, candidate.value)))


def unreadable() -> list[PluginError]:
    """Return an error for each distribution whose entry points cannot be read; `installed` passes it over."""
    return _read_all()[1]


def _read_all() -> tuple[list[EntryPoint], list[PluginError]]:
    points: list[EntryPoint] = []
    errors: list[PluginError] = []
    for distribution in _distributions():
        try:
            points += plugin_entry_points(distribution)
        except PluginError as error:
            errors.append(error)
    return points, errors


def plugin_entry_points(distribution: IDistribution) -> list[EntryPoint]:
    """Return the entry points of the plugins that a distribution names.

    Raises:
        PluginError: If the file that names them cannot be read.
    """
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except Exception as error:  # whatever the reader raises
        name, version = _metadata(distribution, "name"), _metadata(distribution, "version")
        reason = "a line has no '='" if isinstance(error, TypeError) else str(error)
        raise PluginError(
            f"The entry points of the distribution {name} {version} cannot be read: {reason}. Plugins that "
            f"it brings are not found. Install it again; its entry_points.txt is in {_place(distribution)}.",
            distribution=name,
            version=version,
        ) from error


def _metadata(distribution: IDistribution, attribute: str) -> str:
    try:
        return str(getattr(distribution, attribute))
    except Exception:  # noqa: BLE001 - whatever the reader of metadata raises
        # Half removed, for one; the message that asks is about something else.
        return f"unknown, unreadable metadata in {_place(distribution)}"


def _place(distribution: IDistribution) -> str:
    return str(getattr(distribution, "_path", "an unknown place"))


def _distributions() -> Iterable[Distribution]:
    """Return one distribution of each name: the first on `sys.path`, or the first that has metadata.

    `importlib_metadata.entry_points` asks the same ones. But it takes what `sys.path` names and nobody has,
    such as `python311.zip`, for an archive; to import what reads archives takes as long as the search.
    """
    import importlib_metadata  # by an application that loads installed plugins, and no other

    # `Path.exists` raises where it may not look.
    places = [place for place in sys.path if os.path.exists(place or os.curdir)]  # noqa: PTH110
    found: dict[str, Any] = {}
    distribution: Any
    for distribution in importlib_metadata.distributions(path=places):
        name = distribution._normalized_name  # noqa: SLF001 - of the folder; `name` parses the metadata
        if name not in found or (not _has_metadata(found[name]) and _has_metadata(distribution)):
            found[name] = distribution
    return found.values()


def _has_metadata(distribution: Distribution) -> bool:
    """Whether a distribution is more than what an interrupted removal has left of it."""
    return any(distribution.read_text(file) for file in ("METADATA", "PKG-INFO", ""))


def given_candidates(given: Iterable[object]) -> list[Candidate]:
    """Return candidates for the objects, modules and classes that an application was given.

    Each is named by its `plugin_name`, if it has one, else by its module and class; a second one of that name
    gets a number.
    """
    candidates: dict[str, Candidate] = {}
    for plugin in given:
        if plugin is None:
            raise TypeError("plugins takes objects, modules or classes, not None.")
        if isinstance(plugin, str):
            raise TypeError(
                f"plugins takes objects, modules or classes, not the name {plugin!r}; "
                f"an installed plugin is chosen with autoload={{{plugin!r}}}."
            )
        name = unique_name(name_of_plugin(plugin), candidates)
        candidates[name] = Candidate(name, given=plugin)
    return list(candidates.values())


def unique_name(name: str, taken: Container[str]) -> str:
    """Return a name, with a number if it is taken."""
    numbered, number = name, 1
    while numbered in taken:
        number += 1
        numbered = f"{name} ({number})"
    return numbered


def name_of_plugin(plugin: object) -> str:
    """Return the name that a plugin has when nobody gives it one."""
    if isinstance(own := getattr(plugin, "plugin_name", None), str):
        return own
    if isinstance(name := getattr(plugin, "__name__", None), str) and not isinstance(plugin, type):
        return name
    kind = plugin if isinstance(plugin, type) else type(plugin)
    return f"{kind.__module__}.{kind.__qualname__}"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which plugins an application wants.

    Args:
        allowed: Names, or `None` for every installed plugin.
        allowed_by: What said so, for messages.
        disabled: Names that are not to be loaded, and what said so.
    """

    allowed: frozenset[str] | None
    allowed_by: str
    disabled: Mapping[str, str]

    @classmethod
    def make(
        cls,
        autoload: bool | Iterable[str],
        disable: Iterable[str],
        environ: Mapping[str, str] | None = None,
    ) -> Selection:
        """Combine the application's arguments with the environment.

        Args:
            autoload: `True` for every installed plugin, `False` for none, or names.
            disable: Names that must not be loaded.
            environ: The environment; `os.environ` by default.

        Raises:
            TypeError: If a plain string is given where names are expected.
        """
        environ = os.environ if environ is None else environ
        allowed, allowed_by = _allowed(autoload, environ)
        disabled = dict.fromkeys(_names(environ.get(DISABLE_VARIABLE, "")), DISABLE_VARIABLE)
        disabled.update(dict.fromkeys(_checked_names(disable, "disable"), "disable="))
        return cls(allowed, allowed_by, disabled)

    def choose(
        self,
        found: Iterable[Candidate],
        given: Collection[Candidate] = (),
        fail: Callable[[PluginError], None] | None = None,
    ) -> list[Candidate]:
        """Return the candidates that are wanted.

        Args:
            found: What is installed; `allowed` and `disabled` apply.
            given: What the application passed as objects; only `disabled` applies.
            fail: Called with an error in place of raising it; the plugins that it is about are left out.

        Raises:
            PluginError: If a name that was asked for is not installed, or several distributions share one.
        """
        fail, found = fail or _raise, list(found)
        given_names = {candidate.name for candidate in given}
        wanted: dict[str, list[Candidate]] = {}
        for candidate in (*given, *found):
            if self.why_not(candidate, given_names) is None:
                wanted.setdefault(candidate.name, []).append(candidate)
        for same in wanted.values():
            if len(same) > 1:
                fail(_duplicate(same))
        self._check_present(found, wanted, fail)
        return [same[0] for same in wanted.values() if len(same) == 1]

    def why_not(self, candidate: Candidate, given_names: Container[str]) -> tuple[str, str] | None:
        """Return why a candidate is not wanted, as a state and what brought it about; `None` if it is wanted.

        Args:
            candidate: The candidate.
            given_names: Names of the plugins that the application passed as objects.
        """
        if candidate.name in self.disabled:
            return "disabled", f"by {self.disabled[candidate.name]}"
        if candidate.given is not None:
            return None
        if self.allowed is not None and candidate.name not in self.allowed:
            return "not selected", f"by {self.allowed_by}"
        if candidate.name in given_names:
            return "replaced", "by an object of that name that the application hands over"
        return None

    def _check_present(
        self, candidates: list[Candidate], wanted: Collection[str], fail: Callable[[PluginError], None]
    ) -> None:
        known = sorted({candidate.name for candidate in candidates})
        for name in sorted((self.allowed or frozenset()) - set(wanted) - set(self.disabled)):
            problem = [
                f"Plugin {name!r}, named by {self.allowed_by}, is not installed.",
                did_you_mean(name, known),
                f"Installed: {', '.join(known) or 'none'}.",
                "Install the distribution that brings it, or take the name out.",
            ]
            fail(PluginError(" ".join(filter(None, problem)), plugin=name))


def _raise(error: PluginError) -> NoReturn:
    raise error


def _allowed(autoload: bool | Iterable[str], environ: Mapping[str, str]) -> tuple[frozenset[str] | None, str]:
    said = environ.get(ALLOW_VARIABLE, "").strip()
    if said and autoload is not False:
        if said == "all":
            return None, ALLOW_VARIABLE
        return frozenset() if said == "none" else frozenset(_names(said)), ALLOW_VARIABLE
    if isinstance(autoload, bool):
        return None if autoload else frozenset(), "autoload="
    return frozenset(_checked_names(autoload, "autoload")), "autoload="


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _checked_names(names: Iterable[str], argument: str) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"{argument} takes a set of plugin names, not a string: {argument}={{{names!r}}}")
    return list(names)


def _duplicate(same: list[Candidate]) -> PluginError:
    sources = [
        f"{candidate.distribution or 'the application'} {candidate.version} "
        f"({candidate.value or candidate.given!r})"
        for candidate in same
    ]
    name, number = same[0].name, "Two" if len(same) == 2 else len(same)
    return PluginError(
        f"{number} distributions bring a plugin named {name!r}: {' and '.join(sources)}. "
        f"Uninstall one of them, or disable the name with {DISABLE_VARIABLE}={name}.",
        plugin=name,
    )


# -------------------------------------------------------------------------
# Load order
# -------------------------------------------------------------------------


def declared_names(candidate: Candidate, plugin: object, attribute: str) -> tuple[str, ...]:
    """Return what a plugin says in `requires` or `after`.

    Raises:
        PluginError: If it is anything but a tuple or list of names.
    """
    value: Any = getattr(plugin, attribute, ())
    if isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise candidate.error(f"says {attribute} = {value!r}; it must be a tuple of plugin names.")


def load_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the keys of `needs` by name, but each after those that it needs.

    Args:
        needs: For each plugin, the plugins that must be loaded earlier; names that are no key are passed
            over.

    Raises:
        CircleError: If they need each other in a circle.
    """
    waiting = {name: {other for other in others if other in needs} for name, others in needs.items()}
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in waiting.items():
        for other in others:
            followers[other].append(name)
    ready = [name for name, others in waiting.items() if not others]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        del waiting[name]
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, follower)
    if waiting:
        raise _circle(waiting)
    return order


class CircleError(PluginError):
    """Plugins need each other in a circle.

    Args:
        circle: Their names along the circle; the first one comes back at the end.
    """

    def __init__(self, circle: list[str]) -> None:
        super().__init__(
            f"Plugins need each other in a circle: {' -> '.join(circle)}. "
            f"Take one of them out of the other's requires or after, or disable one with {DISABLE_VARIABLE}.",
            plugin=circle[-1],
        )
        self.members = circle[:-1]


def _circle(waiting: Mapping[str, set[str]]) -> CircleError:
    """Walk along the needs until a name comes back."""
    path = [min(waiting)]
    while (following := min(waiting[path[-1]])) not in path:
        path.append(following)
    return CircleError([*path[path.index(following) :], following])
