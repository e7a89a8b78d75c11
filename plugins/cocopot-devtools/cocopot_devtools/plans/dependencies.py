"""What distributions depend on, and whether it fits what is installed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from cocopot_devtools.plans.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importlib_metadata._meta import IDistribution

    #: Distributions by their normalized names.
    Environment = Mapping[str, IDistribution]


class _Lack(NamedTuple):
    """A dependency that does not fit.

    Args:
        distribution: Name of what depends on it.
        version: Version of that.
        requirement: The dependency.
        found: The version of the dependency; `None` if it is not there.
    """

    distribution: str
    version: str
    requirement: str
    found: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """The distribution that a plan is about.

    Args:
        name: Its normalized name; empty if it is unknown, or for none.
        extras: Normalized names of the extras that are asked for.
    """

    name: str = ""
    extras: frozenset[str] = frozenset()

    def extras_of(self, name: str) -> frozenset[str]:
        """Return the extras of a distribution, by its normalized name."""
        return self.extras if name == self.name else frozenset()


def requirements_of(distribution: IDistribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """Return what a distribution depends on here.

    Args:
        distribution: The distribution.
        extras: The extras whose dependencies are included.
    """
    found = []
    for text in distribution.requires or ():
        with suppress(ValueError):  # a requirement, or a comparison in its marker, is invalid
            requirement = Requirement(text)
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                found.append(requirement)
    return found


def unknown_extras(distribution: IDistribution, extras: Iterable[str]) -> list[str]:
    """Return the extras that a distribution does not have."""
    known = {canonicalize_name(extra) for extra in distribution.metadata.get_all("Provides-Extra") or ()}
    return sorted(extra for extra in extras if extra not in known)


def fits(requirement: Requirement, version: str | None) -> bool:
    """Whether a version fits; a development version counts as the release that it leads to."""
    if version is None:
        return False
    try:
        parsed = Version(version)
    except InvalidVersion:
        return not requirement.specifier
    shown = parsed.base_version if parsed.is_devrelease else version
    return requirement.specifier.contains(shown, prereleases=True)


def describe_dependencies(target: Target, before: Environment, after: Environment) -> list[dict[str, Any]]:
    """Return the dependencies of a distribution, for each what is installed before and after.

    Args:
        target: The distribution.
        before: The environment before a change.
        after: The environment after it.
    """

    def requirements(environment: Environment) -> list[Requirement]:
        found = environment.get(target.name)
        return [] if found is None else requirements_of(found, target.extras)

    old = {requirement.name: str(requirement) for requirement in requirements(before)}
    return [
        {
            "requirement": str(requirement),
            "was": old.get(requirement.name),
            "before": _version(before, requirement.name),
            "after": _version(after, requirement.name),
            "fits": fits(requirement, _version(after, requirement.name)),
        }
        for requirement in requirements(after)
    ]


def find_lacks(target: Target, before: Environment, after: Environment) -> Iterator[Problem]:
    """Yield a problem for each dependency of any distribution that fits before a change, and not after it.

    Args:
        target: What the change is about, with its extras.
        before: The environment before the change.
        after: The environment after it.
    """
    known = set(_lacks(Target(), before))
    for lack in sorted(set(_lacks(target, after)) - known, key=str):
        name, version, requirement, found = lack
        state = "which would not be installed" if found is None else f"which would have version {found}"
        message = f"{name} {version} requires {requirement}, {state}."
        yield Problem("error", "dependency", message, f"Install {requirement}, or another release of {name}.")


def _lacks(target: Target, environment: Environment) -> Iterator[_Lack]:
    for name, distribution in environment.items():
        for requirement in requirements_of(distribution, target.extras_of(name)):
            found = _version(environment, requirement.name)
            if not fits(requirement, found):
                wanted = f"{requirement.name}{requirement.specifier}"
                yield _Lack(str(distribution.name), str(distribution.version), wanted, found)


def _version(environment: Environment, name: str) -> str | None:
    found = environment.get(canonicalize_name(name))
    return None if found is None else str(found.version)
