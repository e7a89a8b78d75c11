"""The configuration: its keys, and what they mean for an environment of Jinja."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jinja2 import (
    BytecodeCache,
    ChainableUndefined,
    DebugUndefined,
    FileSystemBytecodeCache,
    StrictUndefined,
    Undefined,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Cocopot

_UNDEFINED = MappingProxyType(
    {
        "strict": StrictUndefined,
        "default": Undefined,
        "chainable": ChainableUndefined,
        "debug": DebugUndefined,
    }
)

#: The configuration keys and their defaults.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "TEMPLATES_AUTO_RELOAD": None,
        "EXPLAIN_TEMPLATE_LOADING": False,
        "JINJA_UNDEFINED": None,
        "JINJA_BYTECODE_CACHE": None,
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """The valid configuration.

    Args:
        auto_reload: Whether a changed file is loaded again.
        explain: Whether each search for a template is logged.
        undefined: The class of what a template does not know.
        bytecode_cache: What stores compiled templates.
    """

    auto_reload: bool
    explain: bool
    undefined: type[Undefined]
    bytecode_cache: BytecodeCache | None


def read_options(app: Cocopot) -> Options:
    """Validate the configuration of an application.

    Args:
        app: The application.

    Raises:
        PluginError: If a key or a value is invalid, with the key, the value, and what has set it.
    """
    app.config.check_plugin_keys("JINJA_")
    reload = _flag(app, "TEMPLATES_AUTO_RELOAD", default=app.debug)
    explain = _flag(app, "EXPLAIN_TEMPLATE_LOADING", default=False)
    return Options(reload, explain, _undefined(app), _bytecode_cache(app))


def _flag(app: Cocopot, key: str, *, default: bool) -> bool:
    value = app.config[key]
    if value is None:
        return default
    if not isinstance(value, int) or value not in {0, 1}:
        raise app.config.invalid_value(key, "Set it to True or False, or to None for the default.")
    return bool(value)


def _undefined(app: Cocopot) -> type[Undefined]:
    value = app.config["JINJA_UNDEFINED"]
    if value is None:
        return StrictUndefined if app.debug or app.testing else Undefined
    if isinstance(value, str) and value in _UNDEFINED:
        return _UNDEFINED[value]
    if isinstance(value, type) and issubclass(value, Undefined):
        return value
    names = ", ".join(map(repr, _UNDEFINED))
    raise app.config.invalid_value(
        "JINJA_UNDEFINED", f"Set it to one of {names}, or to a subclass of jinja2.Undefined."
    )


def _bytecode_cache(app: Cocopot) -> BytecodeCache | None:
    value = app.config["JINJA_BYTECODE_CACHE"]
    if value is None or isinstance(value, BytecodeCache):
        return value
    if not isinstance(value, (str, Path)) or not str(value):
        cure = "Set it to the path of a folder, or to a jinja2.BytecodeCache, or to None for no cache."
        raise app.config.invalid_value("JINJA_BYTECODE_CACHE", cure)
    folder = Path(app.instance_path, value)
    try:
        # Of this user alone: what is in it is run.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise app.config.invalid_value(
            "JINJA_BYTECODE_CACHE", f"The folder cannot be created: {error}."
        ) from error
    return FileSystemBytecodeCache(str(folder))
