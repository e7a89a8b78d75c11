"""Sessions: what a client's requests share; the API that session plugins and session interfaces implement.

`cocopot.session` is the session of the current request. Who opens and saves it is decided by the hooks
`cocopot_open_session` and `cocopot_save_session`; without a session plugin, `app.session_interface` does.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn, overload

from werkzeug.exceptions import ServiceUnavailable

from cocopot.missing_names import install_hint
from cocopot.session_cookies import SessionCookies

if TYPE_CHECKING:
    from typing import Self

    from _typeshed import SupportsKeysAndGetItem

    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.response import Response

__all__ = ["NullSession", "Session", "SessionInterface", "SessionUnavailable"]

#: What a session has beside its keys and values.
_ATTRIBUTES = ("permanent", "new", "modified", "accessed")
_MISSING: Any = object()
_NO_PLUGIN = f"no session plugin is loaded; {install_hint('session')}."


class Session(dict[str, Any], metaclass=ABCMeta):
    """A session: a dict that records whether it has been changed. Session plugins derive from it.

    A change inside a value, such as `session["cart"].append(1)`, is not seen unless the derived class has
    `is_changed_inside`: set `session.modified = True` after it. A mutable mapping of another class is a
    session as well if its class has `permanent`, `new`, `modified` and `accessed`; `isinstance` accepts it.

    Example:
        ```python
        from cocopot.sessions import Session

        session = Session({"user": 1})
        assert not session.modified
        session["user"] = 2
        assert session.modified
        ```

    Args:
        initial: The keys and values that have been stored.
        new: Whether the client had no session before.
    """

    #: Whether the client had no session before.
    new: bool = False
    #: Whether the session has been used in the request; set when it is opened for `cocopot.session`.
    accessed: bool = False
    _is_modified = False
    _refusal = ""
    _refusal_class: type[Exception] = RuntimeError

    def __init__(
        self, initial: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, *, new: bool = False
    ) -> None:
        super().__init__(() if initial is None else initial)
        self.new = new

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        is_other = cls is Session and issubclass(other, MutableMapping)
        return (is_other and all(hasattr(other, name) for name in _ATTRIBUTES)) or NotImplemented

    @property
    def modified(self) -> bool:
        """Whether a key has been set or removed; set it to `True` after a change inside a value.

        Raises:
            RuntimeError: If it is set to `True` when the session cannot be changed any more.
        """
        return self._is_modified or self.is_changed_inside()

    @modified.setter
    def modified(self, value: bool) -> None:
        if value:
            self._change()
        self._is_modified = bool(value)

    def is_changed_inside(self) -> bool:
        """Return whether a value has been changed inside; a class that can find out overrides it."""
        return False

    @property
    def permanent(self) -> bool:
        """Whether the session outlives the browser; stored under the key `_permanent`.

        How long it does is decided by what saves it.
        """
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)

    @property
    def refusal(self) -> str:
        """Why changes are refused; empty if they are not."""
        return self._refusal

    def refuse_changes(self, reason: str, error: type[Exception] = RuntimeError) -> None:
        """Make every further change raise an error.

        Args:
            reason: The end of the message: a clause with the cause, and a sentence with the cure; if it is
                empty, changes are accepted again.
            error: The class of the error, which takes the message, such as `SessionUnavailable`, with which
                the client gets a 503.
        """
        self._refusal = reason
        self._refusal_class = error

    def _change(self) -> None:
        if self._refusal:
            raise self._refusal_class(f"The session cannot be changed: {self._refusal}")
        self._is_modified = True

    def __setitem__(self, key: str, value: Any) -> None:
        self._change()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._change()
        super().__delitem__(key)

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]  # the overloads of dict
        self.update(other)
        return self

    def clear(self) -> None:
        """Remove every key."""
        self._change()
        super().clear()

    @overload
    def pop(self, key: str, /) -> Any: ...
    @overload
    def pop(self, key: str, default: Any, /) -> Any: ...
    def pop(  # pyright: ignore[reportIncompatibleMethodOverride]  # any default, for any value
        self, key: str, default: Any = _MISSING, /
    ) -> Any:
        """Remove a key and return its value, or `default` if it is not there.

        Raises:
            KeyError: If it is not there, without a default.
        """
        self._change()
        return super().pop(key) if default is _MISSING else super().pop(key, default)

    def popitem(self) -> tuple[str, Any]:
        """Remove the key that was set last; return it with its value."""
        self._change()
        return super().popitem()

    def setdefault(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, after setting it to `default` if it is not there."""
        if key in self:
            return self[key]
        self[key] = default
        return default

    def update(
        self,
        other: SupportsKeysAndGetItem[str, Any] | Iterable[tuple[str, Any]] = (),
        /,
        **values: Any,
    ) -> None:
        """Set the keys of a mapping, of pairs, or of keyword arguments."""
        self._change()
        super().update(other, **values)

    def change(self, key: str, function: Callable[[Any], Any], default: Any = None) -> Any:
        """Set a key to what a function returns for its value.

        What merges the changes of parallel requests calls the function again with the newest value, so that
        neither of two increments is lost.

        Args:
            key: The key.
            function: Takes the value, and returns the new one.
            default: What the function takes if the key is not there.

        Returns:
            What the function has returned.
        """
        if self._refusal:
            self._change()
        value = self[key] = function(self.get(key, default))
        return value

    def rotate(self) -> None:
        """Give the session a new identifier; what is in it remains.

        Call it when a user signs in, or gets other rights, so that whoever has known the identifier before
        has nothing of it. Here it marks the session as changed; a class with identifiers overrides it.

        Raises:
            RuntimeError: If the session cannot be changed.
        """
        self._change()

    def destroy(self) -> None:
        """Remove everything, and what has been stored: call it when a user signs out.

        Here it is `clear`; a class that stores sessions elsewhere may do more.

        Raises:
            RuntimeError: If the session cannot be changed.
        """
        self.clear()

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is a dict, as that of `copy`

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict(self)!r}>"


class SessionUnavailable(ServiceUnavailable):
    """The store of the sessions cannot be reached: raised by what opens or saves a session.

    The response is a 503, also if it is raised after the view, when the session is saved.
    """

    description = "Sessions are not available at the moment. Try again later."


class NullSession(Session):
    """An empty session that cannot be changed, where no session can be opened.

    Args:
        reason: As for `Session.refuse_changes`; by default that no session plugin is loaded.
    """

    def __init__(self, reason: str = _NO_PLUGIN) -> None:
        super().__init__()
        self.refuse_changes(reason)

    def setdefault(self, key: str, default: Any = None, /) -> NoReturn:  # noqa: ARG002 - as that of a dict
        """Raise the error of every change."""
        self._change()
        raise AssertionError  # pragma: no cover - a null session refuses every change


class SessionInterface(SessionCookies):
    """Opens and saves the sessions of one application; assign an object to `app.session_interface`.

    It is used for requests for which no session plugin opens a session. The base class opens none. The
    methods of `cocopot.session_cookies.SessionCookies` are those that Flask has for the cookie.
    """

    #: What `make_null_session` makes, and `is_null_session` recognizes.
    null_session_class: type[Session] = NullSession

    def open_session(self, app: Cocopot, request: Request) -> Session | None:  # noqa: ARG002 - for subclasses
        """Return the session of a request; `None` if it can have none.

        Args:
            app: The application.
            request: The request.
        """
        return None

    def save_session(self, app: Cocopot, session: Session, response: Response) -> None:
        """Store a session that has been used, and set its cookie.

        Args:
            app: The application.
            session: What `open_session` returned; `modified` is whether it has to be stored.
            response: The response, which may be changed in place.
        """

    def make_null_session(self, app: Cocopot) -> Session:  # noqa: ARG002 - for subclasses
        """Return the session of a request for which `open_session` returned `None`.

        Args:
            app: The application.
        """
        cls = self.null_session_class
        if type(self) is SessionInterface or not issubclass(cls, NullSession):
            return cls()
        return cls(f"{type(self).__qualname__}.open_session returned None for this request.")

    def is_null_session(self, value: object) -> bool:
        """Return whether an object is what `make_null_session` makes."""
        return isinstance(value, self.null_session_class)


def check_session(value: object, source: str) -> Session:
    """Return what has been returned as a session, if it is one.

    A mapping of another class is refused instead of being copied: what returned it may store it by what is
    changed in it.

    Args:
        value: What has been returned.
        source: What returned it, for the message.

    Raises:
        TypeError: If it is not a session.
    """
    if isinstance(value, Session):
        return value
    cls = type(value)
    cure = "return an object of a class that is derived from cocopot.sessions.Session."
    if isinstance(value, MutableMapping):
        missing = [name for name in _ATTRIBUTES if not hasattr(cls, name)]
        cure = f"its class has no {' and no '.join(missing)}. R{cure[1:-1]}; `Session(...)` copies a mapping."
    # Not the value, which may contain what must not be logged.
    raise TypeError(f"{source} returned a {_name(cls)}, which is not a session: {cure}")


def describe_interface(interface: object) -> str:
    """Return what names a session interface in a message."""
    return f"app.session_interface, a {_name(type(interface))}"


def _name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def check_interface(interface: object) -> None:
    """Reject an object that cannot be `app.session_interface`.

    Raises:
        TypeError: If a method is missing.
    """
    missing = [
        name for name in ("open_session", "save_session") if not callable(getattr(interface, name, None))
    ]
    if isinstance(interface, type) or missing:
        what = f"the class {interface.__qualname__}" if isinstance(interface, type) else f"{interface!r}"
        cure = f"it has no {' and no '.join(missing)}" if missing else "assign an object of it"
        raise TypeError(
            f"app.session_interface cannot be {what}: {cure}. Derive a class from "
            "cocopot.sessions.SessionInterface, and assign an object of it."
        )
