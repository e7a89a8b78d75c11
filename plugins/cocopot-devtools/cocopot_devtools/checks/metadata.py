"""Checks of the metadata of a distribution."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from cocopot.testing import find_installed_plugins
from cocopot_devtools.checks.findings import Finding
from cocopot_devtools.checks.projects import GROUP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cocopot_devtools.checks.targets import Target

_USABLE = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
#: A requirement (PEP 508) begins with a name, which extras may follow.
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;]*)")
_LICENSES = ("License-Expression", "License", "License-File")


def check_metadata(target: Target) -> Iterator[Finding]:
    """Yield findings about the metadata of a distribution, and with the names of its plugins."""
    points = target.entry_points
    if not points:
        groups = sorted({point.group for point in target.distribution.entry_points})
        close = difflib.get_close_matches(GROUP, groups, n=1, cutoff=0.8)
        hint = f" It has the group {close[0]!r}." if close else ""
        yield Finding("CP101", f"{target.name} {target.version} names no plugin under {GROUP!r}.{hint}")
    for point in points:
        if not _USABLE.fullmatch(point.name) or point.name in {"all", "none"}:
            yield Finding("CP104", f"The name {point.name!r} cannot be used.", plugin=point.name)
    yield from _duplicates(target)
    yield from _dependencies(target)
    yield from _descriptions(target)


def _duplicates(target: Target) -> Iterator[Finding]:
    own = normalized(target.name)
    names = [point.name for point in target.entry_points]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding("CP103", f"{target.name} itself names two plugins {name!r}.", plugin=name)
    for candidate in find_installed_plugins():
        if candidate.name in names and normalized(candidate.distribution) != own:
            yield Finding(
                "CP103",
                f"{candidate.distribution} {candidate.version} ({candidate.value}), which is installed too, "
                f"has a plugin named {candidate.name!r}, too.",
                plugin=candidate.name,
            )


def _dependencies(target: Target) -> Iterator[Finding]:
    specifier = requirements(target).get("cocopot")
    if specifier is None:
        yield Finding("CP701", f"{target.name} does not depend on cocopot.")
    elif not specifier:
        yield Finding("CP702", "It depends on any release of cocopot.")


def requirements(target: Target) -> dict[str, str]:
    """Return what a distribution depends on, by normalized name, with the version specifier."""
    found: dict[str, str] = {}
    for text in target.distribution.requires or ():
        match = _REQUIREMENT.match(text)
        if match is not None and "extra ==" not in text:
            found.setdefault(normalized(match[1]), match[2].strip(" ()"))
    return found


def undeclared_requirements(target: Target, plugin: str, requires: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each plugin that is required, but comes from a distribution that is not."""
    depends = requirements(target)
    origins = {
        candidate.name: candidate.distribution
        for candidate in find_installed_plugins()
        if normalized(candidate.distribution) != normalized(target.name)
    }
    for name in requires:
        distribution = origins.get(name)
        if distribution is not None and normalized(distribution) not in depends:
            message = f"It requires the plugin {name!r}, but does not depend on {distribution}."
            yield Finding("CP706", message, plugin=plugin)


def _descriptions(target: Target) -> Iterator[Finding]:
    metadata = target.distribution.metadata
    if not metadata.get("Requires-Python"):
        yield Finding("CP703", "It does not declare the versions of Python that it supports.")
    if not (metadata.get("Description") or "").strip():
        yield Finding("CP704", "It has no README in its metadata.")
    classified = any(text.startswith("License ::") for text in metadata.get_all("Classifier") or ())
    if not classified and not any(_is_declared(metadata.get(key)) for key in _LICENSES):
        yield Finding("CP705", "It does not declare a licence.")


def _is_declared(value: object) -> bool:
    return bool(value) and value != "UNKNOWN"


def normalized(name: str) -> str:
    """Return the name of a distribution as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
