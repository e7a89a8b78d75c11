"""The URLs of stores: their options, and what messages may contain of them."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

MASK: Final = "********"


def without_option(url: str, name: str) -> tuple[str, str | None]:
    """Return a URL without an option of the store itself, and the option's value.

    Args:
        url: The URL.
        name: The name of the option.
    """
    base, mark, query = url.partition("?")
    if not mark:
        return url, None
    pairs = parse_qsl(query, keep_blank_values=True)
    if name not in dict(pairs):
        return url, None
    rest = urlencode([pair for pair in pairs if pair[0] != name])
    return f"{base}?{rest}" if rest else base, dict(pairs)[name]


def masked(url: str) -> str:
    """Return what a message may contain of a URL: neither password nor options, which may be one."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    name, at, host = rest.rpartition("@")  # a password may contain what should be encoded there
    user, colon, _ = name.partition(":")
    return f"{scheme}://{user}{colon and colon + MASK}{at}{host}"
