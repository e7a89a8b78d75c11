"""The folders `*.dist-info` of installed distributions (PEP 376), read without importlib-metadata.

An application that loads installed plugins searches them at each start, and importing that library takes as
long as the search. It is imported for what is rare: a distribution of another kind, an unusual line, and
what only messages and commands read.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cached_property
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importlib_metadata import Distribution

_SUFFIX = ".dist-info"
_SUFFIXES = (_SUFFIX, ".egg-info")
_VERSION = r"(?m)^Version: ([\w.+!-]+)$"
_SEPARATORS = r"[-_.]+"


class DistInfo:
    """An installed distribution; what is not defined here is read by `importlib_metadata.PathDistribution`.

    Args:
        folder: Its folder with the metadata.
    """

    def __init__(self, folder: str) -> None:
        self._path = folder

    @cached_property
    def _normalized_name(self) -> str:
        """The name that it is compared by, from that of the folder (PEP 503, with `_` in place of `-`)."""
        name = os.path.basename(self._path).removesuffix(_SUFFIX).partition("-")[0]  # noqa: PTH119 - faster
        return re.sub(_SEPARATORS, "_", name).lower()

    def read_text(self, filename: str) -> str | None:
        """Return the text of a file, or `None` if it is missing or must not be read.

        Raises:
            ValueError: It is not UTF-8.
        """
        try:
            data = read_file(os.path.join(self._path, filename))  # noqa: PTH118 - faster
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            return None
        return data.decode().replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def version(self) -> str:
        """Its version; an unusual header is left to the library."""
        found = re.findall(_VERSION, (self.read_text("METADATA") or "").partition("\n\n")[0])
        return str(found[0] if len(found) == 1 else self._library.version)

    def as_library(self) -> Distribution:
        """Return the same distribution as importlib-metadata has it."""
        import importlib_metadata  # see above

        return importlib_metadata.Distribution.at(self._path)

    @cached_property
    def _library(self) -> Distribution:
        return self.as_library()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


class FoundEntryPoint:
    """An entry point; what is not defined here is that of `importlib_metadata.EntryPoint`.

    Args:
        name: The name in front of the equals sign.
        value: The reference behind it.
        group: The section that it is in.
        dist: The distribution.
    """

    def __init__(self, name: str, value: str, group: str, dist: DistInfo) -> None:
        self.name = name
        self.value = value
        self.group = group
        self.dist = dist

    def __getattr__(self, name: str) -> Any:
        import importlib_metadata  # see above

        return getattr(importlib_metadata.EntryPoint(self.name, self.value, self.group), name)


def read_file(path: str) -> bytes:
    """Return the content of a file; `Path.read_bytes` takes twice as long.

    Args:
        path: The file.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
        return file.read()


def distributions_in(places: Iterable[str]) -> list[Any] | None:
    """Return the distributions in entries of `sys.path`, or `None` if importlib-metadata has to search.

    It has to if an entry is an archive or an egg, or if another finder may have distributions.

    Args:
        places: The entries, which exist.
    """
    if any(map(_finds_distributions, sys.meta_path)):
        return None
    found: list[Any] = []
    for place in places:
        try:
            children = os.listdir(place or os.curdir)  # noqa: PTH208 - faster
        except NotADirectoryError:
            return None
        except OSError:  # missing permission
            continue
        if place.lower().rstrip(os.sep).endswith(".egg"):
            return None
        found += [_at(place, child) for child in children if child.lower().endswith(_SUFFIXES)]
    return found


def _at(place: str, child: str) -> DistInfo | Distribution:
    distribution = DistInfo(os.path.join(place, child))  # noqa: PTH118 - faster
    return distribution if child.endswith(_SUFFIX) else distribution.as_library()


def _finds_distributions(finder: object) -> bool:
    is_usual = finder is PathFinder or type(finder).__module__ == "importlib_metadata"
    return not is_usual and hasattr(finder, "find_distributions")


def plain_entry_points(distribution: DistInfo, group: str) -> list[FoundEntryPoint] | None:
    """Return the entry points of a distribution in a group, or `None` if a line is an unusual one.

    Args:
        distribution: The distribution.
        group: Name of the group.
    """
    section, found = None, []
    for line in map(str.strip, (distribution.read_text("entry_points.txt") or "").splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
            continue
        name, equals, value = line.partition("=")
        if section is not None and not equals:
            return None
        if section == group:
            found.append(FoundEntryPoint(name.strip(), value.strip(), group, distribution))
    return found
