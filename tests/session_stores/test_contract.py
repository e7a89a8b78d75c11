"""What every store of sessions does."""

from __future__ import annotations

import dataclasses
import secrets
import time
from typing import TYPE_CHECKING

import pytest
from cocopot_session.stores import Store

if TYPE_CHECKING:
    from tests.session_stores.conftest import MakeStored

pytestmark = pytest.mark.slow  # the first test of a server waits for it

USERS = ["ada", "Ada", "ada ", "", "ä\N{SNOWMAN}", "a:b/../c", "x" * 255, "%", "'; DROP TABLE users"]


def test_a_new_session(store: Store, key: str, stored: MakeStored) -> None:
    """What has been stored is loaded unchanged: bytes of any kind, and keys in any script."""
    values = {
        "": b"",
        "user": b"\x00\xff'\"",
        "\N{SNOWMAN}": b'{"a": [1]}',
        "big": secrets.token_bytes(200_000),
    }
    session = stored(user="ada", values=values)
    assert isinstance(store, Store)
    assert store.load(key) is None
    store.create(key, session)
    assert store.load(key) == session


def test_a_key_that_exists(store: Store, key: str, stored: MakeStored) -> None:
    """It is not overwritten by a new session."""
    first = stored()
    store.create(key, first)
    with pytest.raises(KeyError):
        store.create(key, stored())
    assert store.load(key) == first


def test_replacing(store: Store, key: str, stored: MakeStored) -> None:
    """Only a change of the newest version is stored."""
    first, second = stored(values={"n": b"1"}), stored(values={"n": b"2"})
    store.create(key, first)
    assert store.replace(key, second, version=first.version)
    assert not store.replace(key, stored(), version=first.version)
    assert store.load(key) == second


def test_replacing_nothing(store: Store, key: str, stored: MakeStored) -> None:
    """A deleted session does not come back by a late change."""
    session = stored(user="ada")
    store.create(key, session)
    store.delete(key)
    assert not store.replace(key, stored(user="ada"), version=session.version)
    assert store.load(key) is None
    assert store.keys_of("ada") == []


def test_sending_a_write_again(url: str, store: Store, key: str, stored: MakeStored) -> None:
    """A client that has lost a reply sends the write again, which is recognized by its version."""
    if url.startswith("file:"):
        pytest.skip("a file has no reply that can be lost")
    first, second = stored(), stored()
    store.create(key, first)
    store.create(key, first)
    assert store.replace(key, second, version=first.version)
    assert store.replace(key, second, version=first.version)
    assert store.load(key) == second


def test_expiry(store: Store, key: str, stored: MakeStored) -> None:
    """An expired session is neither loaded nor replaced nor listed, and gives way to a new one."""
    session = stored(user="ada")
    store.create(key, session)
    store.touch(key, time.time() + 0.05)
    time.sleep(0.1)
    assert store.load(key) is None
    assert store.keys_of("ada") == []
    assert not store.replace(key, stored(), version=session.version)
    new = stored()
    store.create(key, new)
    assert store.load(key) == new


def test_replacing_by_an_expired_one(store: Store, key: str, stored: MakeStored) -> None:
    """It ends a session, if no other request has changed it meanwhile, as a rotation does."""
    session = stored(user="ada")
    store.create(key, session)
    assert not store.replace(key, stored(lifetime=-1), version="another")
    assert store.replace(key, stored(lifetime=-1), version=session.version)
    assert store.load(key) is None
    assert store.keys_of("ada") == []


def test_touching(store: Store, key: str, stored: MakeStored) -> None:
    """It changes when a session expires, and leaves the version."""
    session = stored(user="ada")
    store.create(key, session)
    later = time.time() + 3600
    store.touch(key, later)
    assert store.load(key) == dataclasses.replace(session, expires=later)
    assert store.keys_of("ada") == [key]
    store.touch(key, time.time() - 1)
    assert store.load(key) is None


def test_touching_nothing(store: Store, key: str) -> None:
    """Without a session, touching and deleting do nothing."""
    store.touch(key, time.time() + 60)
    store.delete(key)
    assert store.load(key) is None


def test_users(store: Store, stored: MakeStored) -> None:
    """Only the sessions of this very user are listed."""
    keys = {user: secrets.token_hex(32) for user in USERS}
    for user, key in keys.items():
        store.create(key, stored(user=user))
    store.create(secrets.token_hex(32), stored())
    assert {user: store.keys_of(user) for user in USERS} == {user: [key] for user, key in keys.items()}
    store.delete(keys["ada"])
    assert (store.keys_of("ada"), store.keys_of("Ada")) == ([], [keys["Ada"]])


def test_a_session_changes_its_user(store: Store, key: str, stored: MakeStored) -> None:
    """It is listed for the new one, and no longer for the former; a session may have none."""
    sessions = [stored(user="ada"), stored(user="bob"), stored()]
    store.create(key, sessions[0])
    assert store.replace(key, sessions[1], version=sessions[0].version)
    assert (store.keys_of("ada"), store.keys_of("bob")) == ([], [key])
    assert store.replace(key, sessions[2], version=sessions[1].version)
    assert (store.keys_of("ada"), store.keys_of("bob")) == ([], [])


def test_several_sessions(store: Store, stored: MakeStored) -> None:
    """All sessions of a user are listed."""
    keys = {secrets.token_hex(32) for _ in range(20)}
    for key in keys:
        store.create(key, stored(user="ada"))
    assert set(store.keys_of("ada")) == keys
    assert len(store.keys_of("ada")) == 20


def test_cleaning(url: str, store: Store, key: str, stored: MakeStored) -> None:
    """Expired sessions are deleted and counted, unless Redis has done so; others stay."""
    store.create(key, stored(user="ada"))
    for _ in range(3):
        store.create(secrets.token_hex(32), stored(lifetime=0.1, user="ada"))
    time.sleep(0.15)
    assert store.clean() == (0 if url.startswith("redis:") else 3)
    assert store.clean() == 0
    assert store.keys_of("ada") == [key]


def test_closing(url: str, store: Store, key: str, stored: MakeStored) -> None:
    """A closed store opens again at its next use."""
    session = stored()
    store.create(key, session)
    store.close()
    assert store.load(key) == (None if url == "sqlite://" else session)
    store.close()
    store.close()
