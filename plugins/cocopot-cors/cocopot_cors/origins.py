"""Sets of allowed origins."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Origins that regular expressions are matched with: scheme and host, so neither `null` nor a list.
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:\[\]-]+")
#: In characters. A host name has at most 253; a longer text is never matched with a regular expression.
MAX_LENGTH = 512


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

    def matches(self, origin: str) -> bool:
        """Return whether a regular expression matches an origin of at most `MAX_LENGTH` characters."""
        if not self.patterns or _ORIGIN.fullmatch(origin) is None:
            return False
        for pattern in self.patterns:  # noqa: SIM110 - faster than `any`
            if pattern.fullmatch(origin) is not None:
                return True
        return False
