"""Plugins are compared by identity: an equal one is another one, and none needs a hash."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import pluggy
from pluggy._hooks import _SubsetHookCaller

from cocopot.locations import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class IdentityManager(pluggy.PluginManager):
    """A `pluggy.PluginManager` that distinguishes plugins that are equal, and takes those without a hash.

    Args:
        project_name: As for `pluggy.PluginManager`.
    """

    def __init__(self, project_name: str) -> None:
        super().__init__(project_name)
        self._name2plugin: PluginsByName = PluginsByName()  # type: ignore[misc]  # final in pluggy

    def get_name(self, plugin: object) -> str | None:
        """Return the name under which a plugin is registered, or `None`; an equal one is another one."""
        return self._name2plugin.name_of(plugin)

    def is_registered(self, plugin: object) -> bool:
        """Whether a plugin is registered; an equal one is another one."""
        return plugin is not None and self.get_name(plugin) is not None

    def check_new(self, plugin: object, name: str) -> None:
        """Reject a plugin that is registered already.

        Raises:
            ValueError: If the plugin, or one of that name, is registered.
        """
        if name in self._name2plugin:
            other = shown(self._name2plugin[name], 80)
            raise ValueError(f"A plugin is already registered as {name!r}: {other}.")
        if (other_name := self.get_name(plugin)) is not None:
            text = f"already registered under a different name: {other_name!r}"
            raise ValueError(f"The plugin {shown(plugin, 80)} is {text}.")

    def instance_of(self, plugin: object) -> str | None:
        """Return the name of a registered plugin that is an instance of just this class, or `None`."""
        if not issubclass(type(plugin), type):
            return None
        return next((name for name, other in self._name2plugin.items() if type(other) is plugin), None)

    def get_plugins(self) -> AbstractSet[Any]:  # type: ignore[override]  # a `set` needs hashes
        """Return the registered plugins, as a set that needs no hash of them."""
        return PluginSet(plugin for plugin in self._name2plugin.values() if plugin is not None)

    def subset_hook_caller(self, name: str, remove_plugins: Iterable[object]) -> pluggy.HookCaller:
        """Return what calls a hook without some plugins, as pluggy does."""
        caller: pluggy.HookCaller = getattr(self.hook, name)
        removed = PluginSet(remove_plugins)
        if not any(impl.plugin in removed for impl in caller.get_hookimpls()):
            return caller
        return _SubsetHookCaller(caller, removed)


class PluginsByName(dict[str, Any]):
    """Plugins by name; pluggy searches the values for a plugin, of which an equal one is another one."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[int, str] = {}

    def __setitem__(self, name: str, plugin: object) -> None:
        if name in self:
            del self[name]
        super().__setitem__(name, plugin)
        if plugin is not None:  # else a name that is blocked
            self._names[id(plugin)] = name

    def __delitem__(self, name: str) -> None:
        self._names.pop(id(self[name]), None)
        super().__delitem__(name)

    def name_of(self, plugin: object) -> str | None:
        """Return the name of a plugin, without a search: an application may have thousands of functions."""
        return self._names.get(id(plugin))

    def values(self) -> Identities:  # type: ignore[override]  # all that pluggy needs
        """Return the plugins, `None` for names that are blocked."""
        return Identities(self)


class Identities(Collection[Any]):
    """Plugins by name, as a collection that contains the very objects, and none that is equal to one.

    Args:
        plugins: The plugins.
    """

    def __init__(self, plugins: PluginsByName) -> None:
        self._plugins = plugins

    def __contains__(self, value: object) -> bool:
        return self._plugins.name_of(value) is not None

    def __iter__(self) -> Iterator[Any]:
        return iter(list(dict.values(self._plugins)))  # a copy: other threads may register plugins

    def __len__(self) -> int:
        return len(self._plugins)


class PluginSet(AbstractSet[Any]):
    """A set of plugins that contains the very objects in it, and none that is equal to one.

    Args:
        plugins: The plugins.
    """

    def __init__(self, plugins: Iterable[object]) -> None:
        self._by_id = {id(plugin): plugin for plugin in plugins}

    def __contains__(self, value: object) -> bool:
        return id(value) in self._by_id

    def __iter__(self) -> Iterator[Any]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        return f"PluginSet({list(self._by_id.values())!r})"
