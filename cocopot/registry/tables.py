"""A registry per blueprint: what the decorators register, as data that can be read and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cocopot.scopes import Scope

if TYPE_CHECKING:
    from cocopot.hooks import PluginManager


class Registry(Protocol):
    """The methods that a `ScopedTable` requires of its values."""

    def replace(self, values: Any, /) -> None:
        """Register `values` in place of what is registered, unless they are equal."""

    def add_all(self, values: Any, /) -> None:
        """Register `values` in addition."""

    def as_data(self) -> object:
        """Return a plain copy of what is registered, for `replace`."""


R = TypeVar("R", bound=Registry)


class ScopedTable(MutableMapping[Scope, R], Generic[R]):
    """Registries by blueprint name, and under `None` that of the application.

    A key that is missing is created at its lookup. Changes take effect with the next request.

    Args:
        create: Creates the registry of a scope.
        plugins: The plugin manager of an application; a blueprint has none until it is registered.
    """

    def __init__(self, create: Callable[[Scope], R], plugins: PluginManager | None = None) -> None:
        self._create = create
        self._plugins = plugins
        self._registries: dict[Scope, R] = {}

    def __getitem__(self, scope: Scope) -> R:
        registry = self._registries.get(scope)
        if registry is None:
            registry = self._registries.setdefault(scope, self._create(scope))
        return registry

    def existing(self, scope: Scope) -> R | None:
        """Return the registry of `scope`, or `None` if the key is missing."""
        return self._registries.get(scope)

    def __setitem__(self, scope: Scope, values: object) -> None:
        with self._locked():
            self[scope].replace(values)

    def __delitem__(self, scope: Scope) -> None:
        with self._locked():
            self._registries.pop(scope).replace(())

    def setdefault(self, scope: Scope, default: object = ()) -> R:
        """Return the registry of `scope`, after filling it with `default` if the key is missing."""
        if scope not in self._registries:
            self[scope] = default
        return self[scope]

    def as_data(self) -> dict[Scope, object]:
        """Return a plain copy of what is registered, for `replace`."""
        return {scope: registry.as_data() for scope, registry in self._registries.items()}

    def replace(self, data: Mapping[Scope, object]) -> None:
        """Register `data` in place of what is registered; what has not changed stays registered.

        Args:
            data: What `as_data` returns, or another table.
        """
        with self._locked():
            for scope in dict.fromkeys([*self._registries, *data]):
                self[scope].replace(data.get(scope, ()))

    def _locked(self) -> AbstractContextManager[None]:
        """Keep other threads from registering and compiling while several entries change."""
        return nullcontext() if self._plugins is None else self._plugins.locked()

    def __contains__(self, scope: object) -> bool:
        return scope in self._registries

    def __iter__(self) -> Iterator[Scope]:
        return iter(list(self._registries))  # a lookup by another thread may add one

    def __len__(self) -> int:
        return len(self._registries)

    def __repr__(self) -> str:
        return repr(self._registries)
