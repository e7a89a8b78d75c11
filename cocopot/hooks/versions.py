"""Versions of distributions, compared with what plugins require of them (PEP 440)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from cocopot.hooks.distributions import find_distribution, version_of

if TYPE_CHECKING:
    from importlib_metadata._meta import IDistribution

#: A requirement of Cocopot itself in the metadata of a distribution: the specifier, and the marker.
_ON_COCOPOT = r"(?mi)^Requires-Dist:\s*cocopot\s*(?:\[[^\]\n]*\])?\s*\(?([~=!<>][^;@)\n]*)\)?\s*(?:;(.*))?$"


@functools.cache
def fits(version: str, specifier: str) -> bool | None:
    """Whether a version fits a specifier; `None` if the version is not one of PEP 440.

    A development version, such as that of a checkout, counts as the release that it leads to, unless the
    specifier names such versions.

    Args:
        version: The version, such as `"1.2.0"`.
        specifier: The specifier, such as `">=1.2,<2"`.

    Raises:
        ValueError: If the specifier is invalid.
    """
    # By an application whose plugins name versions, and no other.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise ValueError(f"{specifier!r} is not a version specifier (PEP 440), such as '>=1.2,<2'") from error
    try:
        parsed = Version(version)
    except InvalidVersion:
        return None
    is_release = parsed.is_devrelease and ".dev" not in specifier
    return allowed.contains(parsed.base_version if is_release else parsed, prereleases=True)


@functools.cache
def cocopot_version() -> str:
    """Return the version of Cocopot; empty if it is not installed, but on `sys.path` alone."""
    found = find_distribution("cocopot")
    return "" if found is None else version_of(found)


def cocopot_specifiers(distribution: IDistribution) -> list[str]:
    """Return what a distribution requires of Cocopot, as far as it applies to this interpreter.

    The text is searched instead of parsed, which would take longer than importing a small plugin.

    Args:
        distribution: The distribution.
    """
    try:
        text = distribution.read_text("METADATA")
        if not text:  # an egg, whose requirements may be in a file of their own
            text = "\n".join(f"Requires-Dist: {requirement}" for requirement in distribution.requires or ())
    except (OSError, ValueError):  # missing permission, or not UTF-8: reported where plugins are listed
        return []
    headers = text.partition("\n\n")[0].replace("\n ", " ").replace("\n\t", " ")  # unfolded (RFC 5322)
    found = re.findall(_ON_COCOPOT, headers)
    return [specifier.strip() for specifier, marker in found if not marker.strip() or _applies(marker)]


def _applies(marker: str) -> bool:
    """Whether an environment marker (PEP 508) applies here, without any extra."""
    from packaging.markers import InvalidMarker, Marker  # as for `fits`

    try:
        return Marker(marker.strip()).evaluate({"extra": ""})
    except InvalidMarker:
        return False
