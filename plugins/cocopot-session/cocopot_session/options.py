"""The configuration: its keys and their validation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from cocopot import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cocopot import Config
    from cocopot.types import KeyCheck

#: The configuration keys and their defaults.
DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "SESSION_STORE": None,
        "SESSION_STORE_FAILURE": "unavailable",
        "SESSION_COOKIE_NAME": None,
        "SESSION_COOKIE_DOMAIN": None,
        "SESSION_COOKIE_PATH": None,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": None,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PARTITIONED": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
        "SESSION_REFRESH_EACH_REQUEST": True,
        "SESSION_ABSOLUTE_LIFETIME": None,
        "SESSION_READ_FLASK": True,
    }
)
# What the extensions of Flask have in place of a key.
_OTHERS: Final = {
    **dict.fromkeys(
        ("SESSION_TYPE", "SESSION_REDIS", "SESSION_SQLALCHEMY", "SESSION_FILE_DIR", "SESSION_CACHELIB"),
        "SESSION_STORE is the URL of the store, such as 'redis://localhost:6379/0'.",
    ),
    "SESSION_PERMANENT": "Write session.permanent = True.",
    "SESSION_USE_SIGNER": "Remove it: an identifier is too long to be guessed.",
}
#: With these prefixes browsers accept a cookie only with HttpOnly (RFC 6265bis).
_HTTP_PREFIXES: Final = ("__http-", "__host-http-")
#: A lifetime beyond 100 years is a mistake, in seconds.
_LONGEST: Final = 100 * 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Options:
    """The configuration of an application, in the form that requests need.

    Args:
        name: The name of the cookie; `None` for "session", with `__Host-` where that is possible.
        domain: The domain of the cookie; `None` for the host that sets it.
        path: The path of the cookie.
        is_httponly: Whether scripts cannot read the cookie.
        is_secure: Whether the cookie is sent by HTTPS only; `None` to decide it by the request.
        samesite: `"Lax"`, `"Strict"`, `"None"`, or `None` for no such attribute.
        is_partitioned: Whether each top-level site has a cookie of its own.
        lifetime: How long a session lives after it has been saved or refreshed, in seconds.
        absolute_lifetime: How long it lives after it has been created, in seconds; `None` without limit.
        refreshes: Whether each response renews a permanent session, and each request a stored one.
        reads_flask: Whether cookies of Flask are read.
        store_failure: What a request gets while the store cannot be reached.
    """

    name: str | None
    domain: str | None
    path: str
    is_httponly: bool
    is_secure: bool | None
    samesite: str | None
    is_partitioned: bool
    lifetime: int
    absolute_lifetime: int | None
    refreshes: bool
    reads_flask: bool
    store_failure: Literal["unavailable", "empty"]


def compile_options(config: Config) -> Options:
    """Validate an application's configuration, and return it in the form that requests need.

    Args:
        config: The configuration, with the keys of `DEFAULTS`; other keys that begin with `SESSION_` are
            errors, unless a plugin has defaults for them.

    Raises:
        PluginError: If a key or value is invalid; the message has both, where it was set, and a remedy.
    """
    config.check_plugin_keys("SESSION_", _CHECKS, replaced=_OTHERS)
    _check_cookie(config)
    absolute = config["SESSION_ABSOLUTE_LIFETIME"]
    return Options(
        name=config["SESSION_COOKIE_NAME"],
        domain=config["SESSION_COOKIE_DOMAIN"] or None,
        path=config["SESSION_COOKIE_PATH"] or config["APPLICATION_ROOT"] or "/",
        is_httponly=bool(config["SESSION_COOKIE_HTTPONLY"]),
        is_secure=_is_secure(config),
        samesite=config["SESSION_COOKIE_SAMESITE"],
        is_partitioned=bool(config["SESSION_COOKIE_PARTITIONED"]),
        lifetime=_seconds(config["PERMANENT_SESSION_LIFETIME"]),
        absolute_lifetime=None if absolute is None else _seconds(absolute),
        refreshes=bool(config["SESSION_REFRESH_EACH_REQUEST"]),
        reads_flask=bool(config["SESSION_READ_FLASK"]),
        store_failure=config["SESSION_STORE_FAILURE"],
    )


def _is_secure(config: Config) -> bool | None:
    """Return whether the cookie is always secure, or never, or `None` if the request decides."""
    configured: bool | None = config["SESSION_COOKIE_SECURE"]
    if configured is None and _needs_secure(config):
        return True
    return None if configured is None else bool(configured)


def _needs_secure(config: Config) -> str:
    """Return the key that makes browsers drop a cookie that is not secure; empty if none does."""
    if (config["SESSION_COOKIE_SAMESITE"] or "").title() == "None":
        return "SESSION_COOKIE_SAMESITE"
    if config["SESSION_COOKIE_PARTITIONED"]:
        return "SESSION_COOKIE_PARTITIONED"
    name = (config["SESSION_COOKIE_NAME"] or "").lower()
    return "SESSION_COOKIE_NAME" if name.startswith(("__host-", "__secure-", "__http-")) else ""


def _check_cookie(config: Config) -> None:
    """Check what the attributes of a cookie require of each other."""
    is_off = config["SESSION_COOKIE_SECURE"] in (False, 0)
    if is_off and (key := _needs_secure(config)):
        remedy = (
            f"With {key} = {config[key]!r}, browsers drop a cookie that is not secure. Give True or None."
        )
        raise config.invalid_value("SESSION_COOKIE_SECURE", remedy)
    name = str(config["SESSION_COOKIE_NAME"])
    if name.lower().startswith(_HTTP_PREFIXES) and not config["SESSION_COOKIE_HTTPONLY"]:
        remedy = f"With the name {name!r}, browsers drop a cookie that scripts can read. Give True."
        raise config.invalid_value("SESSION_COOKIE_HTTPONLY", remedy)
    try:
        Response().set_cookie(
            config["SESSION_COOKIE_NAME"] or "session",
            path=config["SESSION_COOKIE_PATH"] or config["APPLICATION_ROOT"] or "/",
            domain=config["SESSION_COOKIE_DOMAIN"],
            secure=_is_secure(config) is not False,
        )
    except (TypeError, ValueError) as error:
        key = "SESSION_COOKIE_DOMAIN" if "domain of a cookie" in str(error) else "SESSION_COOKIE_NAME"
        raise config.invalid_value(key, str(error)) from error


def _seconds(value: timedelta | int) -> int:
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def _is_bool(value: object) -> bool:
    return isinstance(value, int) and value in (0, 1)  # 0 and 1 too: that is what the environment has


def _is_lifetime(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | timedelta):
        return False
    return 0 < _seconds(value) <= _LONGEST


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and ";" not in value


def _is_domain(value: object) -> bool:
    # An empty one is none; Flask accepts a dot before it, and a port after it.
    return value == "" or (_is_text(value) and "/" not in str(value) and bool(str(value).strip(".")))


def _or_none(is_valid: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_valid(value)


_BOOL: Final = (_is_bool, "Give True or False.")
_CHECKS: Final[Mapping[str, KeyCheck]] = {
    "SESSION_STORE": (
        _or_none(lambda value: isinstance(value, str) and bool(value)),
        "Give the URL of a store, such as 'redis://localhost:6379/0', or None for signed cookies.",
    ),
    "SESSION_STORE_FAILURE": (
        lambda value: value in ("unavailable", "empty"),
        "Give 'unavailable', a 503 while the store cannot be reached, or 'empty', an empty session.",
    ),
    "SESSION_COOKIE_NAME": (
        _or_none(lambda value: _is_text(value) and bool(value)),
        "Give the name of a cookie, such as 'session', or None for 'session' with __Host- where possible.",
    ),
    "SESSION_COOKIE_DOMAIN": (
        _or_none(lambda value: _is_domain(value) or value is False),
        "Give a domain such as 'shop.example', whose hosts share the session, or None.",
    ),
    "SESSION_COOKIE_PATH": (
        _or_none(lambda value: _is_text(value) and str(value).startswith("/")),
        "Give a path that begins with a slash, or None for APPLICATION_ROOT.",
    ),
    "SESSION_COOKIE_HTTPONLY": _BOOL,
    "SESSION_COOKIE_SECURE": (
        _or_none(_is_bool),
        "Give True, False, or None: secure unless the application is in debug mode on this machine.",
    ),
    "SESSION_COOKIE_SAMESITE": (
        _or_none(lambda value: isinstance(value, str) and value.title() in ("Lax", "Strict", "None")),
        "Give 'Lax', 'Strict', 'None', or None for no such attribute.",
    ),
    "SESSION_COOKIE_PARTITIONED": _BOOL,
    "PERMANENT_SESSION_LIFETIME": (
        _is_lifetime,
        "Give a timedelta or a number of seconds, more than 0 and at most 100 years, such as 3600.",
    ),
    "SESSION_REFRESH_EACH_REQUEST": _BOOL,
    "SESSION_ABSOLUTE_LIFETIME": (
        _or_none(_is_lifetime),
        "Give a timedelta or a number of seconds, more than 0 and at most 100 years, such as 86400, or None.",
    ),
    "SESSION_READ_FLASK": _BOOL,
}
