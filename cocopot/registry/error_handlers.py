"""The error handlers of an application and its blueprints, and which of them answers an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException, default_exceptions

from cocopot.registry.callbacks import Scope, name_of, register_function
from cocopot.request import blueprints_of

if TYPE_CHECKING:
    from cocopot.hooks import PluginManager
    from cocopot.request import Request
    from cocopot.types import Application

ErrorKey = int | type[Exception]


def error_key(code_or_exception: object) -> ErrorKey:
    """Check what an error handler is to be registered for.

    Raises:
        TypeError: If it is neither a status code nor a class of exceptions.
        ValueError: If it is a number that is no status code of an error.
    """
    if isinstance(code_or_exception, int) and not isinstance(code_or_exception, bool):
        if code_or_exception not in default_exceptions:
            raise ValueError(
                f"{code_or_exception} is no status code that HTTP errors have; "
                "use a subclass of HTTPException with that code instead."
            )
        return code_or_exception
    if isinstance(code_or_exception, type) and issubclass(code_or_exception, Exception):
        return code_or_exception
    raise TypeError(
        "An error handler is registered for a status code or a class of exceptions, not for "
        f"{code_or_exception!r}."
    )


class Handlers(MutableMapping[ErrorKey, Callable[..., Any]]):
    """The error handlers of one blueprint, or of the application, by status code or class of exceptions."""

    def __init__(self, spec: ErrorHandlerSpec, scope: Scope) -> None:
        self._spec = spec
        self._scope = scope
        self._handlers: dict[ErrorKey, Callable[..., Any]] = {}
        self._names: dict[ErrorKey, str] = {}

    def __setitem__(self, key: Any, handler: Callable[..., Any]) -> None:
        key = error_key(key)
        with self._spec.frozen():
            if key in self._handlers:
                del self[key]
            self._handlers[key] = handler
            self._names[key] = self._spec.register(handler, key, self._scope)

    def __delitem__(self, key: ErrorKey) -> None:
        del self._handlers[key]
        self._spec.unregister(self._names.pop(key))

    def __getitem__(self, key: ErrorKey) -> Callable[..., Any]:
        return self._handlers[key]

    def __iter__(self) -> Iterator[ErrorKey]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)

    def __repr__(self) -> str:
        return repr(self._handlers)


class ErrorHandlerSpec(MutableMapping[Scope, Handlers]):
    """The error handlers, by blueprint name, or `None` for those of the application.

    Args:
        plugins: Where they are registered; a blueprint has none until it is registered itself.
        scopes_of: Returns the blueprints, innermost first, whose handlers may answer for a request.
    """

    def __init__(
        self,
        plugins: PluginManager | None = None,
        scopes_of: Callable[[Any], Iterable[str]] = lambda request: request.blueprints,
    ) -> None:
        self._plugins = plugins
        self._scopes_of = scopes_of
        self._scopes: dict[Scope, Handlers] = {}

    def find(self, exc: Exception, scopes: Iterable[str]) -> tuple[Scope, ErrorKey] | None:
        """Return which handler answers an exception, or `None`.

        A handler for the status code comes before one for a class without a code; among those, the innermost
        blueprint's before an outer one's and the application's; among those, the most specific class.

        Args:
            exc: The exception.
            scopes: The blueprints that the request belongs to, innermost first.
        """
        ordered = (*scopes, None)
        classes = [cls for cls in type(exc).__mro__ if issubclass(cls, Exception)]
        code = exc.code if isinstance(exc, HTTPException) else None
        if code is not None:
            with_code: list[ErrorKey] = [cls for cls in classes if getattr(cls, "code", None) == code]
            if (found := self._first(ordered, [*with_code, code])) is not None:
                return found
        return self._first(ordered, classes)

    def _first(self, scopes: Iterable[Scope], keys: Iterable[ErrorKey]) -> tuple[Scope, ErrorKey] | None:
        for scope in scopes:
            handlers = self._scopes.get(scope)
            for key in keys if handlers else ():
                if key in handlers:  # type: ignore[operator]  # it is not None where there are keys
                    return scope, key
        return None

    def frozen(self) -> AbstractContextManager[None]:
        """Keep others from registering, and requests from looking, while several handlers change."""
        return nullcontext() if self._plugins is None else self._plugins.frozen()

    def register(self, handler: Callable[..., Any], key: ErrorKey, scope: Scope) -> str:
        """Register one handler as a hook implementation, and return the name it got."""
        if self._plugins is None:
            return ""

        def answer(request: Any, exc: Exception) -> Any:
            if self.find(exc, self._scopes_of(request)) != (scope, key):
                return None
            value = handler(exc)
            if value is None:
                raise TypeError(
                    f"The error handler {name_of(handler)!r} for {_key_name(key)} returned None; "
                    "it must return a response, as a view does."
                )
            return value

        # A 404 under a blueprint's prefix belongs to no endpoint; the lifecycle compiles the hook for it with
        # the blueprints of the prefix.
        label = f"errorhandler({_key_name(key)})"
        return register_function(self._plugins, label, "cocopot_handle_exception", handler, answer, scope)

    def unregister(self, name: str) -> None:
        """Take one handler's registration back."""
        if self._plugins is not None:
            self._plugins.unregister(name=name)

    def __getitem__(self, scope: Scope) -> Handlers:
        return self._scopes.setdefault(scope, Handlers(self, scope))

    def __setitem__(self, scope: Scope, handlers: Mapping[Any, Callable[..., Any]]) -> None:
        handlers = dict(handlers)
        with self.frozen():
            self[scope].clear()
            self[scope].update(handlers)

    def __delitem__(self, scope: Scope) -> None:
        self._scopes[scope].clear()
        del self._scopes[scope]

    def setdefault(self, scope: Scope, default: Any = None) -> Handlers:
        """Return the handlers of `scope`, after setting them to `default` if there is no such key."""
        if scope not in self._scopes:
            self[scope] = default or {}
        return self[scope]

    def as_data(self) -> dict[Scope, dict[ErrorKey, Callable[..., Any]]]:
        """Return plain dicts of the handlers."""
        return {scope: dict(handlers) for scope, handlers in self._scopes.items()}

    def replace(self, data: Mapping[Scope, Mapping[ErrorKey, Callable[..., Any]]]) -> None:
        """Make the handlers what `as_data` would give."""
        with self.frozen():
            for scope in [*self._scopes, *data]:
                if dict(self[scope]) != data.get(scope, {}):
                    self[scope] = data.get(scope, {})

    def __contains__(self, scope: object) -> bool:
        return scope in self._scopes

    def __iter__(self) -> Iterator[Scope]:
        return iter(self._scopes)

    def __len__(self) -> int:
        return len(self._scopes)

    def __repr__(self) -> str:
        return repr(self._scopes)


def _key_name(key: ErrorKey) -> str:
    return str(key) if isinstance(key, int) else key.__name__


def error_scopes(app: Application, request: Request) -> list[str]:
    """Return the blueprints whose error handlers may answer, innermost first.

    A request that matched nothing belongs to the blueprint whose prefix its path begins with.
    """
    if request.url_rule is not None:
        return request.blueprints
    return blueprints_at(app, request.path) if app.blueprint_prefixes else []


def blueprints_at(app: Any, path: str) -> list[str]:
    """Return the blueprint with the longest prefix of `path`, and those that it lies in.

    Of equal prefixes the one without variables counts, then the one that was registered first: a blueprint
    before those inside it.
    """
    segments = path.split("/")
    best, rank = "", (1, 0)
    for name, prefix in app.blueprint_prefixes.items():
        parts = prefix.rstrip("/").split("/")
        own_rank = (len(parts), sum("<" not in part for part in parts))
        if len(parts) > 1 and own_rank > rank and _begins_with(segments, parts):
            best, rank = name, own_rank
    return blueprints_of(f"{best}.") if best else []


def _begins_with(segments: list[str], prefix: list[str]) -> bool:
    return len(segments) >= len(prefix) and all(
        part == segment or "<" in part for part, segment in zip(prefix, segments, strict=False)
    )
