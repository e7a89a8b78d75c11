"""Names under which configurations and texts have secrets."""

from __future__ import annotations

import re
from urllib.parse import unquote

#: What is the name of a secret wherever it is in a name.
_PARTS = re.compile(
    r"SECRET(?!AR)|PASS?W(?:O?R?D|ORT)|PASSPHRASE|PASSCODE|PS?WD|TOKEN(?!I[ZS])|CREDENTIAL|DSN(?![A-Z])"
    r"|AUTHORIZATION|SHARED_?ACCESS_?SIGNATURE|(?:BACKUP|RECOVERY)[_-]?CODE|MNEMONIC|SEED[_-]?PHRASE"
    r"|KENNWORT|MOT_DE_PASSE|MOTDEPASSE|CONTRASE[NÑ]A"
    r"|(?:ACCESS|ACCOUNT|API|CLIENT|ENCRYPTION|MASTER|PRIVATE|SERVICE|SHARED|SIGNING|STORAGE)[_-]?KEY"
)
#: Words that end like the name of a secret, and are not one.
_OTHER = (
    r"(?!(?:(?:DONKEY|HICKEY|HOCKEY|HOTKEY|JOCKEY|LACKEY|MONKEY|TURKEY|WHISKEY)S?"
    r"|(?:ALL|BAND|BY|COM|ENCOM|HIGH|LOW|OVER|SUR|TRES|UNDER)PASS|OAUTH|PREAUTH|BASALTS?)(?![A-Z]))"
)
#: Words that are the name of a secret, anywhere in a name.
_WORDS = re.compile(rf"(?<![A-Z]){_OTHER}(?:(?<!SORT_)[A-Z]*KEYS?|AUTH|PRIVATE|[A-Z]*SALTS?)(?![A-Z])")
#: Words that are the name of a secret at the end of a name.
_LAST_WORDS = re.compile(
    rf"(?<![A-Z]){_OTHER}"
    r"(?:(?<!SORT_)[A-Z]*KEYS?|[A-Z]*PASS|[A-Z]*AUTH|[A-Z]*SALTS?|PRIVATE|COOKIES?|BEARER|[A-Z]*PW|CREDS?"
    r"|JWTS?|PATS?|PEPPERS?|(?<!GPIO_)PIN|SAS|[A-Z]*OTP|(?:MFA|[A-Z]*OTP|WALLET)_?SEED|[A-Z]*SESSION_?ID)[^A-Z]*$"
)
#: Names with such a word of what is public, or is about a secret.
_PUBLIC = re.compile(
    r"(?:CACHE|FOREIGN|PARTITION|PUBLIC|PUBLISHABLE)[_-]?KEYS?[^A-Z]*$|KEY[_-](?:FUNC|FUNCTION|PREFIX)$"
    r"|^(?!.*SECRET).*[_-](?:ALGORITHM|BACKEND|ENABLED|ENDPOINT|HASHERS?|TYPE|UR[IL])$"
)
#: Such words that are ordinary ones in prose.
_PROSE = frozenset(
    [
        "AUTH",
        "BEARER",
        "COOKIE",
        "CRED",
        "JWT",
        "KEY",
        "OTP",
        "PAS",
        "PAT",
        "PEPPER",
        "PIN",
        "PRIVATE",
        "SA",
        "SALT",
    ]
)
#: Items of a query that sign or authorize a request, beside those.
_QUERY_ITEMS = re.compile(r"(?<![A-Z])(?:SID|SIG|SIGNATURE)[^A-Z]*$")
#: Names of durations, sizes and counts, whose numbers are not secret.
_MEASURE = re.compile(
    r"(?<![A-Z])(?:AGE|COUNT|DAYS|EXPIR\w+|HOURS|LENGTH|LIFETIME|LIMIT|MAX|MIN|MINUTES|PORT|ROUNDS|SECONDS|SIZE"
    r"|TIMEOUT|TTL)(?![A-Z])"
)
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: How often a name or a value that was percent-encoded several times is decoded.
MAX_ENCODINGS = 4


def is_secret(name: str) -> bool:
    """Return whether the value under a name is one that should not be shown."""
    words = _words(name)
    found = _PARTS.search(words) or _WORDS.search(words) or _LAST_WORDS.search(words)
    return found is not None and _PUBLIC.search(words) is None


def is_unmistakable(name: str) -> bool:
    """Return whether a name is that of a secret in prose, too, where `key` and `auth` are ordinary words.

    It is if it has several words, of which the last one is such a word.
    """
    words = _words(name).strip("_-.")
    if _PUBLIC.search(words):
        return False
    if _PARTS.search(words):
        return True
    return words.rstrip("S") not in _PROSE and _LAST_WORDS.search(words) is not None


def is_secret_item(name: str) -> bool:
    """Return whether the item of a URL's query is one that should not be shown."""
    decoded = decode(name)
    return is_secret(decoded) or _QUERY_ITEMS.search(_words(decoded)) is not None


def is_measure(name: str) -> bool:
    """Return whether a number under a name is an age, a size, a limit or the like."""
    return _MEASURE.search(_words(name)) is not None


def decode(text: str) -> str:
    """Return a text without its percent-encoding, which may have been applied several times."""
    for _ in range(MAX_ENCODINGS):
        decoded = unquote(text)
        if decoded == text:
            break
        text = decoded
    return text


def _words(name: str) -> str:
    return _WORD_BEGINS.sub("_", name).upper()
