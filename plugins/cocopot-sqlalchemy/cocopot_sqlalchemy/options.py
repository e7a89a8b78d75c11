"""The configuration: its keys and their validation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from cocopot import Config
    from cocopot.types import KeyCheck

#: The configuration keys and their defaults.
DEFAULTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "SQLALCHEMY_DATABASE_URI": None,
        "SQLALCHEMY_BINDS": {},
        "SQLALCHEMY_ENGINE_OPTIONS": {},
        "SQLALCHEMY_SESSION_OPTIONS": {},
        "SQLALCHEMY_ECHO": False,
        "SQLALCHEMY_COMMIT": "explicit",
        "SQLALCHEMY_METADATA": None,
        "SQLALCHEMY_MIGRATIONS": "warn",
        "SQLALCHEMY_MIGRATIONS_FOLDER": "migrations",
        "SQLALCHEMY_MIGRATIONS_OPTIONS": {},
        "SQLALCHEMY_MIGRATIONS_TABLE": "alembic_version",
        "SQLALCHEMY_RECORD_QUERIES": None,
        "SQLALCHEMY_REPEATED_QUERIES": 10,
    }
)
#: The options of Alembic's `configure` that have a key, or cannot be used.
_OWN_OPTIONS: Final = frozenset({"version_table", "version_table_schema"})
#: The name of the table of the records contains it, and has 63 characters with PostgreSQL.
_TABLE: Final = re.compile(r"[A-Za-z_]\w{0,39}", re.ASCII)
_OPTIONS_REMEDY = "Give a mapping of names to values, such as {'pool_size': 10}."


def check_keys(config: Config) -> None:
    """Validate the values that do not become something else.

    Args:
        config: The configuration, with the keys of `DEFAULTS`; other keys that begin with `SQLALCHEMY_` are
            errors.

    Raises:
        PluginError: A key or a value is not valid; the message has both, where it was set, and a remedy.
    """
    config.check_plugin_keys("SQLALCHEMY_", _CHECKS, replaced=_GONE)


def parse_url(config: Config, key: str, value: object) -> URL:
    """Return a database URL.

    Args:
        config: The configuration.
        key: The key that the value is under.
        value: A `str` or a `sqlalchemy.URL`.

    Raises:
        PluginError: It is not one; the message does not contain the value, which may contain a password.
    """
    if isinstance(value, (str, URL)):
        try:
            return make_url(value)
        except (ArgumentError, ValueError):
            pass
    problem = "not a database URL"
    raise config.invalid_value(
        key,
        "Give one such as 'postgresql+psycopg://user:password@host/name', or 'sqlite:///shop.db' for a file "
        "in the instance folder, or 'sqlite://' for one in memory.",
        shown=problem if key == "SQLALCHEMY_DATABASE_URI" else f"a mapping with a value that is {problem}",
    )


def _is_options(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _one_of(*choices: object) -> KeyCheck:
    return lambda value: any(value is choice or value == choice for choice in choices), (
        f"Give {', '.join(repr(choice) for choice in choices[:-1])} or {choices[-1]!r}."
    )


_CHECKS: Final[Mapping[str, KeyCheck]] = {
    "SQLALCHEMY_ENGINE_OPTIONS": (_is_options, _OPTIONS_REMEDY),
    "SQLALCHEMY_SESSION_OPTIONS": (_is_options, "Give a mapping, such as {'expire_on_commit': False}."),
    "SQLALCHEMY_ECHO": (lambda value: isinstance(value, bool) or value == "debug", "Give True or False."),
    "SQLALCHEMY_COMMIT": _one_of("explicit", "response"),
    "SQLALCHEMY_MIGRATIONS": _one_of("refuse", "warn", "ignore"),
    "SQLALCHEMY_MIGRATIONS_FOLDER": (
        lambda value: isinstance(value, (str, Path)) and bool(str(value)),
        "Give a folder, relative to the folder of the application.",
    ),
    "SQLALCHEMY_MIGRATIONS_OPTIONS": (
        lambda value: _is_options(value) and _OWN_OPTIONS.isdisjoint(cast("Mapping[str, object]", value)),
        "Give a mapping, such as {'compare_type': False}; the table has SQLALCHEMY_MIGRATIONS_TABLE.",
    ),
    "SQLALCHEMY_MIGRATIONS_TABLE": (
        lambda value: isinstance(value, str) and _TABLE.fullmatch(value) is not None,
        "Give the name of a table, such as 'shop_version': at most 40 letters of ASCII, digits and '_'.",
    ),
    "SQLALCHEMY_RECORD_QUERIES": (
        lambda value: value is None or isinstance(value, bool),
        "Give True, False, or None, which records them in debug mode.",
    ),
    "SQLALCHEMY_REPEATED_QUERIES": (_is_number, "Give a number of equal queries, 1 or more."),
}
#: Keys of Flask-SQLAlchemy that have no meaning here.
_GONE: Final[Mapping[str, str]] = {
    "SQLALCHEMY_TRACK_MODIFICATIONS": "Remove it: implement the hooks sqlalchemy_before_commit and "
    "sqlalchemy_after_commit in place of the signals of Flask-SQLAlchemy.",
    "SQLALCHEMY_COMMIT_ON_TEARDOWN": "Set SQLALCHEMY_COMMIT = 'response', which commits before the response "
    "is sent.",
    **{
        f"SQLALCHEMY_{name}": f"Set SQLALCHEMY_ENGINE_OPTIONS = {{'{option}': ...}}."
        for name, option in {
            "POOL_SIZE": "pool_size",
            "POOL_TIMEOUT": "pool_timeout",
            "POOL_RECYCLE": "pool_recycle",
            "MAX_OVERFLOW": "max_overflow",
        }.items()
    },
}
