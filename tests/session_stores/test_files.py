"""Sessions in files: what others can read, symbolic links, and what a killed process leaves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_session.stores import StoreUnavailable, folders
from cocopot_session.stores.files import FileStore
from cocopot_session.stores.probing import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.session_stores.conftest import MakeStored


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist."""
    return tmp_path / "data" / "sessions"


@pytest.fixture
def files(folder: Path) -> FileStore:
    return FileStore(str(folder))


def make_socket(path: Path) -> None:
    """Create a socket; its path would be too long for `bind`."""
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(path.parent):
        server.bind("socket")
    path.with_name("socket").rename(path)


def next_descriptor() -> int:
    """Return the lowest number that no open file has."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def test_permissions(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """Only the owner can read folder and files, whatever the umask is."""
    umask = os.umask(0)
    try:
        files.create(key, stored(user="ada"))
    finally:
        os.umask(umask)
    found = [folder, *folder.rglob("*")]
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {True: 0o700, False: 0o600}
    assert len(found) == 7


def test_names(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """Names contain hashes only; what is not one is rejected."""
    files.create(key, stored(user="../lovelace"))
    assert not any("lovelace" in path.name for path in folder.rglob("*"))
    for bad in ("../../etc/passwd", "A" * 64, "", f"{key}\n", key[:8]):
        with pytest.raises(ValueError, match="is a hash in hexadecimal digits"):
            files.load(bad)


def test_a_folder_of_others(files: FileStore, folder: Path, key: str) -> None:
    """A folder that others can read is not used, and the message contains the command that corrects it."""
    folder.mkdir(parents=True, mode=0o755)
    with pytest.raises(StoreUnavailable, match=f"with the permissions 0755. Run: chmod 700 {folder}"):
        files.load(key)
    folder.chmod(0o700)
    probe(files)
    assert files.load(key) is None


def test_a_linked_folder(files: FileStore, folder: Path, key: str, tmp_path: Path) -> None:
    """A folder that is a symbolic link is not followed, and neither is one in it."""
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    folder.parent.mkdir()
    folder.symlink_to(target)
    with pytest.raises(
        StoreUnavailable, match=f"symbolic link; give the path of the folder itself, {target}"
    ):
        files.load(key)
    folder.unlink()
    folder.mkdir(mode=0o700)
    (folder / "sessions").symlink_to(target)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        files.load(key)


def test_linked_files(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """The link of a session is not read; the link is replaced, and its target is left alone."""
    other = secrets.token_hex(32)
    files.create(other, stored())
    target = folder.parent / "target"
    (folder / "sessions" / other).rename(target)
    content = target.read_bytes()
    (folder / "sessions" / key).symlink_to(target)
    assert files.load(key) is None
    files.create(key, stored(values={"n": b"1"}))
    assert target.read_bytes() == content
    assert not (folder / "sessions" / key).is_symlink()


def test_a_linked_lock(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """A lock that is a link is an error, and its target is left alone."""
    (folder / "locks").mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    target = folder.parent / "target"
    (folder / "locks" / key[:2]).symlink_to(target)
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        files.create(key, stored())
    assert not target.exists()


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xc1", b"\x93\x01\x02\x03"])
def test_foreign_files(files: FileStore, folder: Path, key: str, content: bytes) -> None:
    """What is not a session is an error that has nothing of it, and is deleted by `clean`."""
    assert files.load(key) is None
    path = folder / "sessions" / key
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a session of this plugin"):
        files.load(key)
    assert files.clean() == 1
    assert not path.exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, make_socket])
def test_what_is_not_a_file(files: FileStore, folder: Path, key: str, make: Callable[[Path], object]) -> None:
    """It is not a session, does not make a request wait, and leaves no descriptor open."""
    assert files.load(key) is None
    make(folder / "sessions" / key)
    before = next_descriptor()
    assert files.load(key) is None
    files.delete(key)
    assert next_descriptor() == before


def test_a_session_that_is_rotated_while_it_is_listed(
    files: FileStore, folder: Path, key: str, stored: MakeStored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new key is found, though it has been stored after the folder was read."""
    files.create(key, stored(user="ada"))
    other, is_of = "e" * 64, files._is_of
    rotated: list[str] = []

    def rotate_before(*args: Any) -> bool:
        if not rotated:
            rotated.append(other)
            files.create(other, stored(user="ada"))
            files.delete(key)
        return is_of(*args)

    monkeypatch.setattr(files, "_is_of", rotate_before)
    assert files.keys_of("ada") == [other]


def test_an_entry_that_cannot_be_deleted(
    files: FileStore, folder: Path, key: str, stored: MakeStored
) -> None:
    """A folder in the place of an entry does not make the list endless."""
    files.create(key, stored(user="ada"))
    (entry,) = (folder / "users").iterdir()
    entry.with_name(f"{entry.name.partition('.')[0]}.{'e' * 64}").mkdir()
    assert files.keys_of("ada") == [key]


def test_foreign_entries_of_users(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """A file whose name has no key is not one of a user's session."""
    files.create(key, stored(user="ada"))
    (entry,) = (folder / "users").iterdir()
    for name in ("", "x", "..", "A" * 64):
        entry.with_name(f"{entry.name.partition('.')[0]}.{name}").touch()
    assert files.keys_of("ada") == [key]


def test_a_failed_write(
    files: FileStore, folder: Path, key: str, stored: MakeStored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a file cannot be put in place, the former one is still there, and nothing else is left."""
    first = stored()
    files.create(key, first)
    monkeypatch.setattr("os.replace", lambda *_, **__: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        files.replace(key, stored(), version=first.version)
    assert files.load(key) == first
    assert [path.name for path in (folder / "sessions").iterdir()] == [key]


def test_abandoned_files(files: FileStore, folder: Path, key: str) -> None:
    """What a killed process has left is deleted after an hour."""
    assert files.load(key) is None
    old, new = folder / "sessions" / "new-1", folder / "sessions" / "new-2"
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 4000,) * 2)
    assert files.clean() == 0
    assert list((folder / "sessions").iterdir()) == [new]


def test_a_lock_that_is_held(
    files: FileStore, folder: Path, key: str, stored: MakeStored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer does not wait for ever, and a reader does not wait at all."""
    monkeypatch.setattr(folders, "TIMEOUT", 0.1)
    session = stored()
    files.create(key, session)
    with (folder / "locks" / key[:2]).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert files.load(key) == session
        with pytest.raises(StoreUnavailable, match="Another process holds the lock"):
            files.delete(key)
    files.delete(key)
    assert files.load(key) is None


def test_a_deleted_folder(files: FileStore, folder: Path, key: str, stored: MakeStored) -> None:
    """It is created again."""
    files.create(key, stored())
    folder.rename(folder.parent / "other")
    assert files.load(key) is None
    files.create(key, stored())


def test_what_makes_sessions_known(files: FileStore, folder: Path, stored: MakeStored) -> None:
    """The empty files of a user's sessions go with the sessions, also if these have just expired."""
    keys = [secrets.token_hex(32) for _ in range(3)]
    for key, lifetime in zip(keys, (60, 0.01, 0.01), strict=True):
        files.create(key, stored(lifetime=lifetime, user="ada"))
    time.sleep(0.02)
    files.delete(keys[1])
    assert len(list((folder / "users").iterdir())) == 2
    assert files.keys_of("ada") == [keys[0]]
    assert len(list((folder / "users").iterdir())) == 1
    files.delete(keys[0])
    assert list((folder / "users").iterdir()) == []
