"""The application's functions as hook implementations, and as data.

What the decorators register can also be reached through `before_request_funcs` and its like, which map a
blueprint's name, or `None`, to a list of functions. They are live: changing them registers and unregisters
implementations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cocopot.hooks import hookimpl
from cocopot.hooks.candidates import unique_name
from cocopot.hooks.compiler import direct
from cocopot.request import blueprints_of

if TYPE_CHECKING:
    from cocopot.hooks import PluginManager

Scope = str | None


# -------------------------------------------------------------------------
# A function as a hook implementation
# -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decorator:
    """What a decorator registers.

    Args:
        name: The decorator's name, for lists.
        hook: The hook that its functions implement.
        parameters: What its functions take, by the names of the hook's arguments.
        adapt: Makes, of a function and a scope, an implementation that looks at the scope when it is called.
    """

    name: str
    hook: str
    parameters: tuple[str, ...]
    adapt: Callable[[Callable[..., Any], Scope], Callable[..., Any]]


def _serves(scope: Scope, blueprints: Iterable[str]) -> bool:
    return scope is None or scope in blueprints


# The adapters are for calls by keyword through pluggy; compiled calls know the scope and call the function.
# Each is a lambda of its own, although it only passes on: pluggy reads the arguments' names off it.
# ruff: noqa: PLW0108
BEFORE_REQUEST = Decorator(
    "before_request",
    "cocopot_before_request",
    (),
    lambda f, scope: lambda request: f() if _serves(scope, request.blueprints) else None,
)
AFTER_REQUEST = Decorator(
    "after_request",
    "cocopot_after_request",
    ("response",),
    lambda f, scope: lambda request, response: f(response) if _serves(scope, request.blueprints) else None,
)
TEARDOWN_REQUEST = Decorator(
    "teardown_request",
    "cocopot_teardown_request",
    ("exc",),
    lambda f, scope: lambda request, exc: f(exc) if _serves(scope, request.blueprints) else None,
)
URL_VALUE_PREPROCESSOR = Decorator(
    "url_value_preprocessor",
    "cocopot_url_value_preprocessor",
    ("endpoint", "view_args"),
    lambda f, scope: (
        lambda request, endpoint, view_args: (
            f(endpoint, view_args) if _serves(scope, request.blueprints) else None
        )
    ),
)
URL_DEFAULTS = Decorator(
    "url_defaults",
    "cocopot_url_defaults",
    ("endpoint", "values"),
    lambda f, scope: (
        lambda endpoint, values: f(endpoint, values) if _serves(scope, blueprints_of(endpoint)) else None
    ),
)
TEARDOWN_APP_CONTEXT = Decorator(
    "teardown_appcontext", "cocopot_teardown_app_context", ("exc",), lambda f, _: lambda exc: f(exc)
)
STARTUP = Decorator("on_startup", "cocopot_startup", (), lambda f, _: lambda: f())
SHUTDOWN = Decorator("on_shutdown", "cocopot_shutdown", (), lambda f, _: lambda: f())
SHELL_CONTEXT = Decorator("shell_context_processor", "cocopot_shell_context", (), lambda f, _: lambda: f())
URL_BUILD_ERROR = Decorator(
    "url_build_error_handler",
    "cocopot_url_build_error",
    ("error", "endpoint", "values"),
    lambda f, _: lambda error, endpoint, values: f(error, endpoint, values),
)


class ApplicationFunction:
    """A function of the application, as a plugin with one hook implementation.

    Args:
        hook: The hook.
        function: The application's function.
        adapter: What pluggy calls; compiled calls may go straight to `function`.
    """

    def __init__(self, hook: str, function: Callable[..., Any], adapter: Callable[..., Any]) -> None:
        self.function = function
        self._hook = hook
        setattr(self, hook, hookimpl(adapter))

    def __dir__(self) -> list[str]:
        return [self._hook]


def register_function(
    plugins: PluginManager, label: str, hook: str, function: Callable[..., Any], adapter: Any, scope: Scope
) -> str:
    """Register an application's function under a name that says where it comes from, and return the name."""
    where = f"bp.{scope}" if scope else "app"
    depth = scope.count(".") + 1 if scope else 0
    plugin = ApplicationFunction(hook, function, adapter)
    with plugins.frozen():
        name = unique_name(f"{where}.{label}: {name_of(function)}", plugins.records_by_name)
        plugins.register(plugin, name, origin="application", scope=scope, depth=depth)
    return name


def name_of(function: Callable[..., Any]) -> str:
    """Return module and qualified name of a function, for lists."""
    function = getattr(function, "func", function)  # functools.partial
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


# -------------------------------------------------------------------------
# Functions as data
# -------------------------------------------------------------------------


class FunctionList(MutableSequence[Callable[..., Any]]):
    """The functions of one blueprint, or of the application, for one hook; changes take effect at once."""

    def __init__(self, table: FunctionTable, scope: Scope) -> None:
        self._table = table
        self._scope = scope
        self._functions: list[Callable[..., Any]] = []
        self._names: list[str] = []

    def insert(self, index: int, value: Callable[..., Any]) -> None:
        """Insert a function; the order of the list is the order of registration."""
        with self._table.frozen():
            at_end = index >= len(self._functions)
            self._functions.insert(index, value)
            self._renew(from_index=len(self._names) if at_end else 0)

    def _renew(self, from_index: int = 0) -> None:
        # Requests that would compile meanwhile wait: they see either the old functions or the new ones.
        for name in self._names[from_index:]:
            self._table.unregister(name)
        names = [self._table.register(function, self._scope) for function in self._functions[from_index:]]
        self._names[from_index:] = names

    def __setitem__(self, index: Any, value: Any) -> None:
        with self._table.frozen():
            self._functions[index] = value
            self._renew()

    def __delitem__(self, index: Any) -> None:
        with self._table.frozen():
            del self._functions[index]
            self._renew()

    def __getitem__(self, index: Any) -> Any:
        return self._functions[index]

    def __len__(self) -> int:
        return len(self._functions)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (FunctionList, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._functions)


class FunctionTable(MutableMapping[Scope, FunctionList]):
    """The functions for one hook, by blueprint name, or `None` for those of the application.

    A key that is missing is made when it is asked for.

    Args:
        decorator: What the functions implement.
        plugins: Where they are registered; a blueprint has none until it is registered itself.
    """

    def __init__(self, decorator: Decorator, plugins: PluginManager | None = None) -> None:
        self.decorator = decorator
        self._plugins = plugins
        self._lists: dict[Scope, FunctionList] = {}

    def frozen(self) -> AbstractContextManager[None]:
        """Keep others from registering, and requests from looking, while several functions change."""
        return nullcontext() if self._plugins is None else self._plugins.frozen()

    def register(self, function: Callable[..., Any], scope: Scope) -> str:
        """Register one function as a hook implementation, and return the name it got."""
        if self._plugins is None:
            return ""
        adapter = self.decorator.adapt(function, scope)
        direct(adapter, function, self.decorator.parameters)
        return register_function(
            self._plugins, self.decorator.name, self.decorator.hook, function, adapter, scope
        )

    def unregister(self, name: str) -> None:
        """Take one function's registration back."""
        if self._plugins is not None:
            self._plugins.unregister(name=name)

    def __getitem__(self, scope: Scope) -> FunctionList:
        return self._lists.setdefault(scope, FunctionList(self, scope))

    def __setitem__(self, scope: Scope, functions: Iterable[Callable[..., Any]]) -> None:
        functions = list(functions)
        self[scope][:] = functions

    def __delitem__(self, scope: Scope) -> None:
        del self._lists[scope][:]
        del self._lists[scope]

    def setdefault(self, scope: Scope, default: Any = ()) -> FunctionList:
        """Return the functions of `scope`, after setting them to `default` if there is no such key."""
        if scope not in self._lists:
            self[scope] = default
        return self[scope]

    def as_data(self) -> dict[Scope, list[Callable[..., Any]]]:
        """Return plain lists of the functions."""
        return {scope: list(functions) for scope, functions in self._lists.items()}

    def replace(self, data: Mapping[Scope, list[Callable[..., Any]]]) -> None:
        """Make the table what `as_data` would give."""
        with self.frozen():
            for scope in [*self._lists, *data]:
                if list(self[scope]) != data.get(scope, []):
                    self[scope][:] = data.get(scope, [])

    def __contains__(self, scope: object) -> bool:
        return scope in self._lists

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def __repr__(self) -> str:
        return repr(self._lists)
