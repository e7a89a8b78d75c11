"""Hide passwords, keys and tokens in what is shown of a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: What stands for a secret.
MASK = "********"
#: Values that keep no secret.
_NOTHING = (None, "", b"")
_SECRET_PARTS = ("SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "CREDENTIAL", "DSN")
_KEY_AS_A_WORD = re.compile(r"(?<![A-Z])KEY(?![A-Z])")
_PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/?#:@]*:)[^\s/]+(?=@)", re.IGNORECASE)
_ITEM_OF_QUERY = re.compile(r"([?&;])([\w.-]+)=([^\s&;#'\"]+)")


class _Representation(str):
    """What Python shows for an object: shown as it is, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown(value: Any, name: str = "", *, masks: bool = True) -> Any:
    """Return a value in a form that JSON can hold, with its secrets masked.

    What stands under the name of a secret is masked whole; of a URL, its password.

    Args:
        value: Anything. Mappings and sequences are looked into; what JSON does not know becomes the text that
            Python shows for it.
        name: The key that it stands under.
        masks: Whether to mask at all.
    """
    secret = masks and is_secret(name)
    if isinstance(value, Mapping):
        return {
            str(key): shown(item, name if secret else str(key), masks=masks) for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
        return [shown(item, name, masks=masks) for item in items]
    if secret and not isinstance(value, bool) and value not in _NOTHING:
        return MASK
    if value is None or isinstance(value, (int, float)):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = mask_urls(text) if masks else text
    return text if isinstance(value, str) else _Representation(text)


def is_secret(name: str) -> bool:
    """Whether the value under a name is one that should not be shown."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
    return any(part in words for part in _SECRET_PARTS) or _KEY_AS_A_WORD.search(words) is not None


def mask_urls(text: str) -> str:
    """Mask the passwords of all URLs in a text, and what their queries have under the name of a secret."""
    if "://" not in text:
        return text
    return _ITEM_OF_QUERY.sub(_masked_item, _PASSWORD_IN_URL.sub(rf"\1{MASK}", text))


def _masked_item(item: re.Match[str]) -> str:
    before, name, value = item.groups()
    return f"{before}{name}={MASK if is_secret(name) else value}"
