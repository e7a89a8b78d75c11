"""The configuration: its keys, their validation, and its compilation to policies."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from cocopot import PluginError
from cocopot_cors.origins import Origins
from cocopot_cors.policy import TOKEN, Policy, Resources

if TYPE_CHECKING:
    from cocopot import Config

_PREFIX = "CORS_"
_RESOURCES = "CORS_RESOURCES"
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: The configuration keys and their defaults.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "CORS_ORIGINS": "*",
        "CORS_METHODS": ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"),
        "CORS_ALLOW_HEADERS": "*",
        "CORS_EXPOSE_HEADERS": (),
        "CORS_SUPPORTS_CREDENTIALS": False,
        "CORS_MAX_AGE": None,
        "CORS_ALLOW_PRIVATE_NETWORK": False,
        _RESOURCES: None,
    }
)


def compile_resources(config: Config) -> Resources:
    """Validate an application's configuration, and compile it to policies.

    Args:
        config: The configuration, with the keys of `DEFAULTS`; other keys that begin with `CORS_` are errors.

    Raises:
        PluginError: If a key or value is invalid; the message names both, and how to correct it.
    """
    config.check_plugin_keys(_PREFIX)
    values = {name: config[_key(name)] for name in _PARSERS}
    common = {name: parse(_key(name), values[name]) for name, parse in _PARSERS.items()}
    resources = config[_RESOURCES]
    if resources is None:
        return Resources(prefixes=(("", _policy(values, common, "")),))
    if not isinstance(resources, Mapping):
        _raise_invalid(_RESOURCES, resources, 'Give a mapping of paths to options, such as {"/api": {}}.')
    patterns: dict[re.Pattern[str], Policy] = {}
    prefixes: dict[str, Policy] = {}
    for path, options in resources.items():
        policy = _resource(path, options, values, common)
        if _is_pattern(path):
            patterns[_pattern(_RESOURCES, path)] = policy
        elif (prefix := _prefix(path)) in prefixes:
            _raise_invalid(_RESOURCES, path, "The path occurs twice, with and without a slash at its end.")
        else:
            prefixes[prefix] = policy
    longest_first = sorted(prefixes.items(), key=lambda item: len(item[0]), reverse=True)
    return Resources(tuple(patterns.items()), tuple(longest_first))


# -- one resource ----------------------------------------------------------


def _resource(
    path: object, options: object, values: Mapping[str, object], common: Mapping[str, Any]
) -> Policy:
    where = f"{_RESOURCES}[{path!r}]"
    if not isinstance(options, Mapping):
        _raise_invalid(
            where, options, 'Give a mapping of options, such as {"origins": "https://shop.example"}.'
        )
    for name in options:
        if name not in _PARSERS:
            _raise_invalid(f"{where}[{name!r}]", options[name], _unknown_option(name, _PARSERS))
    own = {name: _PARSERS[name](f"{where}[{name!r}]", value) for name, value in options.items()}
    return _policy({**values, **options}, {**common, **own}, f" of {where}")


def _policy(values: Mapping[str, object], parsed: Mapping[str, Any], where: str) -> Policy:
    """Return a policy, or raise if its options exclude each other (Fetch, section 3.3.5)."""
    policy = Policy(**parsed)
    if policy.supports_credentials and policy.origins.wildcard:
        _raise_invalid(
            f"CORS_ORIGINS{where}",
            values["origins"],
            "With CORS_SUPPORTS_CREDENTIALS, browsers reject '*'. List the origins that may act for a user; "
            "to trust every site, use the regular expression '^.*'.",
        )
    if policy.supports_credentials and policy.expose_headers is None:
        _raise_invalid(
            f"CORS_EXPOSE_HEADERS{where}",
            values["expose_headers"],
            "With CORS_SUPPORTS_CREDENTIALS, browsers treat '*' as the name of a header. List the headers.",
        )
    return policy


def _prefix(path: object) -> str:
    if not isinstance(path, str) or not path.startswith("/"):
        _raise_invalid(
            _RESOURCES, path, "A path begins with '/', and a regular expression for paths with '^'."
        )
    if odd := re.search(r"[][*?#<>(){}|\\^$]", path):
        _raise_invalid(
            _RESOURCES,
            path,
            f"A path covers itself and all paths below it, and cannot contain {odd[0]!r}. Write '/api', or a "
            "regular expression for the whole path, which begins with '^': '^/api/.*'.",
        )
    return path.rstrip("/")


# -- values ----------------------------------------------------------------


def _origins(key: str, value: object) -> Origins:
    entries = _entries(key, value, "an origin, a regular expression, a list of these, or '*'", re.Pattern)
    if entries == ["*"]:
        return Origins(wildcard=True)
    patterns = [_pattern(key, entry) for entry in entries if _is_pattern(entry)]
    literals = [_origin(key, entry) for entry in entries if not _is_pattern(entry)]
    return Origins(literals=frozenset(literals), patterns=tuple(patterns))


def _origin(key: str, text: str) -> str:
    """Return an origin that has the form in which browsers send it (RFC 6454, section 6.2)."""
    if text == "null":
        return text
    if text == "*":
        _raise_invalid(key, text, "'*' allows every origin, so it must be the only one.")
    serialized = _serialize_origin(text)
    if serialized is None:
        _raise_invalid(
            key,
            text,
            "An origin is scheme, host and, unless it is the default, port: 'https://shop.example'. "
            "A regular expression for the whole origin begins with '^'.",
        )
    if serialized != text:
        _raise_invalid(key, text, f"Write the origin as browsers send it: {serialized!r}.")
    return text


def _serialize_origin(text: str) -> str | None:
    """Return the origin of a URL, or `None` if it has none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if not parts.scheme or re.fullmatch(r"[a-z0-9._~-]+|[0-9a-f:.]*:[0-9a-f:.]*", host) is None:
        return None
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _methods(key: str, value: object) -> tuple[str, ...] | None:
    names = _names(key, value, "method")
    return None if names is None else tuple(dict.fromkeys(name.upper() for name in names))


def _headers(key: str, value: object) -> tuple[str, ...] | None:
    return _names(key, value, "header")


def _names(key: str, value: object, what: str) -> tuple[str, ...] | None:
    """Return names of methods or headers; `None` for "*"."""
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")]
    names = _entries(key, value, f"the name of a {what}, several in a list, or '*'")
    if names == ["*"]:
        return None
    for name in names:
        if name == "*" or TOKEN.fullmatch(name) is None:
            hint = "'*' must be the only one." if name == "*" else "Remove it, or correct it."
            _raise_invalid(key, name, f"This is not the name of a {what} (RFC 9110, section 5.6.2). {hint}")
    return tuple(dict.fromkeys(names))


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        _raise_invalid(key, value, "Give True or False.")
    return value


def _max_age(key: str, value: object) -> int | None:
    seconds = value // timedelta(seconds=1) if isinstance(value, timedelta) else value
    if seconds is None:
        return None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
        _raise_invalid(key, value, "Give a whole number of seconds, 0 or more, a timedelta, or None.")
    return seconds


_PARSERS: Mapping[str, Callable[[str, object], Any]] = MappingProxyType(
    {
        "origins": _origins,
        "methods": _methods,
        "allow_headers": _headers,
        "expose_headers": _headers,
        "supports_credentials": _flag,
        "max_age": _max_age,
        "allow_private_network": _flag,
    }
)


# -- helpers ---------------------------------------------------------------


def _entries(key: str, value: object, what: str, *kinds: type) -> list[Any]:
    """Return one entry or several as a list; a set in a stable order."""
    if isinstance(value, (str, *kinds)):
        return [value]
    if not isinstance(value, (list, tuple, set, frozenset)):
        _raise_invalid(key, value, f"Give {what}.")
    for entry in value:
        if not isinstance(entry, (str, *kinds)):
            _raise_invalid(key, entry, f"Give {what}.")
    return sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)


def _is_pattern(value: object) -> bool:
    return isinstance(value, re.Pattern) or (isinstance(value, str) and value.startswith("^"))


def _pattern(key: str, value: re.Pattern[Any] | str) -> re.Pattern[str]:
    try:
        pattern = re.compile(value)
    except re.error as error:
        _raise_invalid(key, value, f"This regular expression is not valid: {error}.")
    if not isinstance(pattern.pattern, str):
        _raise_invalid(key, value, "A regular expression must be text, not bytes.")
    return pattern


def _key(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


def _unknown_option(name: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"The option does not exist. {hint}Options are: {', '.join(known)}."


def _raise_invalid(key: str, value: object, remedy: str) -> NoReturn:
    raise PluginError(
        f"The configuration of CORS is invalid: {key} has {value!r}. {remedy}",
        plugin="cors",
        hook="cocopot_startup",
    )
