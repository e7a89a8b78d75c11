"""The proxies `request`, `g` and `current_app`: each is the object of the current context."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from werkzeug.local import LocalProxy

from cocopot.context import CURRENT, current, current_request_context
from cocopot.speedups import see_through

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request

# A LocalProxy finds an attribute by failing first; these overrides look through the context at once. What the
# object itself does not have, such as `_get_current_object`, is the proxy's own.


class _ContextProxy(LocalProxy[Any]):
    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        # Python comes here after an AttributeError from `__getattribute__`. Where that was the object's own,
        # to ask the object again would run a property twice.
        error: AttributeError | None = _FAILED.__dict__.pop("error", None)
        if error is None:
            return getattr(self._get_current_object(), name)
        try:
            raise error
        finally:
            del error


_FAILED = threading.local()


def _own(proxy: _ContextProxy, name: str, error: AttributeError) -> Any:
    """Return an attribute of the proxy itself, or raise what the object raised."""
    if hasattr(LocalProxy, name):
        return LocalProxy.__getattribute__(proxy, name)
    try:
        raise error
    finally:
        del error  # a frame that holds an exception of its own traceback is a circle


def _own_or_remember(proxy: _ContextProxy, name: str, error: AttributeError) -> Any:
    """Do what `_own` does, and leave a note for `__getattr__`."""
    if not hasattr(LocalProxy, name):
        _FAILED.error = error
    try:
        return _own(proxy, name, error)
    finally:
        del error


class _RequestProxy(_ContextProxy):
    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        try:
            target = CURRENT.get().request
        except LookupError:
            return LocalProxy.__getattribute__(self, name)
        if target is None:
            return LocalProxy.__getattribute__(self, name)
        try:
            return getattr(target, name)
        except AttributeError as error:
            return _own_or_remember(self, name, error)


class _GlobalsProxy(_ContextProxy):
    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        try:
            target = CURRENT.get().g
        except LookupError:
            return LocalProxy.__getattribute__(self, name)
        try:
            return getattr(target, name)
        except AttributeError as error:
            return _own_or_remember(self, name, error)


class _AppProxy(_ContextProxy):
    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        try:
            target = CURRENT.get().app
        except LookupError:
            return LocalProxy.__getattribute__(self, name)
        try:
            return getattr(target, name)
        except AttributeError as error:
            return _own_or_remember(self, name, error)


#: The request that is being handled.
request: Request = cast("Request", _RequestProxy(lambda: current_request_context().request))
#: A namespace for the time of the current context.
g: Any = _GlobalsProxy(lambda: current().g)
#: The application that handles the current request, or whose context is active.
current_app: Cocopot = cast("Cocopot", _AppProxy(lambda: current().app))

see_through({_RequestProxy: "request", _GlobalsProxy: "g", _AppProxy: "app"}, CURRENT, _own)
