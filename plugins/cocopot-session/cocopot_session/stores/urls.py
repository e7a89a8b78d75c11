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


def reason(url: str, error: Exception) -> str:
    """Return why a URL is not valid, without what may be a part of its password.

    Args:
        url: The URL.
        error: What a library has raised for it, which names what it has taken for a host, port or path.
    """
    name = url.partition("://")[2].rpartition("@")[0]
    if not set("/?#@").isdisjoint(name):
        return "encode the password: / is %2F, ? is %3F, # is %23, and @ is %40"
    return str(error)


def masked(url: str) -> str:
    """Return what a message may contain of a URL: neither password nor options, which may be one."""
    base, _, options = url.partition("?")
    scheme, mark, rest = base.partition("://")
    if "@" in options or ("@" in base and not mark):  # where a password begins or ends is not known
        return f"{scheme}{mark}{MASK}" if mark else MASK
    if not mark:
        return base
    name, at, host = rest.rpartition("@")  # a password may contain what should be encoded there
    user, colon, _ = name.partition(":")
    return f"{scheme}://{user}{colon and colon + MASK}{at}{host}"
