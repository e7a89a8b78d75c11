"""Decorated functions, registered as hook implementations.

What the decorators register can also be reached through `before_request_funcs` and its like, which map a
blueprint's name, or `None`, to a list of functions. They are live: changing them registers and unregisters
implementations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableSequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

from cocopot.coroutines import synchronous
from cocopot.functions import check_function, name_of
from cocopot.hooks.names import unique_name
from cocopot.hooks.source import ApplicationFunction
from cocopot.registry.tables import ScopedTable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Self

    from cocopot.hooks import PluginManager
    from cocopot.scopes import Scope

#: A function that a decorator registers; which arguments it takes depends on the decorator.
Function: TypeAlias = Callable[..., object]


class Decorator(NamedTuple):
    """A decorator of the application or of a blueprint.

    Args:
        name: The decorator's name, for lists.
        hook: The hook that its functions implement.
        declaration: A function with the arguments that its functions take by position, under the names that
            the hook has for them. It is never called; pluggy reads the names.
        may_await: Whether its functions may be coroutine functions. Those that `url_for` or a template calls
            may not, as a coroutine may call these; nor may those of the shell.
    """

    name: str
    hook: str
    declaration: Function
    may_await: bool = True

    def check(self, function: object) -> None:
        """Reject a function that would never run.

        Raises:
            TypeError: With the reason.
        """
        check_function(f"@{self.name}", function, may_await=self.may_await)


# ruff: noqa: ARG005 - only the names of the arguments are used
BEFORE_REQUEST = Decorator("before_request", "cocopot_before_request", lambda: None)
AFTER_REQUEST = Decorator("after_request", "cocopot_after_request", lambda response: None)
TEARDOWN_REQUEST = Decorator("teardown_request", "cocopot_teardown_request", lambda exc: None)
TEARDOWN_APP_CONTEXT = Decorator("teardown_appcontext", "cocopot_teardown_app_context", lambda exc: None)
URL_VALUE_PREPROCESSOR = Decorator(
    "url_value_preprocessor", "cocopot_url_value_preprocessor", lambda endpoint, view_args: None
)
URL_DEFAULTS = Decorator(
    "url_defaults", "cocopot_url_defaults", lambda endpoint, values: None, may_await=False
)
URL_BUILD_ERROR = Decorator(
    "url_build_error_handler",
    "cocopot_url_build_error",
    lambda error, endpoint, values: None,
    may_await=False,
)
STARTUP = Decorator("on_startup", "cocopot_startup", lambda: None)
SHUTDOWN = Decorator("on_shutdown", "cocopot_shutdown", lambda: None)
SHELL_CONTEXT = Decorator("shell_context_processor", "cocopot_shell_context", lambda: None, may_await=False)
CONTEXT_PROCESSOR = Decorator("context_processor", "cocopot_template_context", lambda: None, may_await=False)


def register_function(plugins: PluginManager, decorator: Decorator, function: Function, scope: Scope) -> str:
    """Register a function of the application as a hook implementation.

    Returns:
        The name that it is registered under, with decorator, blueprint, module and function.
    """
    where = f"bp.{scope}" if scope else "app"
    depth = scope.count(".") + 1 if scope else 0
    plugin = ApplicationFunction(decorator.hook, synchronous(function), decorator.declaration)
    with plugins.locked():
        name = unique_name(f"{where}.{decorator.name}: {name_of(function)}", plugins.records_by_name)
        plugins.register(plugin, name, origin="application", scope=scope, depth=depth)
    return name


class FunctionList(MutableSequence[Function]):
    """The functions of one blueprint, or of the application, for one hook; changes take effect at once.

    Args:
        decorator: What the functions are registered as.
        plugins: Where they are registered; a blueprint has none until it is registered itself.
        scope: The blueprint, or `None` for the application.
    """

    def __init__(self, decorator: Decorator, plugins: PluginManager | None, scope: Scope = None) -> None:
        self._decorator = decorator
        self._plugins = plugins
        self._scope = scope
        self._functions: list[Function] = []
        self._names: list[str] = []

    def insert(self, index: int, value: Function) -> None:
        """Insert a function; the order of the list is the order of registration.

        Raises:
            TypeError: If it would never run.
        """
        self._decorator.check(value)
        with self._locked():
            at_end = index >= len(self._functions)
            self._functions.insert(index, value)
            self._reregister(from_index=len(self._names) if at_end else 0)

    def replace(self, values: Iterable[Function]) -> None:
        """Register `values` in place of what is registered, unless they are equal."""
        functions = list(values)
        if functions != self._functions:
            self[:] = functions

    def add_all(self, values: Iterable[Function]) -> None:
        """Register `values` in addition."""
        self.extend(values)

    def as_data(self) -> list[Function]:
        """Return a plain list of the functions."""
        return self._functions.copy()

    def _reregister(self, from_index: int = 0) -> None:
        # Requests that would compile meanwhile wait: they see either the old functions or the new ones.
        if self._plugins is None:
            return
        for name in self._names[from_index:]:
            self._plugins.unregister(name=name)
        self._names[from_index:] = [
            register_function(self._plugins, self._decorator, function, self._scope)
            for function in self._functions[from_index:]
        ]

    def _locked(self) -> AbstractContextManager[None]:
        return nullcontext() if self._plugins is None else self._plugins.locked()

    @overload
    def __getitem__(self, index: int) -> Function: ...
    @overload
    def __getitem__(self, index: slice) -> list[Function]: ...
    def __getitem__(self, index: int | slice) -> Function | list[Function]:
        return self._functions[index]

    @overload
    def __setitem__(self, index: int, value: Function) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Function]) -> None: ...
    def __setitem__(self, index: int | slice, value: Function | Iterable[Function]) -> None:
        values = list(value) if isinstance(index, slice) else [value]  # type: ignore[arg-type]  # as the overloads
        for function in values:
            self._decorator.check(function)
        with self._locked():
            self._functions[index] = values if isinstance(index, slice) else values[0]  # type: ignore[index, assignment]
            self._reregister()

    def __delitem__(self, index: int | slice) -> None:
        with self._locked():
            del self._functions[index]
            self._reregister()

    def __iadd__(self, values: Iterable[Function]) -> Self:
        self.extend(values)
        return self

    def __len__(self) -> int:
        return len(self._functions)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (FunctionList, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __repr__(self) -> str:
        return repr(self._functions)


def function_table(decorator: Decorator, plugins: PluginManager | None) -> ScopedTable[FunctionList]:
    """Return a table of the functions that a decorator registers.

    Args:
        decorator: The decorator.
        plugins: Where they are registered; a blueprint has none until it is registered itself.
    """
    return ScopedTable(partial(FunctionList, decorator, plugins), plugins)
