"""Warnings about plugins that can be used, but probably do not do what their author meant."""

from __future__ import annotations

import pkgutil
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from cocopot.hooks.contract import describe_deprecation
from cocopot.hooks.distributions import has_readable_metadata, place_of
from cocopot.hooks.markers import static_attribute
from cocopot.suggestions import close_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.manager import PluginManager

#: With what the names of Cocopot's hooks begin.
_PREFIX = "cocopot_"


def plugin_warnings(
    manager: PluginManager, candidate: Candidate, plugin: object, known: frozenset[str]
) -> Iterator[str]:
    """Yield warnings about the hooks of a plugin: it has none, or a function is probably meant to be one.

    Each is a predicate, for a message that begins with the plugin's name.

    Args:
        manager: The plugin manager.
        candidate: The plugin.
        plugin: The module or object that is registered for it.
        known: The hooks that have a specification.
    """
    functions, implemented = _functions(manager, plugin)
    unmarked = {name: hook for name in functions if (hook := _hook_like(name, known))}
    if implemented:
        for name, hook in unmarked.items():
            if name.startswith(_PREFIX):
                yield f"has a function {name!r}, which is not a hook. Did you mean {hook!r}?"
        for hook in filter(known.__contains__, implemented):
            if (problem := describe_deprecation(getattr(manager.hook, hook))) is not None:
                yield problem
    elif not getattr(plugin, "requires", ()):  # it may be there to require others
        cause = _probable_cause(manager, candidate, plugin, unmarked)
        yield f"implements no hook, so it does nothing. {cause}"


def environment_warnings(
    candidate: Candidate, named: Mapping[str, Collection[str]], known: Collection[str]
) -> Iterator[str]:
    """Yield warnings about the declarations and the distribution of a plugin.

    Args:
        candidate: The plugin.
        named: The plugins that it names in `after` and `before`, by attribute.
        known: The names of the plugins that are installed or passed.
    """
    for attribute, names in named.items():
        for name in names:
            if name not in known and (close := close_name(name, known)):
                yield f"names {name!r} in {attribute}, which is not installed. Did you mean {close!r}?"
    distribution = None if candidate.entry_point is None else candidate.entry_point.dist
    if distribution is not None and not has_readable_metadata(distribution):
        yield f"has unreadable metadata in {place_of(distribution)}. Reinstall {candidate.distribution}."


def _probable_cause(
    manager: PluginManager, candidate: Candidate, plugin: object, unmarked: dict[str, str]
) -> str:
    if any(cls.__name__ == "Blueprint" and _is_cocopot(cls) for cls in type(plugin).__mro__):
        return "A blueprint is registered with app.register_blueprint()."
    if unmarked:
        name, hook = next(iter(unmarked.items()))
        meant = "" if name == hook else f" and be named {hook!r}"
        return f"Its function {name!r} must be decorated with @cocopot.hookimpl{meant}."
    others = list(_others_with_hooks(manager, plugin))
    if others:
        form = "the entry point" if candidate.value else "the plugin"
        return f"Did you mean {form} {' or '.join(map(repr, others[:3]))}?"
    return "A hook is a function with the hook's name and the decorator @cocopot.hookimpl."


def _is_cocopot(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "cocopot"


def _functions(manager: PluginManager, plugin: object) -> tuple[list[str], dict[str, None]]:
    """Return the names of a plugin's own functions that are not marked, and the hooks that it implements."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else None
    found: list[str] = []
    implemented: dict[str, None] = {}
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is not None:
            implemented[options.get("specname") or name] = None
            continue
        value = static_attribute(plugin, name)
        # `isinstance` may run code of the value, such as that of a proxy.
        value = getattr(value, "__func__", None) if type(value) in (staticmethod, classmethod) else value
        if type(value) is FunctionType and module in (None, value.__module__):
            found.append(name)
    return found, implemented


def _hook_like(name: str, known: Collection[str]) -> str | None:
    """Return the hook that a function is probably meant to implement, or `None`."""
    if name.startswith(_PREFIX):
        return close_name(name, known)
    return f"{_PREFIX}{name}" if f"{_PREFIX}{name}" in known else None


def _others_with_hooks(manager: PluginManager, plugin: object) -> Iterator[str]:
    """Yield references to what has hooks beside a plugin: in its module, then in its package."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    if module is None:
        return
    yield from _objects_with_hooks(manager, module, plugin)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        name = f"{module.__name__}.{found.name}"
        submodule = sys.modules.get(name)
        if submodule is None:
            with suppress(Exception):  # it is not imported for this, only read
                source = find_spec(name)
                if source and source.origin and "hookimpl" in Path(source.origin).read_text("utf-8"):
                    yield name
        elif _has_hooks(manager, submodule):
            yield name
        else:
            yield from _objects_with_hooks(manager, submodule, plugin)


def _objects_with_hooks(manager: PluginManager, module: ModuleType, plugin: object) -> Iterator[str]:
    for name, value in list(vars(module).items()):
        # `isinstance` may run code of the value, such as that of a proxy.
        is_plugin = value is plugin or value is type(plugin)
        is_plugin = is_plugin or issubclass(type(value), (ModuleType, FunctionType))
        if not is_plugin and not name.startswith("__") and _has_hooks(manager, value):
            yield f"{module.__name__}:{name}"


def _has_hooks(manager: PluginManager, value: object) -> bool:
    with suppress(Exception):  # its attributes may raise
        return any(True for _ in manager.implementations_in(value))
    return False
