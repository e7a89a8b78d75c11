"""The pure-Python twin of `proxy_class` in `_compiled.pyx`, and what that calls."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import FunctionType
from typing import TYPE_CHECKING, Any

from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from contextvars import ContextVar

# Passes an object's error from `__getattribute__` to `__getattr__`.
_FAILED = threading.local()


def proxy_class(
    name: str, base: type[LocalProxy[Any]], variable: ContextVar[Any], attribute: str
) -> type[LocalProxy[Any]]:
    """Return a class of proxies for an attribute of the current context.

    They read an attribute from their object first. A `LocalProxy` reads it from itself first, and from its
    object when that has failed, which takes longer.

    Args:
        name: Name of the class.
        base: Its base class.
        variable: The variable of the context.
        attribute: The attribute of the context; `None` if the context has none.
    """
    methods: dict[str, Any] = {"__slots__": (), "__getattr__": _getattr}
    # The attribute's name is compiled in: to find it by `getattr` takes a third more time.
    namespace = {**globals(), "get_context": variable.get}
    for template in (_getattribute, _setattr, _delattr, _contains, _bool):
        code = template.__code__
        names = tuple(attribute if used == "ATTRIBUTE" else used for used in code.co_names)
        method = f"_{template.__name__}__"
        methods[method] = FunctionType(code.replace(co_names=names), namespace, method)
    return type(name, (base,), methods)


def read_unbound(proxy: LocalProxy[Any], name: str) -> Any:
    """Return an attribute of a proxy that has no object: its own, or what its function returns or raises."""
    try:
        return object.__getattribute__(proxy, name)
    except AttributeError:
        return getattr(proxy._get_current_object(), name)  # noqa: SLF001 - it is public in Werkzeug


def read_after_error(proxy: LocalProxy[Any], name: str, error: AttributeError) -> Any:
    """Return an attribute of the proxy itself, such as `_get_current_object`, or raise its object's error."""
    try:
        if hasattr(LocalProxy, name):
            with suppress(AttributeError):
                return object.__getattribute__(proxy, name)
        raise error
    finally:
        del error  # break the reference cycle exception -> traceback -> frame


def _getattr(self: LocalProxy[Any], name: str) -> Any:
    # Python calls this after an AttributeError of `__getattribute__`. If that was the object's, it is
    # raised again: reading the attribute again would run a property twice.
    error: AttributeError | None = _FAILED.__dict__.pop("error", None)
    if error is None:
        return getattr(self._get_current_object(), name)
    try:
        raise error
    finally:
        del error  # break the reference cycle exception -> traceback -> frame


def get_context() -> Any:
    """Return the value of the variable in the methods below, which `proxy_class` copies."""


def _getattribute(self: LocalProxy[Any], name: str) -> Any:
    try:
        bound = get_context().ATTRIBUTE
    except LookupError:
        return object.__getattribute__(self, name)
    if bound is None:
        return object.__getattribute__(self, name)
    try:
        return getattr(bound, name)
    except AttributeError as error:
        try:
            return read_after_error(self, name, error)
        except AttributeError:
            _FAILED.error = error
            raise


def _setattr(self: LocalProxy[Any], name: str, value: object) -> None:
    try:
        bound = get_context().ATTRIBUTE
    except LookupError:
        bound = None
    setattr(self._get_current_object() if bound is None else bound, name, value)


def _delattr(self: LocalProxy[Any], name: str) -> None:
    delattr(self._get_current_object(), name)


def _contains(self: LocalProxy[Any], item: object) -> bool:
    try:
        bound = get_context().ATTRIBUTE
    except LookupError:
        bound = None
    return item in (self._get_current_object() if bound is None else bound)


def _bool(self: LocalProxy[Any]) -> bool:  # noqa: ARG001 - a method
    try:
        bound = get_context().ATTRIBUTE
    except LookupError:
        return False
    return bound is not None and bool(bound)
