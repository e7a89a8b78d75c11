"""The configuration keys of the core: their defaults, and the values that they accept."""

from __future__ import annotations

import re
import reprlib
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from cocopot.exceptions import ConfigFault
from cocopot.hosts import check_trusted_hosts, parse_host, to_ascii
from cocopot.suggestions import did_you_mean

#: The keys of the core, each with its default.
DEFAULTS: Final[Mapping[str, Any]] = types.MappingProxyType(
    {
        # Whether to reload, to show errors in the browser and to indent JSON: a bool; never in production.
        "DEBUG": False,
        # Whether tests are running, so that exceptions reach them: a bool.
        "TESTING": False,
        # Whether an unhandled exception leaves the app, not as a 500: a bool; None: if DEBUG or TESTING.
        "PROPAGATE_EXCEPTIONS": None,
        # The key that signs cookies and tokens: str or bytes, 32 random bytes or more; None: no signing.
        "SECRET_KEY": None,
        # Earlier values of SECRET_KEY, which still verify what they have signed: a list of str or bytes.
        "SECRET_KEY_FALLBACKS": None,
        # The host, with its port if unusual, for subdomains and URLs built outside a request: a str.
        "SERVER_NAME": None,
        # The path that the app is mounted under, for URLs built outside a request: a str, slash first.
        "APPLICATION_ROOT": "/",
        # The scheme of URLs built outside a request: "http" or "https".
        "PREFERRED_URL_SCHEME": "http",
        # The hosts of requests: a list of str, a leading dot includes subdomains; None: any, [] none.
        "TRUSTED_HOSTS": None,
        # The largest request body, in bytes: a larger one is a 413; None: any.
        "MAX_CONTENT_LENGTH": None,
        # The largest field of a multipart form, not a file, in bytes: a larger one is a 413; None: any.
        "MAX_FORM_MEMORY_SIZE": 500_000,
        # The most parts of a multipart form: more are a 413; None: no limit.
        "MAX_FORM_PARTS": 1000,
        # The largest cookie that is set without a warning, in bytes with its attributes; 0: any.
        "MAX_COOKIE_SIZE": 4093,
        # How long a browser may keep a sent file, in seconds or a timedelta; None: it asks each time.
        "SEND_FILE_MAX_AGE_DEFAULT": None,
        # Whether the server sends files itself, as the header X-Sendfile requests.
        "USE_X_SENDFILE": False,
        # Whether a missing form or query key raises where it is read, for debugging: a bool; None: if DEBUG.
        "TRAP_BAD_REQUEST_ERRORS": None,
        # Whether HTTP exceptions are treated like any other exception, for debugging: a bool.
        "TRAP_HTTP_EXCEPTIONS": False,
        # Whether JSON output escapes all characters outside ASCII: a bool.
        "JSON_AS_ASCII": True,
        # Whether JSON output has the keys of objects sorted: a bool.
        "JSON_SORT_KEYS": True,
        # Whether JSON responses have no blanks (True) or are indented (False): a bool; None: not DEBUG.
        "JSON_COMPACT": None,
        # The content type of JSON responses: a str.
        "JSON_MIMETYPE": "application/json",
        # Whether a rule answers OPTIONS automatically unless it has its own setting: a bool.
        "PROVIDE_AUTOMATIC_OPTIONS": True,
        # How long a request waits for the startup hooks, in seconds: then it is a 503; None: any time.
        "STARTUP_TIMEOUT": 30,
    }
)

# -------------------------------------------------------------------------
# Checks: each returns what a valid value is, or None if the value is one
# -------------------------------------------------------------------------

_Check = Callable[[object], str | None]

_MIMETYPE = r"(?a)[\w.+-]+/[\w.+-]+(?:\s*;.*)?"


def _check_bool(value: object) -> str | None:
    # 0 and 1 too: that is what the environment has for them.
    is_valid = isinstance(value, int) and value in (0, 1)
    return None if is_valid else "must be a bool: True or False"


def _check_optional_bool(value: object) -> str | None:
    return None if value is None or not _check_bool(value) else "must be a bool, True or False, or None"


def _check_count(value: object) -> str | None:
    is_valid = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
    return None if is_valid else "must be an int, 0 or more, without quotes, or None"


def _check_seconds(value: object) -> str | None:
    seconds = value // timedelta(seconds=1) if isinstance(value, timedelta) else value
    is_too_large = isinstance(seconds, int) and seconds > _MAX_SECONDS
    is_valid = not _check_count(seconds) and not is_too_large
    return (
        None if is_valid else "must be an int from 0 to 2147483648, without quotes, or a timedelta, or None"
    )


#: More than this, no cache need distinguish (RFC 9111, 1.2.2).
_MAX_SECONDS = 2**31


def _check_secret(value: object) -> str | None:
    if value is None or (isinstance(value, str | bytes) and value):
        return None
    cure = (
        "python -c 'import secrets; print(secrets.token_hex())' prints one"
        if isinstance(value, str | bytes)
        else "in the environment, put a number in quotes: COCOPOT_SECRET_KEY='\"123\"'"
    )
    return f"must be a str or bytes with 32 random bytes or more, or None; {cure}"


def _check_fallbacks(value: object) -> str | None:
    is_list = isinstance(value, list | tuple) and all(item and not _check_secret(item) for item in value)
    return None if value is None or is_list else "must be a list of earlier secret keys, or None"


def _check_size(value: object) -> str | None:
    return "must be an int, 0 or more, without quotes" if value is None else _check_count(value)


def _check_server_name(value: object) -> str | None:
    if value is None or (isinstance(value, str) and parse_host(to_ascii(value)) is not None):
        return None
    return (
        "must be a host, with its port if it is unusual, or None; without a scheme, a user and a path: "
        "'shop.example', 'localhost:8000' or '[::1]:8000'"
    )


def _check_root(value: object) -> str | None:
    is_valid = isinstance(value, str) and re.fullmatch(r"/[^\s?#]*", value) and not value.startswith("//")
    return None if is_valid else "must be a path that begins with a slash, such as '/' or '/shop'"


def _check_scheme(value: object) -> str | None:
    return None if value in ("http", "https") else "must be 'http' or 'https'"


def _check_mimetype(value: object) -> str | None:
    is_valid = isinstance(value, str) and re.fullmatch(_MIMETYPE, value)
    return None if is_valid else "must be a content type, such as 'application/json'"


_CHECKS: Final[Mapping[str, _Check]] = {
    "DEBUG": _check_bool,
    "TESTING": _check_bool,
    "PROPAGATE_EXCEPTIONS": _check_optional_bool,
    "SECRET_KEY": _check_secret,
    "SECRET_KEY_FALLBACKS": _check_fallbacks,
    "SERVER_NAME": _check_server_name,
    "APPLICATION_ROOT": _check_root,
    "PREFERRED_URL_SCHEME": _check_scheme,
    "TRUSTED_HOSTS": check_trusted_hosts,
    "MAX_CONTENT_LENGTH": _check_count,
    "MAX_FORM_MEMORY_SIZE": _check_count,
    "MAX_FORM_PARTS": _check_count,
    "MAX_COOKIE_SIZE": _check_size,
    "SEND_FILE_MAX_AGE_DEFAULT": _check_seconds,
    "USE_X_SENDFILE": _check_bool,
    "TRAP_BAD_REQUEST_ERRORS": _check_optional_bool,
    "TRAP_HTTP_EXCEPTIONS": _check_bool,
    "JSON_AS_ASCII": _check_bool,
    "JSON_SORT_KEYS": _check_bool,
    "JSON_COMPACT": _check_optional_bool,
    "JSON_MIMETYPE": _check_mimetype,
    "PROVIDE_AUTOMATIC_OPTIONS": _check_bool,
    "STARTUP_TIMEOUT": _check_count,
}

#: The keys whose values are booleans.
BOOLEANS: Final = frozenset(
    key for key, check in _CHECKS.items() if check in (_check_bool, _check_optional_bool)
)


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 100
#: The keys whose values are never part of a message.
_SECRETS: Final = frozenset({"SECRET_KEY", "SECRET_KEY_FALLBACKS"})


def find_faults(values: Mapping[str, object], origin_of: Callable[[str], object] = str) -> list[ConfigFault]:
    """Return the invalid values among those of keys of the core, sorted by key.

    Args:
        values: Keys and values; keys that are not of the core are skipped.
        origin_of: Returns the origin of the value of a key.
    """
    faults = []
    for key in sorted(_CHECKS.keys() & values.keys()):
        value = values[key]
        if (requirement := _CHECKS[key](value)) is not None:
            is_secret = key in _SECRETS and not (isinstance(value, str | bytes) and not value)
            shown = f"a {type(value).__name__}" if is_secret else _REPR.repr(value)
            faults.append(ConfigFault(key, shown, str(origin_of(key)), requirement))
    return faults


class MissingKeyError(KeyError):
    """The configuration has no such key.

    Args:
        key: The key.
        known: The keys that there are.
    """

    def __init__(self, key: object, known: Iterable[object] = ()) -> None:
        super().__init__(key)
        self._known = known

    def __str__(self) -> str:
        """Return a sentence with the key, and the one that is most similar."""
        key, known = self.args[0], [key for key in self._known if isinstance(key, str)]
        hint = did_you_mean(key.upper(), known) if isinstance(key, str) else ""
        return f"The configuration has no key {key!r}. {hint}".rstrip()


#: Keys that Flask had, and what to do about each.
_GONE: Final[Mapping[str, str]] = {
    "ENV": "use DEBUG, or a key of your own",
    "JSONIFY_MIMETYPE": "use JSON_MIMETYPE",
    "JSONIFY_PRETTYPRINT_REGULAR": "use JSON_COMPACT, which is the opposite",
    "LOGGER_HANDLER_POLICY": "configure the handlers of app.logger with logging.config",
    "LOGGER_NAME": "set app.name, which is the name of app.logger",
    "PRESERVE_CONTEXT_ON_EXCEPTION": "the debugger and `with app.test_client()` keep contexts themselves",
}


def warn_about_gone_keys(values: Mapping[str, object], origin_of: Callable[[str], object]) -> None:
    """Warn about keys that have no effect any more.

    Args:
        values: Keys and values.
        origin_of: Returns the origin of the value of a key.
    """
    for key in sorted(_GONE.keys() & values.keys()):
        message = f"The configuration key {key} ({origin_of(key)}) is ignored: {_GONE[key]}."
        warnings.warn(message, UserWarning, stacklevel=2)
