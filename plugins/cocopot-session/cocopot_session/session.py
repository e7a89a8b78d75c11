"""The session of a request, as plugins and applications use it."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, cast

import cocopot
from cocopot.sessions import Session as BaseSession
from cocopot_session.tagged_json import UNCHANGEABLE, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cocopot_session.stores.base import Stored


class Session(BaseSession):
    """A session that knows what has been changed in it, also inside its values.

    `cocopot.session` is it. For type checkers, `cocopot_session.session` is the same object with this type.

    Args:
        values: The values that have been stored.
        base: The same, serialized one by one, or what returns it.
        created: When it was created, in seconds since the epoch; by default now.
        user: The user whom it belongs to.
        stored: What has been loaded from a store, instead of these three.
        key: What the store has it under; `None` if it has not been stored.
        merges: Whether the changes of parallel requests are merged when it is saved.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        base: Mapping[str, bytes] | Callable[[], Mapping[str, bytes]] = {},  # noqa: B006 - only read
        created: float | None = None,
        user: str | None = None,
        stored: Stored | None = None,
        key: str | None = None,
        merges: bool = False,
    ) -> None:
        super().__init__(values, new=values is None)
        if stored is not None:
            base, created, user = stored.values, stored.created, stored.user
        self._base = base
        self._created = created
        self._user = user
        #: What has been loaded from the store.
        self.stored = stored
        #: What its cookie has if it is in a store.
        self.identifier = ""
        #: What the store has it under: the hash of the identifier in its cookie. `None` if it is not stored.
        self.key = key
        self._merges = merges
        self._functions: dict[str, _Functions] = {}
        #: Whether it gets a new identifier when it is saved.
        self.is_rotated = False
        #: Whether what has been stored is deleted when it is saved.
        self.is_ended = False
        #: The user whom it belonged to when it was ended.
        self.ended_user: str | None = None
        #: Whether it is from a cookie of Flask.
        self.is_of_flask = False
        #: Whether its cookie has to be signed with the newest key.
        self.is_outdated = False

    @property
    def created(self) -> float:
        """When the session was created, or everything was removed from it, in seconds since the epoch."""
        if self._created is None:
            self._created = time.time()
        return self._created

    @property
    def user(self) -> str | None:
        """The user whom the session belongs to, a text, by which the sessions of a user can be listed.

        Assign it when a user signs in: the session gets a new identifier, as by `rotate`.

        Raises:
            TypeError: If what is assigned is neither a text nor `None`.
            ValueError: If it has half of a surrogate pair, or a NUL, which not every store can have.
            RuntimeError: If the session cannot be changed any more.
        """
        return self._user

    @user.setter
    def user(self, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise TypeError(f"session.user is a text or None, not a {type(value).__name__}: use str().")
        if value and ("\0" in value or _has_surrogate(value)):
            raise ValueError("session.user has a NUL, or half of a surrogate pair: use an identifier.")
        if value != self._user:
            self.rotate()
            self._user = value

    @property
    def has_content(self) -> bool:
        """Whether it has a key or a user, so that it has to be stored."""
        return bool(self) or self._user is not None

    def is_changed_inside(self) -> bool:
        """Return whether a value is stored otherwise than it has been.

        Raises:
            TypeError: If a value cannot be stored; the message names its key.
        """
        for key, value in self.items():
            if type(value) not in UNCHANGEABLE and self.base.get(key) != serialize(key, value):
                return True
        return False

    def rotate(self) -> None:
        """Give the session a new identifier when it is saved, and a new beginning of its absolute lifetime.

        Call it when a user signs in, or gets other rights: whoever has known the identifier before has
        nothing of it. What is in the session remains. A session in a signed cookie has no identifier.

        Raises:
            RuntimeError: If the session cannot be changed any more.
        """
        self.modified = True
        self.is_rotated = True
        self._created = time.time()

    def clear(self) -> None:
        """Remove everything, and delete what has been stored; what is set afterwards begins a new session."""
        super().clear()
        if not self.is_ended:
            self.is_ended, self.ended_user = True, self._user
        self._base, self._created, self._user = {}, time.time(), None
        self._functions.clear()

    def destroy(self) -> None:
        """Do what `clear` does: call it when a user signs out.

        Raises:
            RuntimeError: If the session cannot be changed any more.
        """
        self.clear()

    def change(self, key: str, function: Callable[[Any], Any], default: Any = None) -> Any:
        """Set a key to what a function returns, so that no change of a parallel request is lost.

        If another request has changed the key when this one is saved, the function is called again with the
        newest value. So it should depend on nothing else.

        Example:
            ```python
            session.change("visits", lambda visits: visits + 1, 0)
            ```

        Args:
            key: The key.
            function: Takes the value and returns the new one. It may change a list or dict and return it.
            default: What the function takes if the key is not there.

        Returns:
            What the function has returned.

        Raises:
            RuntimeError: If the session cannot be changed any more.
        """
        if not self._merges:
            return super().change(key, function, copy.deepcopy(default))
        before = serialize(key, self[key]) if key in self else None
        value = super().change(key, function, copy.deepcopy(default))
        functions = self._functions.setdefault(key, _Functions(self.base.get(key)))
        functions.add(function, default, before, serialize(key, value))
        return value

    @property
    def base(self) -> Mapping[str, bytes]:
        """The values that had been stored when the session was opened, serialized one by one."""
        if callable(self._base):
            self._base = self._base()
        return self._base

    def changes(self) -> dict[str, bytes | None]:
        """Return the new value of each changed key, serialized; `None` for one that has been removed.

        Raises:
            TypeError: If a value cannot be stored; the message names its key.
        """
        base = self.base
        changed: dict[str, bytes | None] = dict.fromkeys(key for key in base if key not in self)
        for key, value in self.items():
            data = serialize(key, value)
            if data != base.get(key):
                changed[key] = data
        return changed

    def functions(self, changes: Mapping[str, bytes | None]) -> dict[str, Callable[[bytes | None], bytes]]:
        """Return what applies the functions of `change` again, for each key that only they have changed.

        Args:
            changes: What `changes` has returned.
        """
        return {
            key: functions.apply
            for key, functions in self._functions.items()
            if functions.result == changes.get(key) and functions.is_valid
        }


class _Functions:
    """The functions that have changed one key.

    Args:
        base: The serialized value that had been stored.
    """

    def __init__(self, base: bytes | None) -> None:
        self.calls: list[tuple[Callable[[Any], Any], Any]] = []
        self.result = base
        #: Whether nothing else has changed the key before or between them.
        self.is_valid = True

    def add(
        self, function: Callable[[Any], Any], default: object, before: bytes | None, result: bytes
    ) -> None:
        """Record a call, with the values before and after it."""
        self.is_valid = self.is_valid and before == self.result
        self.calls.append((function, copy.deepcopy(default)))
        self.result = result

    def apply(self, data: bytes | None) -> bytes:
        """Return the result for another value."""
        value, is_missing = (None, True) if data is None else (decode(data), False)
        for function, default in self.calls:
            value = function(copy.deepcopy(default) if is_missing else value)
            is_missing = False
        return encode(value)


def serialize(key: str, value: object) -> bytes:
    """Return a value of a session, serialized.

    Raises:
        TypeError: If the key is not a text, or the value cannot be stored; the message names the key.
    """
    if type(key) is not str and not isinstance(key, str):
        raise TypeError(f"The session key {key!r:.100} is a {type(key).__name__}; keys are texts.")
    if _has_surrogate(key):
        raise TypeError(f"The session key {key!r:.100} has half of a surrogate pair.")
    try:
        return encode(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"The value of the session key {key!r:.100} cannot be stored: {error}.") from error


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


#: `cocopot.session`, for type checkers: with what a `Session` of this plugin has.
session = cast("Session", cocopot.session)
