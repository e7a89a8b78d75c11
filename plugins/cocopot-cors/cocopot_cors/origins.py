"""Which origins are allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What a regular expression is tried on: an origin with a scheme and a host, so neither `null` nor a list.
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:\[\]-]+")
#: In characters. The name of a host has 253 at most; more than this is never handed to a regular expression.
_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Origins:
    """A set of origins.

    Args:
        wildcard: Whether every origin is in it, the opaque one, `null`, included.
        literals: Origins as browsers send them (RFC 6454, section 6.2), and `null` if that is allowed.
        patterns: Regular expressions that match the whole of an origin.
    """

    wildcard: bool = False
    literals: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    def __contains__(self, origin: str) -> bool:
        if self.wildcard or origin in self.literals:
            return True
        if not self.patterns or len(origin) > _MAX_LENGTH or _ORIGIN.fullmatch(origin) is None:
            return False
        return any(pattern.fullmatch(origin) for pattern in self.patterns)
