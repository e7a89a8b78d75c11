"""The name of a plugin, by which it is disabled, ordered and configured."""

from __future__ import annotations

import re
from types import ModuleType
from typing import TYPE_CHECKING

from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Container

#: Names of entry points.
_ENTRY_POINT = r"[A-Za-z][A-Za-z0-9._-]*"
#: Names of plugins that are passed. The name of a class in a function contains `<locals>`.
_PASSED = r"[^\s,]+"

#: What is wrong with a name, as the end of a sentence.
UNUSABLE = "COCOPOT_PLUGINS and other variables cannot contain"
NAME_CURE = (
    "Name it with letters, digits, '-', '_' and '.', beginning with a letter, and not 'all' or 'none'."
)


class InvalidNameError(ValueError):
    """The name of a plugin cannot be used; its text is a predicate."""


def is_entry_point_name(name: str) -> bool:
    """Whether a name can be that of an entry point: the variables that select plugins can contain it."""
    return re.fullmatch(_ENTRY_POINT, name) is not None and name not in ("all", "none")


def check_passed_name(name: object, source: str = "plugin_name = ") -> str:
    """Return the name of a plugin that is passed, if the variables that select plugins can contain it.

    Args:
        name: The name.
        source: Where it comes from, for the message.

    Raises:
        InvalidNameError: If it is not a text, has a comma or a blank, or is empty, `all` or `none`.
    """
    if not isinstance(name, str):
        raise InvalidNameError(f"has {source}{shown(name, 80)}; it must be a string.")
    if re.fullmatch(_PASSED, name) is None or not name.isprintable() or name in ("all", "none"):
        raise InvalidNameError(f"has a name that {UNUSABLE}: {source}{shown(name, 80)}.")
    return name


def unique_name(name: str, taken: Container[str]) -> str:
    """Return a name, with a number if it is taken: by halves, as thousands may share it."""
    if name not in taken:
        return name
    last, free = 1, 2
    while f"{name} ({free})" in taken:
        last, free = free, free * 2
    while free - last > 1:
        middle = (last + free) // 2
        last, free = (middle, free) if f"{name} ({middle})" in taken else (last, middle)
    return f"{name} ({free})"


def free_name(plugin: object, name: str, taken: Container[str]) -> str:
    """Return the name of a plugin, with a number if it is taken.

    A module keeps its name: if that is taken, the module itself has it, and is not registered twice.
    """
    is_module = isinstance(plugin, ModuleType) and name == plugin.__name__
    return name if is_module else unique_name(name, taken)


def read_name(plugin: object, name: str | None = None) -> tuple[str, Exception | None]:
    """Return the name of a plugin, and what reading it has raised: then it is that of its class.

    Args:
        plugin: The plugin.
        name: The name under which it is to be registered; by default its own.
    """
    try:
        return (name_of_plugin(plugin) if name is None else check_passed_name(name, "name = ")), None
    except Exception as error:  # noqa: BLE001 - whatever a property of the plugin raises
        return name_of_class(plugin), error


def name_of_plugin(plugin: object) -> str:
    """Return the default name of a plugin.

    Raises:
        InvalidNameError: If its `plugin_name` cannot be used.
        Exception: Whatever reading its attributes raises.
    """
    own = getattr(plugin, "plugin_name", _MISSING)
    # Of a class, a property is not a name; its instances have one.
    if own is not _MISSING and not (isinstance(plugin, type) and hasattr(type(own), "__get__")):
        return check_passed_name(own)
    if isinstance(name := getattr(plugin, "__name__", None), str) and not isinstance(plugin, type):
        return name
    return name_of_class(plugin)


_MISSING = object()


def name_of_class(plugin: object) -> str:
    """Return the name of a plugin's class, or of the class that it is."""
    cls = class_of(plugin)
    return f"{cls.__module__}.{cls.__qualname__}"


def class_of(plugin: object) -> type:
    """Return the class of a plugin, or the class that it is, without running its code as `isinstance` may."""
    return plugin if issubclass(type(plugin), type) else type(plugin)  # type: ignore[return-value]  # it is one
