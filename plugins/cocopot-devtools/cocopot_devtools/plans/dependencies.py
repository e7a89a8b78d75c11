"""What distributions depend on, and whether it fits what is installed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from cocopot_devtools.plans.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importlib_metadata._meta import IDistribution

    #: Distributions by their normalized names.
    Environment = Mapping[str, IDistribution]


class _Lack(NamedTuple):
    """A dependency that does not fit.

    Args:
        distribution: Name of what depends on it.
        requirement: The dependency.
        version: The version of it; `None` if it is not there.
    """

    distribution: str
    requirement: str
    version: str | None


def requirements_of(distribution: IDistribution) -> list[Requirement]:
    """Return what a distribution depends on here, without its extras."""
    found = []
    for text in distribution.requires or ():
        with suppress(InvalidRequirement):
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found.append(requirement)
    return found


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


def describe_dependencies(target: str, before: Environment, after: Environment) -> list[dict[str, Any]]:
    """Return the dependencies of a distribution, for each what is installed before and after.

    Args:
        target: Normalized name of the distribution.
        before: The environment before a change.
        after: The environment after it.
    """
    old = {} if target not in before else {req.name: str(req) for req in requirements_of(before[target])}
    return [
        {
            "requirement": str(requirement),
            "was": old.get(requirement.name),
            "before": _version(before, requirement.name),
            "after": _version(after, requirement.name),
            "fits": fits(requirement, _version(after, requirement.name)),
        }
        for requirement in (requirements_of(after[target]) if target in after else ())
    ]


def find_lacks(before: Environment, after: Environment) -> Iterator[Problem]:
    """Yield a problem for each dependency of any distribution that fits before a change, and not after it.

    Args:
        before: The environment before the change.
        after: The environment after it.
    """
    known = set(_lacks(before))
    for lack in sorted(set(_lacks(after)) - known, key=str):
        name, requirement, version = lack
        found = "which would not be installed" if version is None else f"which would have version {version}"
        message = f"{name} requires {requirement}, {found}."
        yield Problem("error", "dependency", message, f"Install {requirement}, or another release of {name}.")


def _lacks(environment: Environment) -> Iterator[_Lack]:
    for distribution in environment.values():
        for requirement in requirements_of(distribution):
            version = _version(environment, requirement.name)
            if not fits(requirement, version):
                name = f"{distribution.name} {distribution.version}"
                yield _Lack(name, f"{requirement.name}{requirement.specifier}", version)


def _version(environment: Environment, name: str) -> str | None:
    found = environment.get(canonicalize_name(name))
    return None if found is None else str(found.version)
