"""A folder that only its owner can read, whose files are replaced as a whole and locked by name."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import secrets
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds that a lock is waited for.
TIMEOUT: Final = 5.0
#: What the names of files begin with that have not been renamed yet.
TEMPORARY: Final = "new-"
#: Seconds after which such a file is one of a process that has ended.
_ABANDONED: Final = 3600.0
# Opening never follows a symbolic link, and does not wait for what writes to a pipe.
_COMMON: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | _COMMON
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _COMMON
_LOCK: Final = os.O_RDWR | os.O_CREAT | _COMMON
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | _COMMON


@contextmanager
def open_folder(path: Path, name: str) -> Iterator[int]:
    """Open a folder in a private folder, after creating both, and yield its descriptor.

    Both are opened for each operation, as they may have been deleted, or their permissions changed.

    Args:
        path: The private folder.
        name: The name of the folder in it.

    Raises:
        OSError: It cannot be opened, or the private folder is a symbolic link, or one of others.
    """
    parent = _open_private(path)
    try:
        folder = _open_or_create(name, parent)
    finally:
        os.close(parent)
    try:
        yield folder
    finally:
        os.close(folder)


def _open_private(path: Path) -> int:
    if path.is_symlink():
        raise OSError(f"It is a symbolic link; give the path of the folder itself, {path.resolve()}.")
    try:
        folder = os.open(path, _FOLDER)
    except FileNotFoundError:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path, _FOLDER)
    status = os.fstat(folder)
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == os.geteuid() and not mode & 0o077:
        return folder
    os.close(folder)
    if mode & 0o077:
        raise PermissionError(
            f"Other users can use it, with the permissions {mode:04o}. Run: chmod 700 {path}"
        )
    raise PermissionError(f"It belongs to user {status.st_uid}. Use a folder of user {os.geteuid()}.")


def _open_or_create(name: str, parent: int) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another process has created it
            os.mkdir(name, 0o700, dir_fd=parent)
        return os.open(name, _FOLDER, dir_fd=parent)


def read_file(folder: int, name: str) -> bytes | None:
    """Return what a file contains; `None` if there is none, or what is there is not a file.

    Args:
        folder: The descriptor of its folder.
        name: Its name.
    """
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a symbolic link, a socket
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def write_file(folder: int, name: str, data: bytes) -> None:
    """Replace a file as a whole: a reader gets the former or the new one, also if this process is killed.

    Args:
        folder: The descriptor of its folder.
        name: Its name.
        data: What it contains.
    """
    temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
    descriptor = os.open(temporary, _NEW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        delete_file(folder, temporary)
        raise


def create_file(folder: int, name: str) -> None:
    """Create an empty file, if it is not there."""
    with suppress(FileExistsError):
        os.close(os.open(name, _NEW, 0o600, dir_fd=folder))


def delete_file(folder: int, name: str) -> None:
    """Delete a file, if it is there, and is not a folder."""
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=folder)


def delete_abandoned(folder: int, name: str) -> None:
    """Delete a file that a process has begun and not renamed, if that was long ago."""
    with suppress(FileNotFoundError):
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < time.time() - _ABANDONED:
            os.unlink(name, dir_fd=folder)


@contextmanager
def locked(folder: int, name: str) -> Iterator[None]:
    """Hold a lock that other threads, and other processes of this machine, respect.

    Args:
        folder: The descriptor of the folder of locks.
        name: The name of the lock.

    Raises:
        TimeoutError: Another one holds it for too long.
    """
    deadline = time.monotonic() + TIMEOUT
    lock = os.open(name, _LOCK, 0o600, dir_fd=folder)
    try:
        while not _acquire(lock):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"Another process holds the lock {name} for more than {TIMEOUT:g} seconds."
                )
            time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311 - not a secret
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # the child of a fork may have inherited it
    finally:
        os.close(lock)


def _acquire(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
