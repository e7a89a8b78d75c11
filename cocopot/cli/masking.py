"""Hide passwords, keys and tokens in what is shown of a configuration or of an error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

#: The replacement of a secret.
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
#: Names of durations, sizes and counts, whose numbers are not secret.
_MEASURE = re.compile(
    r"(?<![A-Z])(?:AGE|COUNT|DAYS|EXPIR\w+|HOURS|LENGTH|LIFETIME|LIMIT|MAX|MIN|MINUTES|PORT|ROUNDS|SECONDS|SIZE"
    r"|TIMEOUT|TTL)(?![A-Z])"
)
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class _Representation(str):
    """The `repr` of an object, which is shown without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown(value: object, name: str = "", *, masks: bool = True, within: tuple[int, ...] = ()) -> Any:
    """Return a value in a form that JSON can hold, with its secrets masked.

    A value under the name of a secret is masked whole; in a text, `mask_text` masks the secrets. A value
    whose `repr` fails is replaced by a text that reports it.

    Args:
        value: Anything. Mappings and sequences are traversed; of other types that JSON does not have, the
            `repr` is returned.
        name: The key of the value.
        masks: Whether to mask at all.
        within: The identities of the containers around it, which end a reference cycle.
    """
    try:
        if id(value) in within or len(within) > _DEEPEST:
            return _Representation("...")
        return _shown(value, name, masks=masks, within=(*within, id(value)))
    except Exception as error:  # noqa: BLE001 - whatever the methods of the object raise
        return _Representation(
            f"<{type(value).__name__} that raises {type(error).__name__} when it is shown>"
        )


def _shown(value: object, name: str, *, masks: bool, within: tuple[int, ...]) -> object:
    secret, as_dict = masks and is_secret(name), getattr(value, "_asdict", None)
    if isinstance(value, tuple) and callable(as_dict):
        value = as_dict()
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


def _shown_item(item: object, name: str, *, masks: bool, within: tuple[int, ...]) -> object:
    """Return an item of a sequence; of a pair, the first may be the name of the second."""
    match item:
        case [str(key), value] if isinstance(item, (list, tuple)) and not hasattr(item, "_asdict"):
            inner = name if is_secret(name) else key
            return [shown(key, name, masks=masks), shown(value, inner, masks=masks, within=within)]
    return shown(item, name, masks=masks, within=within)


def _hides(value: object, name: str) -> bool:
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


# -------------------------------------------------------------------------
# Texts
# -------------------------------------------------------------------------

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_HEADER = re.compile(r"(\b(?:authorization|cookie)[ \t]*+:[ \t]*+)(?!['\"\\])[^\r\n'\"]+", re.IGNORECASE)
_QUERY_ITEM = re.compile(r"([?&;])([\w.-]+)=([^\s&;#'\"]+)")


def mask_text(text: str) -> str:
    """Mask the secrets of a text.

    They are the passwords of URLs, the items of their queries with the name of a secret, values that are
    assigned to such a name (`password=...`, `"token": ...`), the values of the headers Authorization and
    Cookie, and private keys in PEM.
    """
    text = _PRIVATE_KEY.sub(MASK, text)
    if "://" in text:
        text = _QUERY_ITEM.sub(_mask_query_item, _mask_passwords_of_urls(text))
    return _mask_assignments(_HEADER.sub(rf"\1{MASK}", text))


def _mask_query_item(item: re.Match[str]) -> str:
    before, name, value = item.groups()
    return f"{before}{name}={MASK if is_secret(name) else value}"


# -------------------------------------------------------------------------
# Passwords of URLs
# -------------------------------------------------------------------------

#: The end of a scheme.
_SCHEME_END = re.compile(r"(?<=[a-z0-9+.-])://", re.IGNORECASE)
_USER = re.compile(r"[^\s/?#:]*:")
_WITHOUT_SLASH = re.compile(r"[^\s/]+(?=@)")
#: A password with a slash in it.
_WITH_SLASH = re.compile(r"[^\s@'\"]++(?=@)")
_PORT = re.compile(r"\d*(?:[/?#\s]|\Z)")


def _mask_passwords_of_urls(text: str) -> str:
    parts, written = [], 0
    for scheme in _SCHEME_END.finditer(text):
        user = _USER.match(text, scheme.end())
        if user is None or user.start() < written:
            continue
        end = _find_password_end(text, user.end())
        if end is not None:
            parts += [text[written : user.end()], MASK]
            written = end
    return "".join([*parts, text[written:]])


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


# -------------------------------------------------------------------------
# Assignments
# -------------------------------------------------------------------------

#: A name and the operator after it, which may have a closing quote of the name, also an escaped one.
_NAME = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)(?P<operator>\\*+[\"']?+[ \t]*+[=:][ \t]*+)")
#: Values that are not secrets: a constant, or an empty string.
_NOTHING = re.compile(r"(?:None|True|False|null)(?=[\s,;)\]}]|\Z)|(?:''|\"\")(?!['\"])", re.IGNORECASE)

_STRING = r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'"""
#: A string, which may have a prefix such as `b`.
_QUOTED = re.compile(rf"[a-z]?(?:{_STRING})", re.IGNORECASE)
#: The quotes of a string inside another string.
_ESCAPED_QUOTE = re.compile(r"\\+[\"']")
#: What precedes the brackets of a call.
_CALLEE = re.compile(r"[\w.]*+")
#: A part of a text in brackets: a string, other text, or one bracket.
_BRACKET_TOKEN = re.compile(rf"{_STRING}|[^\[\](){{}}'\"]++|[\[\](){{}}]")
#: How deep brackets are followed, so that brackets that are never closed take no time.
_DEEPEST_BRACKET = 3
_UP_TO_SEMICOLON = re.compile(r"[^\s;='\"][^;='\"\n]*+(?=;)")
_WORD = re.compile(r"[^\s;&]+")
#: Punctuation after a word.
_AFTER_WORD = "'\",.)]}>\\"


def _mask_assignments(text: str) -> str:
    parts, written, position = [], 0, 0
    while (found := _NAME.search(text, position)) is not None:
        position = found.end()
        name, operator = found["name"], found["operator"]
        if not _may_be_masked(name, operator):
            continue
        end = _find_value_end(text, position, operator)
        if end is None:
            continue
        value = text[position:end]
        if _is_clear(name, operator, value):
            quote = _ESCAPED_QUOTE.match(value) or re.match("[\"']", value)
            parts += [text[written:position], MASK if quote is None else f"{quote[0]}{MASK}{quote[0]}"]
            written = end
        position = end
    return "".join([*parts, text[written:]])


def _may_be_masked(name: str, operator: str) -> bool:
    """Return whether a value may be a secret, as far as its name and the operator show."""
    if _SECRET_PARTS.search(_words(name)):
        return True
    # After a short word such as `key`, a colon alone is one of prose.
    return is_secret(name) and ("=" in operator or operator[0] in "\\'\"")


def _is_clear(name: str, operator: str, value: str) -> bool:
    """Return whether it is clear that a value is a secret; to a short word such as `key` it is assigned."""
    if _SECRET_PARTS.search(_words(name)):
        return True
    return value[-1] in "'\")]}" or ("=" in operator and name.isupper())


def _find_value_end(text: str, start: int, operator: str) -> int | None:
    """Return where an assigned value ends; `None` if there is nothing to hide."""
    is_url = operator.endswith(":") and text.startswith("//", start)
    if is_url or text.startswith(MASK, start) or _NOTHING.match(text, start):
        return None
    if quoted := _QUOTED.match(text, start):
        return quoted.end()
    end = _find_escaped_end(text, start)
    if end is None:
        end = _find_closing_bracket(text, start)
    if end is None and (statement := _UP_TO_SEMICOLON.match(text, start)):
        end = statement.end()
    if end is None and (word := _WORD.match(text, start)):
        end = start + len(word[0].rstrip(_AFTER_WORD))
    return end if end != start else None


def _find_escaped_end(text: str, start: int) -> int | None:
    """Return the end of a string that begins with escaped quotes, on the same line."""
    quote = _ESCAPED_QUOTE.match(text, start)
    if quote is None:
        return None
    end = text.find(quote[0], quote.end())
    return None if end < 0 or "\n" in text[quote.end() : end] else end + len(quote[0])


def _find_closing_bracket(text: str, start: int) -> int | None:
    """Return the end of a value in brackets, such as a list or a call; `None` if it is not closed."""
    callee, depth = _CALLEE.match(text, start), 0
    position = start if callee is None else callee.end()
    while (token := _BRACKET_TOKEN.match(text, position)) is not None:
        if token[0] in {"[", "(", "{"}:
            depth += 1
        elif token[0] in {"]", ")", "}"}:
            depth -= 1
        if not 0 < depth <= _DEEPEST_BRACKET:
            return token.end() if depth == 0 and token[0] in {"]", ")", "}"} else None
        position = token.end()
    return None
