"""Threads and processes that change one session at the same time."""

from __future__ import annotations

import dataclasses
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot_session.stores import Store

    from cocopot import Cocopot
    from tests.session_stores.conftest import MakeStored

pytestmark = pytest.mark.slow

#: Adds 1 to a number in a session, as often as is asked for, from several threads.
COUNT = """
import dataclasses, secrets, sys, threading
from cocopot import Cocopot
from cocopot_session.stores import open_store

url, folder, key, threads, times = sys.argv[1:]
store = open_store(url, Cocopot("shop", autoload=False, instance_path=folder))

def add():
    for _ in range(int(times)):
        while True:
            found = store.load(key)
            values = {"n": b"%d" % (int(found.values["n"]) + 1)}
            changed = dataclasses.replace(found, version=secrets.token_hex(8), values=values)
            if store.replace(key, changed, version=found.version):
                break

workers = [threading.Thread(target=add) for _ in range(int(threads))]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
store.close()
"""


def test_processes(url: str, store: Store, app: Cocopot, key: str, stored: MakeStored) -> None:
    """2 processes with 4 threads each add 10 times: no addition is lost, and none is made twice."""
    if url == "sqlite://":
        pytest.skip("the memory of a process is its own")
    store.create(key, stored(user="ada", values={"n": b"0"}))
    command = [sys.executable, "-c", COUNT, url, app.instance_path, key, "4", "10"]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    session = store.load(key)
    assert session is not None
    assert session.values == {"n": b"80"}
    assert store.keys_of("ada") == [key]


def test_creating(store: Store, key: str, stored: MakeStored) -> None:
    """One of several threads creates a session."""

    def create(_: int) -> bool:
        try:
            store.create(key, stored())
        except KeyError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(16))) == 1


def test_replacing(store: Store, key: str, stored: MakeStored) -> None:
    """One of several threads replaces a version, and the others learn that they have not."""
    first = stored()
    store.create(key, first)

    def replace(number: int) -> str | None:
        session = stored(values={"n": str(number).encode()})
        return session.version if store.replace(key, session, version=first.version) else None

    with ThreadPoolExecutor(8) as threads:
        (winner,) = filter(None, threads.map(replace, range(16)))
    session = store.load(key)
    assert session is not None
    assert session.version == winner


def test_deleting_meanwhile(store: Store, stored: MakeStored) -> None:
    """Whatever the order, a session that is deleted while others write it is deleted at the end."""
    keys = [secrets.token_hex(32) for _ in range(20)]
    sessions = {key: stored(user="ada") for key in keys}
    for key, session in sessions.items():
        store.create(key, session)

    def write(key: str) -> None:
        changed = dataclasses.replace(sessions[key], version=secrets.token_hex(8))
        store.replace(key, changed, version=sessions[key].version)
        store.touch(key, time.time() + 60)

    with ThreadPoolExecutor(8) as threads:
        written = [threads.submit(write, key) for key in keys]
        deleted = [threads.submit(store.delete, key) for key in keys]
        assert {future.result() for future in [*written, *deleted]} == {None}
    assert [store.load(key) for key in keys] == [None] * 20
    assert store.keys_of("ada") == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork(url: str, store: Store, key: str, stored: MakeStored, tmp_path: Path) -> None:
    """The child of a fork uses connections of its own, and the parent's still work when it has ended."""
    first, second = stored(values={"n": b"1"}), stored(values={"n": b"2"})
    store.create(key, first)
    result = tmp_path / "result"
    child = os.fork()
    if child == 0:
        try:
            is_replaced = url == "sqlite://" or store.replace(key, second, version=first.version)
            result.write_text(str(is_replaced))
            store.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert result.read_text() == "True"
    assert store.load(key) == (first if url == "sqlite://" else second)
