"""What stores sessions on the side of the server: the protocol that each store implements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

#: What a `ValueError` of `Store.load` contains, at least.
NOT_A_SESSION: Final = "what is there is not a session of this plugin"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store has of one session.

    Args:
        version: Opaque text that differs after every write. The caller of `create` and `replace` makes it,
            and the store keeps it.
        values: The serialized value of each key. They are serialized one by one, so that the writes of
            different keys can be merged.
        created: When the session was created, in seconds since the epoch.
        expires: When it expires, in seconds since the epoch.
        user: The user whom the session belongs to, or `None`.
    """

    version: str
    values: dict[str, bytes]
    created: float
    expires: float
    user: str | None


@runtime_checkable
class Store(Protocol):
    """Stores sessions under the hash of their identifiers. Several threads may call it at once.

    A method that cannot reach the store raises `StoreUnavailable`.
    """

    def load(self, key: str) -> Stored | None:
        """Return a session; `None` if there is none, or if it has expired.

        Args:
            key: The hash of the identifier, in hexadecimal digits.

        Raises:
            ValueError: If what is there is not a session, or damaged; the message has no value of it.
        """

    def create(self, key: str, stored: Stored) -> None:
        """Store a new session.

        Args:
            key: The hash of the identifier.
            stored: What to store.

        Raises:
            KeyError: If there is a session with this key.
        """

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        """Replace a session in one atomic step, if its version is still the given one.

        A session that expires in the past is as good as deleted: it is not loaded any more.

        Args:
            key: The hash of the identifier.
            stored: What to store, with its new version; its user can differ, too.
            version: The version that has been loaded.

        Returns:
            Whether it has been replaced; `False` if there is another version or no session.
        """
        ...

    def touch(self, key: str, expires: float) -> None:
        """Change when a session expires; the version remains. Without a session, it does nothing.

        Args:
            key: The hash of the identifier.
            expires: When it expires, in seconds since the epoch.
        """

    def delete(self, key: str) -> None:
        """Delete a session, if there is one with this key."""

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of the sessions of a user that have not expired, in any order."""
        ...

    def clean(self) -> int:
        """Delete what has expired, and return how many sessions that were."""
        ...

    def close(self) -> None:
        """Release connections and files. A closed store may be used again, and opens them again."""


class StoreUnavailable(RuntimeError):  # noqa: N818 - it is a state of the store, not an error of the program
    """A store cannot be reached, or does not answer in time; the cause is what its library raised.

    Its text names the host or file, without a password.
    """
