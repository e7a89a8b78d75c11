"""The proxies `request`, `session`, `g` and `current_app`: each is the object of the current context."""

from __future__ import annotations

import threading
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from werkzeug.local import LocalProxy

from cocopot.context import CURRENT, current, current_request_context, has_request_context

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.sessions import Session

# A method call on an imported name is compiled to a slower attribute lookup (CPython 3.11).
_get_context = CURRENT.get

# Passes an object's error from `__getattribute__` to `__getattr__`.
_FAILED = threading.local()


class _ContextProxy(LocalProxy[Any]):
    """A proxy that reads an attribute from its object first.

    A `LocalProxy` reads it from itself first, and from its object when that has failed, which takes longer.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        # Python calls this after an AttributeError of `__getattribute__`. If that was the object's, it is
        # raised again: reading the attribute again would run a property twice.
        error: AttributeError | None = _FAILED.__dict__.pop("error", None)
        if error is None:
            return getattr(self._get_current_object(), name)
        try:
            raise error
        finally:
            del error  # break the reference cycle exception -> traceback -> frame


def _proxy_attribute(proxy: LocalProxy[Any], name: str, error: AttributeError) -> object:
    """Return an attribute of the proxy itself, such as `_get_current_object`, or raise its object's error."""
    if hasattr(LocalProxy, name):
        return LocalProxy.__getattribute__(proxy, name)
    _FAILED.error = error
    try:
        raise error
    finally:
        del error  # break the reference cycle exception -> traceback -> frame


def _read_through(self: LocalProxy[Any], name: str) -> object:
    """Return an attribute of the object, or else of the proxy itself."""
    try:
        target = _get_context().request
    except LookupError:
        return LocalProxy.__getattribute__(self, name)
    if target is None:
        return LocalProxy.__getattribute__(self, name)
    try:
        return getattr(target, name)
    except AttributeError as error:
        return _proxy_attribute(self, name, error)


def _proxy_class(name: str, attribute: str) -> type[_ContextProxy]:
    """Return the class of proxies for an attribute of the context.

    Its `__getattribute__` is `_read_through` with that attribute's name compiled in place of `request`. To
    find the attribute by `getattr` takes a third more time, each time that a view reads from the request.
    """
    code = _read_through.__code__
    names = tuple(attribute if used == "request" else used for used in code.co_names)
    read = FunctionType(code.replace(co_names=names), globals(), "__getattribute__")
    return type(name, (_ContextProxy,), {"__slots__": (), "__getattribute__": read})


def _current_session() -> Session:
    return current_request_context().session


class _SessionProxy(LocalProxy[Any]):
    """A proxy of a session, with its most frequent operations defined.

    An exception that opening the session raises leaves each operation as it is.
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        return _current_session()[key]

    def __setitem__(self, key: str, value: object) -> None:
        _current_session()[key] = value

    def __contains__(self, key: object) -> bool:
        return key in _current_session()

    def get(self, key: str, default: Any = None) -> Any:
        return _current_session().get(key, default)

    # A `LocalProxy` is false, or unbound, if reading its object raises a RuntimeError.
    def __bool__(self) -> bool:
        return has_request_context() and bool(_current_session())

    def __repr__(self) -> str:
        return repr(_current_session()) if has_request_context() else "<session outside of a request>"


#: The request that is being handled.
request = cast("Request", _proxy_class("_RequestProxy", "request")(lambda: current_request_context().request))
#: The session of the client whose request is being handled; it is opened at its first use.
session = cast("Session", _SessionProxy(_current_session))
#: A namespace that lives as long as the current context.
g: Any = _proxy_class("_GlobalsProxy", "g")(lambda: current().g)
#: The application that handles the current request, or whose context is active.
current_app = cast("Cocopot", _proxy_class("_AppProxy", "app")(lambda: current().app))
