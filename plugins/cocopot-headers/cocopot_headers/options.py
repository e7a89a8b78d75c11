"""The configuration: its keys, their validation, and the headers that follow from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cocopot_headers.policy import DEFAULT, merged

if TYPE_CHECKING:
    from cocopot import Config
    from cocopot.types import KeyCheck
    from cocopot_headers.policy import Directives

#: The configuration keys and their defaults.
DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "HEADERS_CSP": {},
        "HEADERS_CSP_REPORT_ONLY": False,
        "HEADERS_CSP_REPORT": None,
        "HEADERS_FRAME_OPTIONS": "auto",
        "HEADERS_NOSNIFF": True,
        "HEADERS_REFERRER_POLICY": "strict-origin-when-cross-origin",
        "HEADERS_OPENER_POLICY": "same-origin",
        "HEADERS_PERMISSIONS_POLICY": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "HEADERS_HSTS": None,
        "HEADERS_HSTS_SUBDOMAINS": False,
        "HEADERS_HSTS_PRELOAD": False,
        "HEADERS_HTTPS_REDIRECT": False,
        "HEADERS_PROXIES": 0,
    }
)
#: The headers whose value is that of a key.
PLAIN: Final = {
    "Referrer-Policy": "HEADERS_REFERRER_POLICY",
    "Cross-Origin-Opener-Policy": "HEADERS_OPENER_POLICY",
    "Permissions-Policy": "HEADERS_PERMISSIONS_POLICY",
}
_REFERRER_POLICIES: Final = frozenset(
    {
        *("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "same-origin"),
        *("strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
    }
)
_OPENER_POLICIES: Final = frozenset(
    {"same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"}
)
_REPORT = re.compile(r"(?:/(?!/)|https://[\w.-]+(?::\d+)?/)[\w./~%-]*", re.ASCII)
#: What browsers require of a site that is to be in their preload list, in seconds.
_PRELOAD_AGE: Final = 365 * 24 * 3600
_PROXY_ARGUMENTS: Final = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")


def check_keys(config: Config) -> None:
    """Validate the values that do not become something else.

    Args:
        config: The configuration, with the keys of `DEFAULTS`; other keys that begin with `HEADERS_` are
            errors.

    Raises:
        PluginError: A key or a value is not valid; the message has both, where it was set, and a remedy.
    """
    config.check_plugin_keys("HEADERS_", _CHECKS)
    if config["HEADERS_HSTS_PRELOAD"]:
        seconds = config["HEADERS_HSTS"]
        if not config["HEADERS_HSTS_SUBDOMAINS"] or seconds is None or seconds < _PRELOAD_AGE:
            remedy = f"It needs HEADERS_HSTS_SUBDOMAINS, and HEADERS_HSTS of {_PRELOAD_AGE} seconds or more."
            raise config.invalid_value("HEADERS_HSTS_PRELOAD", remedy)


def directives_of(config: Config) -> Directives | None:
    """Return the policy of an application, or `None` if it has none.

    Raises:
        PluginError: It is not valid.
    """
    value = config["HEADERS_CSP"]
    try:
        return None if value is None else merged(DEFAULT, value)
    except ValueError as error:
        raise config.invalid_value("HEADERS_CSP", str(error)) from error


def static_headers(config: Config) -> list[tuple[str, str]]:
    """Return the headers of all responses."""
    nosniff = [("X-Content-Type-Options", "nosniff")] if config["HEADERS_NOSNIFF"] else []
    return [*nosniff, *((name, config[key]) for name, key in PLAIN.items() if config[key] is not None)]


def https_headers(config: Config) -> list[tuple[str, str]]:
    """Return the headers of `https` responses only: browsers ignore them by plain HTTP.

    They are `Strict-Transport-Security` (RFC 6797, section 6.1) and `Reporting-Endpoints`.
    """
    report = config["HEADERS_CSP_REPORT"]
    reporting = [] if report is None else [("Reporting-Endpoints", f'csp="{report}"')]
    if config["HEADERS_HSTS"] is None:
        return reporting
    subdomains = "; includeSubDomains" if config["HEADERS_HSTS_SUBDOMAINS"] else ""
    preload = "; preload" if config["HEADERS_HSTS_PRELOAD"] else ""
    value = f"max-age={config['HEADERS_HSTS']}{subdomains}{preload}"
    return [("Strict-Transport-Security", value), *reporting]


def proxy_arguments(config: Config) -> dict[str, int]:
    """Return the arguments of `ProxyFix`; empty if no proxy is trusted."""
    value = config["HEADERS_PROXIES"]
    arguments = {"x_for": value, "x_proto": value} if isinstance(value, int) else value
    # The class trusts one proxy where nothing is passed.
    return {name: arguments.get(name, 0) for name in _PROXY_ARGUMENTS} if any(arguments.values()) else {}


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_referrer_policy(value: object) -> bool:
    return isinstance(value, str) and {part.strip() for part in value.split(",")} <= _REFERRER_POLICIES


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and bool(value.strip())


def _is_redirect(value: object) -> bool:
    return _is_bool(value) or (_is_number(value) and 0 < int(str(value)) < 65536)


def _is_proxies(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(name in _PROXY_ARGUMENTS and _is_number(number) for name, number in value.items())
    return _is_number(value)


def _or_none(is_valid: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_valid(value)


_BOOL: Final = (_is_bool, "Give True or False.")
_CHECKS: Final[Mapping[str, KeyCheck]] = {
    "HEADERS_CSP_REPORT_ONLY": _BOOL,
    "HEADERS_CSP_REPORT": (
        _or_none(lambda value: isinstance(value, str) and _REPORT.fullmatch(value) is not None),
        "Give a path such as '/csp-reports', for which the plugin adds a route, an https URL, or None.",
    ),
    "HEADERS_FRAME_OPTIONS": (
        lambda value: value in (None, "auto", "DENY", "SAMEORIGIN"),
        "Give 'auto', which follows the frame-ancestors of the policy, 'DENY', 'SAMEORIGIN', or None.",
    ),
    "HEADERS_NOSNIFF": _BOOL,
    "HEADERS_REFERRER_POLICY": (
        _or_none(_is_referrer_policy),
        f"Give one of {', '.join(sorted(_REFERRER_POLICIES))}, several separated by commas, or None.",
    ),
    "HEADERS_OPENER_POLICY": (
        _or_none(lambda value: isinstance(value, str) and value in _OPENER_POLICIES),
        f"Give one of {', '.join(sorted(_OPENER_POLICIES))}, or None.",
    ),
    "HEADERS_PERMISSIONS_POLICY": (
        _or_none(_is_line),
        "Give the value of the header, such as 'camera=(), microphone=()', in ASCII, or None.",
    ),
    "HEADERS_HSTS": (
        _or_none(_is_number),
        "Give a number of seconds, 0 or more, such as 31536000 for a year, or None.",
    ),
    "HEADERS_HSTS_SUBDOMAINS": _BOOL,
    "HEADERS_HSTS_PRELOAD": _BOOL,
    "HEADERS_HTTPS_REDIRECT": (_is_redirect, "Give True, False, or the port that is served by https."),
    "HEADERS_PROXIES": (
        _is_proxies,
        f"Give the number of proxies in front, or a mapping with the numbers {', '.join(_PROXY_ARGUMENTS)}.",
    ),
}
