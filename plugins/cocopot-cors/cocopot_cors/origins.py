"""Sets of allowed origins."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Origins that regular expressions are matched with: scheme and host, so neither `null` nor a list.
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:\[\]-]+")
#: In characters. A host name has at most 253; a longer text is never matched with a regular expression.
_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Origins:
    """A set of origins.

    Args:
        wildcard: Whether it contains every origin, including the opaque one, `null`.
        literals: Origins in the form that browsers send (RFC 6454, section 6.2), and `null` if it is allowed.
        patterns: Regular expressions that match a whole origin.
    """

    wildcard: bool = False
    literals: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()

    def __contains__(self, origin: str) -> bool:
        if self.wildcard or origin in self.literals:
            return True
        if not self.patterns or len(origin) > _MAX_LENGTH or _ORIGIN.fullmatch(origin) is None:
            return False
        for pattern in self.patterns:  # noqa: SIM110 - faster than `any`
            if pattern.fullmatch(origin) is not None:
                return True
        return False
