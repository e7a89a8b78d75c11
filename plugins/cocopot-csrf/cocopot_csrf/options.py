"""The configuration: its keys and their validation."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from cocopot_csrf.verification import Origin, parse_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Config
    from cocopot.types import KeyCheck

_STRICT = "CSRF_STRICT"
_TRUSTED = "CSRF_TRUSTED_ORIGINS"

#: The configuration keys and their defaults.
DEFAULTS: Mapping[str, object] = MappingProxyType({_STRICT: False, _TRUSTED: ()})
_CHECKS: Mapping[str, KeyCheck] = MappingProxyType(
    {
        _STRICT: (lambda value: isinstance(value, bool), "Give True or False."),
        _TRUSTED: (
            lambda value: isinstance(value, (list, tuple, set, frozenset)),
            'Give a list of origins, such as ["https://shop.example"].',
        ),
    }
)


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
    config.check_plugin_keys("CSRF_", _CHECKS)
    trusted = set()
    for text in config[_TRUSTED]:
        origin = parse_origin(text) if isinstance(text, str) else None
        if origin is None:
            raise config.invalid_value(
                _TRUSTED,
                f"{text!r} is not an origin: give a scheme, a host, and a port if it is not the default one, "
                'without a path, such as "https://shop.example:8443".',
            )
        trusted.add(origin)
    return State(config[_STRICT], frozenset(trusted))
