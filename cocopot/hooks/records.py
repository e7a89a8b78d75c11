"""What the plugin manager records about a registered plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pluggy

    from cocopot.hooks.candidates import Candidate
    from cocopot.scopes import Scope

#: Where a plugin comes from: it was loaded or passed, it is a function of the application, or built in.
Origin = Literal["plugin", "application", "builtin"]


class PluginRecord(NamedTuple):
    """A registered plugin, a function of the application, or a built-in default.

    Args:
        name: The name under which it is registered.
        plugin: The registered object.
        origin: Where it comes from.
        index: A number that grows along the load order.
        candidate: Entry point and distribution, for a plugin.
        scope: The blueprint whose endpoints alone the implementation serves, or `None` for all.
        depth: The number of nested blueprints in the scope; 0 without one.
    """

    name: str
    plugin: object
    origin: Origin
    index: int  # type: ignore[assignment]  # not the method of tuples
    candidate: Candidate
    scope: str | None = None
    depth: int = 0

    @property
    def distribution(self) -> str:
        """Name of the distribution that the plugin comes from; empty if it was passed as an object."""
        return self.candidate.distribution

    @property
    def version(self) -> str:
        """Version of the distribution that the plugin comes from; empty if it was passed as an object."""
        return self.candidate.version


class Records(dict[str, PluginRecord]):
    """What is registered, by name."""

    _last = 0

    def add(self, record: PluginRecord, before: str | None = None) -> PluginRecord:
        """Add what is about to be registered, with its place in the load order.

        Args:
            record: The record; its index is ignored.
            before: Name of the plugin before which it has its place; by default the last place is its own.

        Returns:
            The record with its index.
        """
        self._last += 1
        index = self._last
        if before is not None:
            index = self[before].index
            for other in reversed(self.in_load_order()):  # so that no two have the same at any time
                if other.index >= index:
                    self[other.name] = other._replace(index=other.index + 1)
        self[record.name] = record = record._replace(index=index)
        return record

    def in_load_order(self, origin: Origin | None = None) -> list[PluginRecord]:
        """Return what is registered, or only what comes from one origin, in load order."""
        records = list(self.values())  # other threads may register plugins
        return sorted((r for r in records if origin in (None, r.origin)), key=lambda record: record.index)

    def serves(self, impl: pluggy.HookImpl, scopes: Sequence[str]) -> bool:
        """Whether an implementation is called for the endpoints of blueprints.

        Args:
            impl: The implementation.
            scopes: The blueprints, innermost first.
        """
        scope = self.scope_of(impl)
        return scope is None or scope in scopes

    def scope_of(self, impl: pluggy.HookImpl) -> Scope:
        """Return the blueprint whose endpoints alone an implementation serves, or `None` for all."""
        record = self.get(impl.plugin_name)
        return None if record is None else record.scope
