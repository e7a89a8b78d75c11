"""Which plugins need which others: what they require is compared, and decides the load order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cocopot.exceptions import PluginError
from cocopot.hooks.culprits import wrap_error
from cocopot.hooks.declarations import ATTRIBUTES, declared_in_source
from cocopot.hooks.missing import why_missing
from cocopot.hooks.ordering import DependencyCycleError, load_order
from cocopot.hooks.versions import cocopot_specifiers, cocopot_version, fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.declarations import Requirement
    from cocopot.hooks.manager import PluginManager
    from cocopot.hooks.selection import Selection

#: For each plugin those that are loaded earlier, each with what demands it.
Needs = dict[str, dict[str, str]]


def check_before_import(candidate: Candidate, others: Mapping[str, Candidate]) -> None:
    """Compare the versions that an installed plugin requires, without importing it.

    Args:
        candidate: The plugin.
        others: The plugins that are selected, by name.

    Raises:
        PluginError: If it requires another version of Cocopot, or of one of those plugins.
    """
    distribution = None if candidate.entry_point is None else candidate.entry_point.dist
    if distribution is None:
        return
    for specifier in cocopot_specifiers(distribution):
        _check_cocopot(candidate, specifier)
    for requirement in declared_in_source(candidate):
        _check_version(candidate, requirement, others.get(requirement.name))


def _check_cocopot(candidate: Candidate, specifier: str) -> None:
    version = cocopot_version()
    try:
        does_fit = not version or fits(version, specifier)
    except ValueError:
        return  # the installer has taken it for valid
    if does_fit is False:
        raise candidate.error(
            f"requires cocopot{specifier}, and the version of Cocopot is {version}.",
            reason="version",
            cure=f"Install cocopot{specifier}, or a release of {candidate.distribution} that fits "
            f"Cocopot {version}.",
        )


def _check_version(candidate: Candidate, requirement: Requirement, other: Candidate | None) -> None:
    """Reject another version of a plugin; one that was passed as an object has none."""
    if other is None or not requirement.specifier or not other.version:
        return
    does_fit = fits(other.version, requirement.specifier)
    if not does_fit:
        known = "" if does_fit is False else ", which cannot be compared (PEP 440)"
        raise candidate.error(
            f"requires {str(requirement)!r}, and {other.name!r} is of {other.distribution} "
            f"{other.version}{known}.",
            reason="version",
            cure=f"Install {other.distribution}{requirement.specifier}.",
        )


def check_needs(
    candidate: Candidate, plugin: object, others: Mapping[str, Candidate], manager: PluginManager
) -> None:
    """Compare what a plugin declares about others with those that are there.

    Args:
        candidate: The plugin.
        plugin: The same, imported.
        others: The plugins that are loaded, by name.
        manager: The plugin manager, which knows why another one is not among them.

    Raises:
        PluginError: If it names them in a wrong way, or requires one that is missing, or one of them has a
            version that it excludes.
    """
    for attribute in ATTRIBUTES:
        for requirement in candidate.declared(plugin, attribute):
            if requirement.name in others:
                _check_version(candidate, requirement, others[requirement.name])
            elif attribute == "requires":
                problem = f"requires {str(requirement)!r}, {why_missing(manager, requirement.name)}"
                raise candidate.error(problem, reason="requirement")


def needs_among(plugins: Mapping[str, tuple[Candidate, object]], selection: Selection) -> Needs:
    """Return for each plugin those that are loaded earlier, because a plugin or the operator demands it.

    Args:
        plugins: The plugins, imported, by name.
        selection: What the operator has declared: each of the names in its order after the one before it.
    """
    needs: Needs = {name: {} for name in plugins}
    for attribute in ATTRIBUTES:
        for name, (candidate, plugin) in plugins.items():
            for other in (requirement.name for requirement in candidate.declared(plugin, attribute)):
                if other in plugins:
                    earlier, later = (name, other) if attribute == "before" else (other, name)
                    needs[later].setdefault(earlier, f"{name!r} names {other!r} in {attribute}")
    present = [name for name in selection.order if name in needs]
    for earlier, later in pairwise(present):
        needs[later].setdefault(earlier, f"{selection.ordered_by} names {earlier!r} before {later!r}")
    return needs


def in_order(needs: Needs, skip: Callable[[PluginError, str], None]) -> list[str]:
    """Return the names in load order.

    Args:
        needs: For each plugin those that are loaded earlier.
        skip: Called with the error about a cycle for each member, unless it raises that.
    """
    while True:
        try:
            return load_order(needs, lambda name, other: needs[name][other])
        except DependencyCycleError as error:
            for name in error.members:
                skip(error, name)
                del needs[name]


def follower_of(candidate: Candidate, plugin: object, manager: PluginManager) -> str | None:
    """Return before which of the registered plugins a plugin that is registered late has its place.

    Args:
        candidate: The plugin, which is about to be registered.
        plugin: The same, imported.
        manager: The plugin manager.

    Returns:
        Name of the first plugin that is to be loaded later; `None` if there is none: its place is the last.

    Raises:
        PluginError: If its needs are not met, or no place among the others meets them.
    """
    records = manager.records("plugin")
    try:
        check_needs(candidate, plugin, {record.name: record.candidate for record in records}, manager)
    except PluginError:
        raise
    except Exception as error:
        raise wrap_error(candidate, error, "declaration") from error
    plugins = {record.name: (record.candidate, record.plugin) for record in records}
    needs = needs_among({**plugins, candidate.name: (candidate, plugin)}, manager.selection)
    order = list(plugins)
    position = next((place for place, name in enumerate(order) if candidate.name in needs[name]), None)
    if position is None:
        return None
    follower = order[position]
    for name in order[position:]:
        if name in needs[candidate.name]:
            load_order(needs, lambda name, other: needs[name][other])  # raises if it is a cycle
            raise _no_place(candidate, name, follower, needs)
    return follower


def _no_place(candidate: Candidate, earlier: str, later: str, needs: Needs) -> PluginError:
    reasons = f"{needs[candidate.name][earlier]}; {needs[later][candidate.name]}"
    return candidate.error(
        f"has no place among the plugins that are registered: it is loaded after {earlier!r} and before "
        f"{later!r}, and {later!r} has been loaded before {earlier!r}. {reasons}.",
        reason="cycle",
        cure=f"Register it before {later!r}, or pass it to the application in plugins=, which orders all of "
        "them.",
    )
