"""Hide passwords, keys and tokens in what is shown of a configuration or of an error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

#: What stands for a secret.
MASK = "********"
#: Deeper than this nothing is shown, in levels of mappings and sequences.
_DEEPEST = 50

# -------------------------------------------------------------------------
# Names
# -------------------------------------------------------------------------

_SECRET_PARTS = re.compile(
    "SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD|TOKEN|CREDENTIAL|DSN|AUTHORIZATION|(?:API|ACCESS|PRIVATE)[_-]?KEY"
)
_SECRET_WORDS = re.compile(
    r"(?<![A-Z])(?:(?<!SORT_)KEYS?|AUTH|PRIVATE|SALTS?)(?![A-Z])|(?<![A-Z])(?:PASS|COOKIES?)[^A-Z]*$"
)
#: Where a number is how long or how many, and no secret.
_MEASURE = re.compile(
    r"(?<![A-Z])(?:AGE|COUNT|DAYS|EXPIR\w+|HOURS|LENGTH|LIFETIME|LIMIT|MAX|MIN|MINUTES|PORT|ROUNDS|SECONDS|SIZE"
    r"|TIMEOUT|TTL)(?![A-Z])"
)
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# -------------------------------------------------------------------------
# Texts
# -------------------------------------------------------------------------

#: After the first colon: up to an `@`; with a slash, if it does not begin as a port or as an address of IPv6.
_PASSWORD_IN_URL = re.compile(
    r"(\b[a-z][a-z0-9+.-]*://[^\s/?#:]*:)"
    r"(?:[^\s/]+|(?<!\[:)(?!\d*(?:[/?#\s]|$))[^\s@'\"]+)(?=@)",
    re.IGNORECASE,
)
_ITEM_OF_QUERY = re.compile(r"([?&;])([\w.-]+)=([^\s&;#'\"]+)")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_HEADER = re.compile(r"(\b(?:authorization|cookie)[ \t]*+:[ \t]*+)(?!['\"\\])[^\r\n'\"]+", re.IGNORECASE)
_QUOTED = r""" "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+' """
_IN_BRACKETS = rf""" [\[({{] (?: {_QUOTED} | [^\[\](){{}}'"] )*+ [\])}}] """
for _ in range(2):
    _IN_BRACKETS = rf""" [\[({{] (?: {_QUOTED} | [^\[\](){{}}'"] | {_IN_BRACKETS} )*+ [\])}}] """
#: A name, `=` or `:`, and what is assigned to it: quoted (also where the quotes are quoted themselves), in
#: brackets, up to a semicolon, or up to a blank.
_NAMED = re.compile(
    rf"""
    (?<![\w.-]) (?P<name>[\w.-]++) (?P<between>\\*+["']?+[ \t]*+[=:][ \t]*+)
    (?! (?:None|True|False|null)(?![^\s,;)\]}}]) | (?:''|"")(?!['"]) | (?<=:)// | {re.escape(MASK)} )
    (?P<value>
        [a-z]?(?: {_QUOTED} ) | (?P<quote>\\+["']).*?(?P=quote) | [\w.]*+ (?: {_IN_BRACKETS} )
        | [^\s;='"][^;='"\n]*(?=;) | [^\s;&]*[^\s;&'",.)\]}}>\\]
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class _Representation(str):
    """What Python shows for an object: shown as it is, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown(value: Any, name: str = "", *, masks: bool = True, within: tuple[int, ...] = ()) -> Any:
    """Return a value in a form that JSON can hold, with its secrets masked.

    What stands under the name of a secret is masked whole; of a text, what `mask_text` finds. A value that
    cannot be shown is replaced by a text that says so.

    Args:
        value: Anything. Mappings and sequences are looked into; what JSON does not know becomes the text that
            Python shows for it.
        name: The key that it stands under.
        masks: Whether to mask at all.
        within: The identities of what it stands in, so that what holds itself has an end.
    """
    try:
        if id(value) in within or len(within) > _DEEPEST:
            return _Representation("...")
        return _shown(value, name, masks=masks, within=(*within, id(value)))
    except Exception as error:  # noqa: BLE001 - objects raise what they like where they are looked at
        return _Representation(
            f"<{type(value).__name__} that raises {type(error).__name__} when it is shown>"
        )


def _shown(value: Any, name: str, *, masks: bool, within: tuple[int, ...]) -> Any:
    secret = masks and is_secret(name)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping) and not (secret and value):
        return {
            mask_text(str(key)) if masks else str(key): shown(item, str(key), masks=masks, within=within)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [_shown_item(item, name, masks=masks, within=within) for item in value]
        return sorted(items, key=repr) if isinstance(value, (set, frozenset)) else items
    if secret and _hides(value, name):
        return MASK
    if value is None or isinstance(value, (int, float)):
        text = repr(value)
        return _Representation(text) if isinstance(value, float) and not math.isfinite(value) else value
    text = str.__str__(value) if isinstance(value, str) else repr(value)
    text = mask_text(text) if masks else text
    return text if isinstance(value, str) else _Representation(text)


def _shown_item(item: Any, name: str, *, masks: bool, within: tuple[int, ...]) -> Any:
    """Return an item of a sequence; of a pair, the first may be the name of the second."""
    pair = isinstance(item, (list, tuple)) and len(item) == 2 and not hasattr(item, "_asdict")
    if pair and isinstance(item[0], str):
        inner = name if is_secret(name) else item[0]
        return [shown(item[0], name, masks=masks), shown(item[1], inner, masks=masks, within=within)]
    return shown(item, name, masks=masks, within=within)


def _hides(value: Any, name: str) -> bool:
    """Whether a value under the name of a secret is one."""
    if value is None or isinstance(value, bool) or (isinstance(value, (str, bytes)) and not value):
        return False
    return not (isinstance(value, (int, float, timedelta)) and _MEASURE.search(_words(name)))


def is_secret(name: str) -> bool:
    """Whether the value under a name is one that should not be shown."""
    words = _words(name)
    return bool(_SECRET_PARTS.search(words) or _SECRET_WORDS.search(words))


def _words(name: str) -> str:
    return _WORD_BEGINS.sub("_", name).upper()


def mask_text(text: str) -> str:
    """Mask the secrets of a text.

    They are the passwords of URLs, what their queries have under the name of a secret, what is assigned to
    such a name (`password=...`, `"token": ...`), the values of the headers Authorization and Cookie, and
    private keys in PEM.
    """
    text = _PRIVATE_KEY.sub(MASK, text)
    if "://" in text:
        text = _ITEM_OF_QUERY.sub(_masked_item, _PASSWORD_IN_URL.sub(rf"\1{MASK}", text))
    return _NAMED.sub(_masked_value, _HEADER.sub(rf"\1{MASK}", text))


def _masked_item(item: re.Match[str]) -> str:
    before, name, value = item.groups()
    return f"{before}{name}={MASK if is_secret(name) else value}"


def _masked_value(found: re.Match[str]) -> str:
    """Mask what is assigned to a name; to a short word such as `key`, only if it is clearly a value."""
    name, between, value = found["name"], found["between"], found["value"]
    if not _SECRET_PARTS.search(_words(name)):
        delimited = value[-1] in "'\")]}"
        assigned = "=" in between
        clear = (delimited and (assigned or between[0] in "\\'\"")) or (assigned and name.isupper())
        if not (clear and is_secret(name)):
            return found[0]
    quote = re.match(r"\\*[\"']", value)
    return f"{name}{between}{quote[0]}{MASK}{quote[0]}" if quote else f"{name}{between}{MASK}"
