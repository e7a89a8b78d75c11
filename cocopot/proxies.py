"""The proxies `request`, `session`, `g` and `current_app`: each is the object of the current context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from werkzeug.local import LocalProxy

from cocopot.context import CURRENT, current, current_request_context, has_request_context
from cocopot.speedups import proxy_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.sessions import Session


class _ContextProxy(LocalProxy[Any]):
    """A proxy whose constructor does not call `object.__setattr__`.

    CPython rejects that for an object whose `__setattr__` is compiled.
    """

    __slots__ = ()

    def __init__(self, get_object: Callable[[], object]) -> None:
        vars(LocalProxy)["_LocalProxy__wrapped"].__set__(self, get_object)
        vars(LocalProxy)["_get_current_object"].__set__(self, get_object)


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


_RequestProxy = proxy_class("_RequestProxy", _ContextProxy, CURRENT, "request")
_GlobalsProxy = proxy_class("_GlobalsProxy", _ContextProxy, CURRENT, "g")
_AppProxy = proxy_class("_AppProxy", _ContextProxy, CURRENT, "app")

#: The request that is being handled.
request = cast("Request", _RequestProxy(lambda: current_request_context().request))
#: The session of the client whose request is being handled; it is opened at its first use.
session = cast("Session", _SessionProxy(_current_session))
#: A namespace that lives as long as the current context.
g: Any = _GlobalsProxy(lambda: current().g)
#: The application that handles the current request, or whose context is active.
current_app = cast("Cocopot", _AppProxy(lambda: current().app))
