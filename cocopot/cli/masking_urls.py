"""Hide the secrets of URLs: passwords and tokens before the host, and items of the query."""

from __future__ import annotations

import re

from cocopot.cli.masking_names import is_secret_item

#: The replacement of a secret.
MASK = "********"

#: The slashes before a host: after a scheme, or at the beginning of a value.
_SLASHES = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*+):(?P<path>//)|(?<![^\s'\"=(,;\[{@])//", re.IGNORECASE)
_USER = re.compile(r"[^\s/?#:'\"]*+:")
_WITHOUT_SLASH = re.compile(r"[^\s/]+(?=@)")
#: A password with a slash in it.
_WITH_SLASH = re.compile(r"[^\s@'\"]++(?=@)")
_PORT = re.compile(r"\d*(?:[/?#\s]|\Z)")
#: The whole part before a host, if it has no colon.
_USER_ALONE = re.compile(r"[^\s/?#:@'\"]++(?=@)")
#: A user that is a token: long, with digits and letters.
_TOKEN = re.compile(r"(?=.*\d)(?=.*[a-z])[\w.~%+-]{16,}", re.IGNORECASE)
#: Oracle's `USER/PASSWORD@`, in a URL of JDBC, or as the whole of a text.
_ORACLE = re.compile(
    r"(jdbc:oracle:\w+:[^\s/@:'\"]*+/|\A\w++/(?=[^\s@/]++@//))[^\s@'\"]++(?=@)", re.IGNORECASE
)
#: `USER:PASSWORD` after an option of curl.
_CURL = re.compile(r"((?<!\S)(?:-u|--user|--proxy-user)[ =]['\"]?[^\s:'\"]*+:)[^\s'\"]+")
#: `USER:PASSWORD@`, as the whole of a text, or before the address of a driver for Go.
_BARE = re.compile(
    r"\A(?!(?:mailto|acct|sips?|xmpp):)([\w.%+-]*+:)[^\s/@'\"]++(?=@[\w.\[\]-]+(?::\d+)?(?:/\S*)?\Z)"
)
_GO = re.compile(r"(?<![\w.%+-])([\w.%+-]++:)[^\s@'\"]++(?=@(?:tcp|unix)\()")
_QUERY_ITEM = re.compile(r"([?&#])([\w.%+-]++)=([^\s&;#'\"]+)")
#: URLs whose path is the secret.
_WEBHOOK = re.compile(
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/\d+/"
    r"|office\.com/webhook(?:b2)?/|api\.telegram\.org/(?:file/)?bot)[^\s'\"?#]+"
)


def mask_urls(text: str) -> str:
    """Mask what precedes the hosts of URLs, and the items of their queries with the name of a secret."""
    if ":" in text:
        text = _CURL.sub(rf"\1{MASK}", text)
    if "@" in text:
        text = _GO.sub(rf"\1{MASK}", _ORACLE.sub(rf"\1{MASK}", _BARE.sub(rf"\1{MASK}", text)))
    if "//" in text:
        text = _WEBHOOK.sub(rf"\1{MASK}", _mask_before_hosts(text))
    if "=" in text:
        text = _QUERY_ITEM.sub(_mask_query_item, text)
    return text


def _mask_query_item(item: re.Match[str]) -> str:
    before, name, value = item.groups()
    return f"{before}{name}={MASK if is_secret_item(name) else value}"


def _mask_before_hosts(text: str) -> str:
    parts, written = [], 0
    for slashes in _SLASHES.finditer(text):
        if slashes.end() < written:
            continue
        start, end = _find_secret(text, slashes.end(), (slashes["scheme"] or "").lower())
        if end > start:
            parts += [text[written:start], MASK]
            written = end
    return "".join([*parts, text[written:]])


def _find_secret(text: str, start: int, scheme: str) -> tuple[int, int]:
    """Return where the secret before a host begins and ends; it is empty if there is none."""
    user = _USER.match(text, start)
    end = None if user is None else _find_password_end(text, user.end())
    if user is not None and end is not None:
        return user.end(), end
    alone = _USER_ALONE.match(text, start)
    # With HTTP it is a token or a key. Other schemes have the name of a user there, such as ssh://git@host.
    if alone is not None and (scheme.endswith(("http", "https")) or _TOKEN.fullmatch(alone[0])):
        return start, alone.end()
    return start, start


def _find_password_end(text: str, start: int) -> int | None:
    """Return where a password ends that begins after the colon of a URL; `None` if there is none.

    It may contain an `@`, or a slash, if it does not begin like a port or an address of IPv6.
    """
    if text.find("@", start) < 0:
        return None
    password = _WITHOUT_SLASH.match(text, start)
    if password is None and text[start - 2] != "[" and not _PORT.match(text, start):
        password = _WITH_SLASH.match(text, start)
    return None if password is None else password.end()
