"""Which plugins need which others: what they require is compared, and decides the load order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cocopot.hooks.candidates import installed
from cocopot.hooks.declarations import declared_in_source
from cocopot.hooks.missing import state_of_missing
from cocopot.hooks.ordering import DependencyCycleError, load_order
from cocopot.hooks.versions import cocopot_specifiers, cocopot_version, fits
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from cocopot.exceptions import PluginError
    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.declarations import Attribute, Requirement
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


def needs_of(
    candidate: Candidate,
    plugin: object,
    others: Mapping[str, Candidate],
    why_missing: Callable[[str], str],
) -> dict[str, str]:
    """Return the plugins that a plugin has loaded earlier, each with what demands it.

    Args:
        candidate: The plugin.
        plugin: The same, imported.
        others: The plugins that are loaded, by name.
        why_missing: Returns why a plugin is not among them.

    Raises:
        PluginError: If it names them in a wrong way, or requires one that is missing or of another version.
    """
    needs: dict[str, str] = {}
    attributes: tuple[Attribute, ...] = ("requires", "after")
    for attribute in attributes:
        for requirement in candidate.declared(plugin, attribute):
            name = requirement.name
            if name in others:
                _check_version(candidate, requirement, others[name])
                needs.setdefault(name, f"{candidate.name!r} names {name!r} in {attribute}")
            elif attribute == "requires":
                raise candidate.error(
                    f"requires {str(requirement)!r}, {why_missing(name)}", reason="requirement"
                )
    return needs


def followers_of(candidate: Candidate, plugin: object, others: Mapping[str, Candidate]) -> Iterable[str]:
    """Return the plugins before which a plugin wants to be loaded, as far as they are loaded.

    Raises:
        PluginError: If it names them in a wrong way, or one of them has a version that it excludes.
    """
    found = [
        requirement for requirement in candidate.declared(plugin, "before") if requirement.name in others
    ]
    for requirement in found:
        _check_version(candidate, requirement, others[requirement.name])
    return [requirement.name for requirement in found]


def add_order(needs: Needs, selection: Selection) -> None:
    """Add the order that the operator has declared: each of those names after the one before it."""
    present = [name for name in selection.order if name in needs]
    for earlier, later in pairwise(present):
        needs[later].setdefault(earlier, f"{selection.ordered_by} names {earlier!r} before {later!r}")


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


def why_missing(name: str, selection: Selection, failed: Collection[str], passed: Iterable[Candidate]) -> str:
    """Return why a plugin that another one requires is not loaded, as the end of a sentence.

    Args:
        name: The plugin.
        selection: Which plugins the application selects.
        failed: The plugins that were skipped because of an error.
        passed: The plugins that the application passes as objects.
    """
    passed = list(passed)
    state = state_of_missing(name, selection, failed, passed)
    if state is not None:
        return f"which {state}"
    known = {candidate.name for candidate in (*installed(), *passed)}
    hint = did_you_mean(name, known, "Install the distribution that provides it.")
    return f"which is not installed. {hint}"
