"""The configuration: its keys and their validation."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from cocopot import PluginError
from cocopot_csrf.verification import Origin, parse_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Config

_STRICT = "CSRF_STRICT"
_TRUSTED = "CSRF_TRUSTED_ORIGINS"

#: The configuration keys and their defaults.
DEFAULTS: Mapping[str, object] = MappingProxyType({_STRICT: False, _TRUSTED: ()})


@dataclass(slots=True)
class State:
    """What the plugin knows of an application.

    Args:
        is_strict: Whether a request without `Sec-Fetch-Site` and `Origin` is rejected.
        trusted: The other origins whose pages may send any request.
    """

    is_strict: bool = False
    trusted: frozenset[Origin] = frozenset()
    #: Whether the warning of plain HTTP has been logged.
    has_warned: bool = False


def compile_options(config: Config) -> State:
    """Validate an application's configuration, and return it in the form that requests need.

    Args:
        config: The configuration, with the keys of `DEFAULTS`; other keys that begin with `CSRF_` are errors.

    Raises:
        PluginError: If a key or value is invalid; the message names both, and how to correct it.
    """
    for key in config:
        if key.startswith("CSRF_") and key not in DEFAULTS:
            close = difflib.get_close_matches(key, DEFAULTS, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            _raise_invalid(config, key, f"{hint}The keys are {' and '.join(DEFAULTS)}.")
    if not isinstance(config[_STRICT], bool):
        _raise_invalid(config, _STRICT, "Give True or False.")
    origins = config[_TRUSTED]
    if not isinstance(origins, (list, tuple, set, frozenset)):
        _raise_invalid(config, _TRUSTED, 'Give a list of origins, such as ["https://shop.example"].')
    trusted = set()
    for text in origins:
        origin = parse_origin(text) if isinstance(text, str) else None
        if origin is None:
            _raise_invalid(
                config,
                _TRUSTED,
                f"{text!r} is not an origin: give a scheme, a host, and a port if it is not the default one, "
                'without a path, such as "https://shop.example:8443".',
            )
        trusted.add(origin)
    return State(config[_STRICT], frozenset(trusted))


def _raise_invalid(config: Config, key: str, remedy: str) -> NoReturn:
    raise PluginError(
        f"The configuration of CSRF is invalid: {key} is {config[key]!r} (set by {config.origin(key)}). "
        f"{remedy}",
        plugin="csrf",
        hook="cocopot_startup",
    )
