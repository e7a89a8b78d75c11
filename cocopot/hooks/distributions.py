"""Installed distributions, and the entry points that they declare."""

from __future__ import annotations

import difflib
import os
import re
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError
from cocopot.hooks.dist_info import DistInfo, distributions_in, plain_entry_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importlib_metadata import Distribution, EntryPoint
    from importlib_metadata._meta import IDistribution

#: The entry-point group under which a distribution names its plugins.
GROUP = "cocopot.plugins"
#: The entry-point group under which a distribution names commands that need no application.
COMMANDS_GROUP = "cocopot.commands"
#: How similar a group is to `GROUP` if it is probably a misspelling of it; 1 is equal.
_SIMILARITY = 0.9


def find_distributions() -> Iterable[Distribution]:
    """Return one distribution of each name: the first on `sys.path`, or the first that has metadata.

    Folders without a distribution's name, such as those that an installer has left, are skipped.
    """
    return _distributions_by_name().values()


def find_distribution(name: str) -> Distribution | None:
    """Return an installed distribution, or `None`.

    Args:
        name: Its normalized name: in lower case, with `_` between words.
    """
    return _distributions_by_name().get(name)


def _distributions_by_name() -> dict[str, Any]:
    # `Path.exists` raises without permission.
    places = [place for place in sys.path if os.path.exists(place or os.curdir)]  # noqa: PTH110
    candidates = distributions_in(places)
    found: dict[str, Any] = {}
    distribution: Any
    for distribution in _search(places) if candidates is None else candidates:
        name = _normalized_name(distribution)
        if name and (name not in found or (not _has_metadata(found[name]) and _has_metadata(distribution))):
            found[name] = distribution
    return found


def _search(places: list[str]) -> Iterable[IDistribution]:
    """Return what importlib-metadata finds.

    Without the places it would treat an entry of `sys.path` that does not exist, such as `python311.zip`, as
    an archive; importing the module that reads archives takes as long as the search.
    """
    import importlib_metadata  # where it is needed alone

    return importlib_metadata.distributions(path=places)


def _normalized_name(distribution: Any) -> str:
    """Return the name that a distribution is compared by; empty for a folder that is not a distribution."""
    place = place_of(distribution).rstrip("/")  # that of one in an archive ends with a slash
    folder = os.path.basename(place)  # noqa: PTH119 - faster
    if hasattr(distribution, "_path") and not folder[:1].isalnum():  # what pip leaves begins with "~"
        return ""
    try:
        # Of the folder; `name` parses the metadata.
        return str(distribution._normalized_name)  # noqa: SLF001
    except Exception:  # noqa: BLE001 - whatever the reader of metadata raises
        return ""


def _has_metadata(distribution: Distribution) -> bool:
    """Whether a distribution has metadata, which an interrupted removal may have deleted."""
    try:
        return any(distribution.read_text(file) for file in ("METADATA", "PKG-INFO", ""))
    except ValueError:  # it is not UTF-8
        return True


def place_of(distribution: IDistribution) -> str:
    """Return where the metadata of a distribution is, for messages."""
    return str(getattr(distribution, "_path", "an unknown place"))


def name_of(distribution: IDistribution) -> str:
    """Return the name of a distribution; that of its folder if its metadata cannot be read."""
    return _read(distribution, "name") or _from_folder(distribution)[0]


def version_of(distribution: IDistribution) -> str:
    """Return the version of a distribution; that of its folder if its metadata cannot be read."""
    return _read(distribution, "version") or _from_folder(distribution)[1]


def has_readable_metadata(distribution: IDistribution) -> bool:
    """Whether the metadata of a distribution has its name and version."""
    return bool(_read(distribution, "name") and _read(distribution, "version"))


def _read(distribution: IDistribution, attribute: str) -> str:
    try:
        value = getattr(distribution, attribute)
    except Exception:  # noqa: BLE001 - whatever the reader of metadata raises
        return ""
    return value if isinstance(value, str) else ""


def _from_folder(distribution: IDistribution) -> tuple[str, str]:
    name, _, version = PurePath(place_of(distribution)).stem.partition("-")
    return name or "unknown", version or "of an unknown version"


# -------------------------------------------------------------------------
# Entry points
# -------------------------------------------------------------------------


def read_entry_points(group: str) -> tuple[list[EntryPoint], list[PluginError]]:
    """Return the entry points of a group, and an error for each distribution whose file cannot be read."""
    points: list[EntryPoint] = []
    errors: list[PluginError] = []
    for distribution in find_distributions():
        try:
            points += entry_points_of(distribution, group)
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
    return entry_points_of(distribution, GROUP)


def entry_points_of(distribution: IDistribution, group: str) -> list[EntryPoint]:
    """Return the entry points of a distribution in a group; of equal lines, one.

    Args:
        distribution: The distribution.
        group: Name of the group.

    Raises:
        PluginError: If the file that names them cannot be read.
    """
    points: list[Any] | None = None
    try:
        if isinstance(distribution, DistInfo):
            points = plain_entry_points(distribution, group)
        if points is None:
            points = [point for point in distribution.entry_points if point.group == group]
    except Exception as error:  # whatever the reader raises
        problem = "a line has no '='" if isinstance(error, TypeError) else str(error)
        raise _unreadable(distribution, f"cannot be read: {problem}") from error
    return list({(point.name, point.value): point for point in points}.values())


def _unreadable(distribution: IDistribution, problem: str) -> PluginError:
    name, version = name_of(distribution), version_of(distribution)
    return PluginError(
        f"The entry points of the distribution {name} {version} {problem}. "
        "Its plugins and commands are not found.",
        distribution=name,
        version=version,
        cure=f"Install it again; its entry_points.txt is in {place_of(distribution)}.",
        reason="metadata",
    )


def misspelled_groups() -> list[PluginError]:
    """Return an error for each distribution whose entry points are in a group like that of plugins.

    Such a group is found by comparison, which takes too long to be done for every application.
    """
    return [error for distribution in find_distributions() for error in _misspelled_in(distribution)]


def _misspelled_in(distribution: IDistribution) -> Iterator[PluginError]:
    for group in misspelled_groups_of(distribution):
        name, version = name_of(distribution), version_of(distribution)
        yield PluginError(
            f"The distribution {name} {version} has entry points in the group {group!r}, which is not read. "
            f"Did you mean {GROUP!r}?",
            distribution=name,
            version=version,
            cure=f'Its author must name it [project.entry-points."{GROUP}"], and publish a new release.',
            reason="metadata",
        )
    try:
        text = str(distribution.read_text("entry_points.txt") or "")
    except Exception:  # noqa: BLE001 - reported with the entry points
        return
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") != line.endswith("]") and "=" not in line and is_like_group(line.strip("[]")):
            yield _unreadable(distribution, f"cannot be read: {line!r} is not a header, such as '[{GROUP}]'")


def misspelled_groups_of(distribution: IDistribution) -> list[str]:
    """Return the groups of a distribution's entry points that are like that of plugins, but not the same.

    Args:
        distribution: The distribution, as importlib-metadata returns it.
    """
    try:
        groups = {point.group for point in distribution.entry_points}
    except Exception:  # noqa: BLE001 - reported with the entry points
        return []
    return sorted(group for group in groups - {GROUP, COMMANDS_GROUP} if is_like_group(str(group)))


def is_like_group(group: str) -> bool:
    """Whether a name is that of the group of plugins, or similar to it."""
    plain, wanted = (re.sub(r"[^a-z0-9]", "", text.lower()) for text in (group, GROUP))
    return plain == "cocopot" or difflib.SequenceMatcher(None, plain, wanted).ratio() >= _SIMILARITY
