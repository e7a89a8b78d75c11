"""Sessions in the files of a folder, for one machine."""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from cocopot_session.stores.base import NOT_A_SESSION, Stored, StoreUnavailable
from cocopot_session.stores.folders import (
    TEMPORARY,
    create_file,
    delete_abandoned,
    delete_file,
    locked,
    open_folder,
    read_file,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"[0-9a-f]{32,128}")


class _File(msgspec.Struct, array_like=True):
    """What a file contains."""

    version: str
    created: float
    expires: float
    user: str | None
    values: dict[str, bytes]


class FileStore:
    """Stores each session in a file of its own, named after the hash of its identifier.

    Only the owner can read folder and files, and symbolic links are not followed. A reader needs no lock; a
    writer holds that of its session, which other processes of this machine respect. The files are
    `sessions/KEY`, `locks/NN`, and `users/HASH.KEY`, which are empty, for the sessions of a user.

    Args:
        path: The absolute path of the folder, which is created if it is not there.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = Path(path)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_File).decode

    def load(self, key: str) -> Stored | None:
        """Return a session; `None` if there is none, or if it has expired.

        Raises:
            ValueError: If what is there is not a session.
        """
        with self._folder("sessions") as folder:
            found = self._read_any(folder, key)
        return None if found is None or found.expires <= time.time() else found

    def create(self, key: str, stored: Stored) -> None:
        """Store a new session.

        Raises:
            KeyError: If there is a session with this key.
        """
        with self._writing(key) as folder:
            if self._read(folder, key) is not None:
                raise KeyError(key)
            self._write(folder, key, stored)

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        """Replace a session in one atomic step, if its version is still the given one."""
        with self._writing(key) as folder:
            found = self._read(folder, key)
            if found is None or found.version != version:
                return False
            self._write(folder, key, stored)
            if found.user is not None and found.user != stored.user:
                self._forget(found.user, key)
            return True

    def touch(self, key: str, expires: float) -> None:
        """Change when a session expires; the version remains."""
        with self._writing(key) as folder:
            found = self._read(folder, key)
            if found is not None:
                touched = Stored(found.version, found.values, found.created, expires, found.user)
                self._write(folder, key, touched)

    def delete(self, key: str) -> None:
        """Delete a session, if there is one with this key."""
        with self._writing(key) as folder:
            found = self._read(folder, key, with_expired=True)
            delete_file(folder, key)
            if found is not None and found.user is not None:
                self._forget(found.user, key)

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of the sessions of a user that have not expired."""
        prefix = _entry(user, "")
        with self._folder("users") as users, self._folder("sessions") as folder:
            before = None
            while True:
                names = os.listdir(users)  # noqa: PTH208 - a path cannot be a descriptor
                keys = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
                keys = [key for key in keys if _KEY.fullmatch(key)]
                found = [key for key in keys if self._belongs(folder, key, user)]
                if keys in (found, before):
                    return found
                # One has been deleted since it was listed; if it was rotated, the new one is not in the list.
                before = keys

    def _belongs(self, folder: int, key: str, user: str) -> bool:
        """Return whether a session is still one of a user; what makes it known is deleted if it is not."""
        if self._is_of(folder, key, user):
            return True
        with self._writing(key):  # unless it has come back meanwhile
            if self._is_of(folder, key, user):
                return True
            self._forget(user, key)
            return False

    def _is_of(self, folder: int, key: str, user: str) -> bool:
        found = self._read(folder, key)
        return found is not None and found.user == user

    def clean(self) -> int:
        """Delete what has expired, and return how many sessions that were."""
        count = 0
        with self._folder("sessions") as folder:
            for name in os.listdir(folder):  # noqa: PTH208 - a path cannot be a descriptor
                if name.startswith(TEMPORARY):
                    delete_abandoned(folder, name)
                elif _KEY.fullmatch(name) and self._read(folder, name) is None:
                    count += self._delete_expired(name)
        return count

    def _delete_expired(self, key: str) -> bool:
        """Delete a session, unless it has been written again meanwhile, and return whether it is deleted."""
        with self._writing(key) as folder:
            if self._read(folder, key) is not None:
                return False
            found = self._read(folder, key, with_expired=True)
            delete_file(folder, key)
            if found is not None and found.user is not None:
                self._forget(found.user, key)
            return True

    def close(self) -> None:
        """Do nothing: no file is open between operations."""

    def risks(self) -> list[tuple[str, str]]:
        """Return what may lose sessions: nothing that a check could find."""
        return []

    def _read(self, folder: int, key: str, *, with_expired: bool = False) -> Stored | None:
        """Return a session; `None` if there is none that can be read."""
        try:
            found = self._read_any(folder, key)
        except ValueError:
            return None
        is_expired = found is not None and found.expires <= time.time()
        return None if is_expired and not with_expired else found

    def _read_any(self, folder: int, key: str) -> Stored | None:
        data = read_file(folder, _checked(key))
        if data is None:
            return None
        try:
            found = self._decode(data)
        except msgspec.DecodeError as error:  # another program has written it
            raise ValueError(NOT_A_SESSION) from error
        return Stored(found.version, found.values, found.created, found.expires, found.user)

    def _write(self, folder: int, key: str, stored: Stored) -> None:
        """Write a session; what makes it known comes first, so that it is never missing."""
        if stored.user is not None:
            with self._folder("users") as users:
                create_file(users, _entry(stored.user, key))
        contents = _File(stored.version, stored.created, stored.expires, stored.user, stored.values)
        write_file(folder, key, self._encode(contents))

    def _forget(self, user: str, key: str) -> None:
        with self._folder("users") as users:
            delete_file(users, _entry(user, key))

    @contextmanager
    def _folder(self, name: str) -> Iterator[int]:
        """Open a folder of the store.

        Raises:
            StoreUnavailable: For every `OSError` while it is open.
        """
        try:
            with open_folder(self._path, name) as folder:
                yield folder
        except OSError as error:
            raise StoreUnavailable(f"The sessions in {self.name} cannot be used: {error}") from error

    @contextmanager
    def _writing(self, key: str) -> Iterator[int]:
        """Open the folder of the sessions, and hold the lock of one, which some others share."""
        with (
            self._folder("locks") as locks,
            locked(locks, _checked(key)[:2]),
            self._folder("sessions") as folder,
        ):
            yield folder


def open_files(url: str, folder: str) -> FileStore:
    """Return the store of a URL, without creating the folder.

    Args:
        url: `file:///` and the absolute path of a folder, or `file:` and a relative one.
        folder: What a relative path is relative to.

    Raises:
        ValueError: If it is not valid; the text is the remedy.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    is_path = path.strip("/") and "\0" not in path
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not is_path:
        raise ValueError(
            "Give the absolute path of a folder after three slashes, such as 'file:///var/lib/shop/sessions'."
        )
    return FileStore(os.path.normpath(Path(folder, path)))


def _checked(key: str) -> str:
    """Return a key, if it is a hash and cannot be another path.

    Raises:
        ValueError: If it is not one.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"The key of a session is a hash in hexadecimal digits, not {key!r}.")
    return key


def _entry(user: str, key: str) -> str:
    """Return the name of the file that makes a session of a user known."""
    return f"{hashlib.sha256(user.encode('utf-8', 'surrogatepass')).hexdigest()}.{key}"
