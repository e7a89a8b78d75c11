"""The error handlers of an application and its blueprints, and which of them handles an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from werkzeug.exceptions import HTTPException, default_exceptions

from cocopot.coroutines import synchronous
from cocopot.functions import check_function, name_of
from cocopot.hooks import hookimpl
from cocopot.registry.blueprint_scopes import BlueprintScopes
from cocopot.registry.tables import ScopedTable
from cocopot.scopes import Scope, blueprints_of

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.hooks import PluginManager
    from cocopot.request import Request

ErrorKey: TypeAlias = int | type[Exception]
ErrorHandler: TypeAlias = Callable[..., object]

#: The name under which the error handlers are registered, as one implementation.
ERROR_HANDLERS = "app.errorhandler"

_MAX_CACHED = 256


def error_key(code_or_exception: object) -> ErrorKey:
    """Check what an error handler is to be registered for.

    Raises:
        TypeError: If it is neither a status code nor a class of exceptions.
        ValueError: If it is a number that is not the status code of an HTTP error.
    """
    if isinstance(code_or_exception, int) and not isinstance(code_or_exception, bool):
        if code_or_exception not in default_exceptions:
            raise ValueError(
                f"{code_or_exception} is not a status code of an HTTP error; "
                "use a subclass of HTTPException with that code instead."
            )
        return code_or_exception
    if isinstance(code_or_exception, type) and issubclass(code_or_exception, Exception):
        return code_or_exception
    cure = ""
    if callable(code_or_exception):
        cure = " Pass one in parentheses: @errorhandler(404)."
    raise TypeError(
        "An error handler is registered for a status code or a class of exceptions, not for "
        f"{code_or_exception!r}.{cure}"
    )


def check_handler(handler: object) -> None:
    """Reject an error handler that would never run; it may be a generator function, as a view may.

    Raises:
        TypeError: With the reason.
    """
    check_function("@errorhandler", handler, may_yield=True, may_await=True)


class ScopeHandlers(MutableMapping[ErrorKey, ErrorHandler]):
    """The error handlers of one blueprint, or of the application, by status code or class of exceptions.

    Args:
        on_change: Called after a handler was added or removed.
    """

    def __init__(self, on_change: Callable[[], object] = lambda: None) -> None:
        self._on_change = on_change
        self._handlers: dict[ErrorKey, ErrorHandler] = {}
        #: The same, with a plain function for each that is a coroutine function.
        self.synchronous: dict[ErrorKey, ErrorHandler] = {}

    def replace(
        self, values: Mapping[ErrorKey, ErrorHandler] | Iterable[tuple[ErrorKey, ErrorHandler]]
    ) -> None:
        """Register `values` in place of what is registered."""
        handlers = {error_key(key): handler for key, handler in dict(values).items()}
        for handler in handlers.values():
            check_handler(handler)
        self._handlers, self.synchronous = {}, {}
        for key, handler in handlers.items():
            self._set(key, handler)
        self._on_change()

    def _set(self, key: ErrorKey, handler: ErrorHandler) -> None:
        self._handlers[key], self.synchronous[key] = handler, synchronous(handler)

    def add_all(self, values: Mapping[ErrorKey, ErrorHandler]) -> None:
        """Register `values` in addition."""
        self.update(values)

    def as_data(self) -> dict[ErrorKey, ErrorHandler]:
        """Return a plain dict of the handlers."""
        return self._handlers.copy()

    def __setitem__(self, key: object, handler: ErrorHandler) -> None:
        key = error_key(key)
        check_handler(handler)
        self._set(key, handler)
        self._on_change()

    def __delitem__(self, key: ErrorKey) -> None:
        del self._handlers[key], self.synchronous[key]
        self._on_change()

    def __getitem__(self, key: ErrorKey) -> ErrorHandler:
        return self._handlers[key]

    def __contains__(self, key: object) -> bool:
        return key in self._handlers

    def __iter__(self) -> Iterator[ErrorKey]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)

    def __repr__(self) -> str:
        return repr(self._handlers)


class Found(NamedTuple):
    """An error handler, and what it is registered for.

    Args:
        scope: The blueprint, or `None` for the application.
        key: The status code or the class of exceptions.
        handler: The handler.
    """

    scope: Scope
    key: ErrorKey
    handler: ErrorHandler

    @property
    def name(self) -> str:
        """The name for lists, with decorator, blueprint, key and function."""
        where = "app" if self.scope is None else f"bp.{self.scope}"
        return f"{where}.errorhandler({_key_name(self.key)}): {name_of(self.handler)}"


class ErrorHandlers:
    """The application's error handlers, as one implementation of `cocopot_handle_exception`.

    It is registered while there is an error handler.

    Args:
        plugins: The plugin manager of the application.
    """

    def __init__(self, plugins: PluginManager) -> None:
        self._plugins = plugins
        self._scopes: BlueprintScopes | None = None
        self._has_blueprints = False
        #: By class, code and blueprints, what has been found; bounded, as an application may make classes.
        self._cache: dict[tuple[type, object, tuple[str, ...]], Found | None] = {}
        #: The handlers by blueprint name, or `None` for those of the application.
        self.table = ScopedTable[ScopeHandlers](lambda _: ScopeHandlers(self._update_registration), plugins)

    def _update_registration(self) -> None:
        with self._plugins.locked():
            is_registered = self._plugins.has_plugin(ERROR_HANDLERS)
            is_needed = any(self.table.values())
            self._cache = {}
            self._has_blueprints = any(handlers for scope, handlers in self.table.items() if scope)
            if is_needed and not is_registered:
                self._plugins.register(self, ERROR_HANDLERS, origin="application")
            elif is_registered and not is_needed:
                self._plugins.unregister(name=ERROR_HANDLERS)

    def entries(self) -> list[Found]:
        """Return all handlers, for lists."""
        return [
            Found(scope, key, handler)
            for scope, handlers in self.table.items()
            for key, handler in handlers.items()
        ]

    @hookimpl
    def cocopot_handle_exception(self, app: Cocopot, request: Request, exc: Exception) -> object | None:
        """Call the handler that is the nearest to the exception, if there is one.

        Raises:
            TypeError: If it returns `None`.
        """
        scopes = tuple(self.blueprints_of(app, request)) if self._has_blueprints else ()
        cls, cache = type(exc), self._cache
        code = exc.code if issubclass(cls, HTTPException) else None  # type: ignore[attr-defined]
        try:
            found = cache[cls, code, scopes]
        except KeyError:
            found = self.find(exc, scopes)
            if len(cache) >= _MAX_CACHED:
                cache.clear()
            cache[cls, code, scopes] = found
        if found is None:
            return None
        request.handled_by = found
        value = found.handler(exc)
        if value is None:
            raise TypeError(
                f"The error handler {name_of(found.handler)!r} for {_key_name(found.key)} returned None; "
                "it must return a response, as a view does."
            )
        return value

    def blueprints_of(self, app: Cocopot, request: Request) -> list[str]:
        """Return the blueprints whose handlers may handle an exception of a request, innermost first.

        A request without a matching rule belongs to a blueprint by its host and path; see `BlueprintScopes`.

        Args:
            app: The application.
            request: The request.
        """
        if request.url_rule is not None:
            return blueprints_of(request.url_rule.endpoint)
        if not self._has_blueprints:
            return []
        table = app.router.table
        if self._scopes is None or not self._scopes.is_current(app, table):
            self._scopes = BlueprintScopes(app, table)
        return self._scopes.find(request)

    def find(self, exc: Exception, scopes: Iterable[str]) -> Found | None:
        """Return the handler of an exception, or `None`.

        A handler for the status code comes before one for a class without a code; among those, the innermost
        blueprint's before an outer one's and the application's; among those, the most specific class.

        Args:
            exc: The exception.
            scopes: The blueprints that the request belongs to, innermost first.
        """
        # Few calls: exceptions such as a 404 are part of normal operation.
        classes: tuple[Any, ...] = type(exc).__mro__
        code = exc.code if issubclass(classes[0], HTTPException) else None  # type: ignore[attr-defined]
        existing = self.table.existing
        tables = [
            (scope, table.synchronous) for scope in (*scopes, None) if (table := existing(scope)) is not None
        ]
        if code is not None:
            for scope, handlers in tables:
                for cls in classes:
                    if cls in handlers and getattr(cls, "code", None) == code:
                        return Found(scope, cls, handlers[cls])
                if code in handlers:
                    return Found(scope, code, handlers[code])
        for scope, handlers in tables:
            for cls in classes:
                if cls in handlers:
                    return Found(scope, cls, handlers[cls])
        return None


def _key_name(key: ErrorKey) -> str:
    return str(key) if isinstance(key, int) else key.__name__
