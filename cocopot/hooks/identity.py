"""Plugins are compared by identity: an equal one is another one, and none needs a hash."""

from __future__ import annotations

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
        self._name2plugin = PluginsByName()  # type: ignore[misc]  # final in pluggy

    def get_name(self, plugin: object) -> str | None:
        """Return the name under which a plugin is registered, or `None`; an equal one is another one."""
        return next((name for name, other in self._name2plugin.items() if other is plugin), None)

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

    def values(self) -> Identities:  # type: ignore[override]  # all that pluggy needs
        """Return the plugins, `None` for names that are blocked."""
        return Identities(super().values())


class Identities(list[Any]):
    """A list that contains the very objects in it, and none that is equal to one."""

    def __contains__(self, value: object) -> bool:
        return any(item is value for item in self)


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
