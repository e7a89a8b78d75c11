"""Sessions in Redis: its keys, its failures, and what is sent to it."""

from __future__ import annotations

import os
import secrets
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis as redis_py
from cocopot_session.stores import StoreUnavailable, open_store
from cocopot_session.stores.probing import probe
from cocopot_session.stores.redis import RedisStore

from tests.processes import free_port, wait_for
from tests.services import running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot import Cocopot
    from tests.services import RedisServer
    from tests.session_stores.conftest import MakeStored

pytestmark = pytest.mark.slow


@pytest.fixture
def client(redis: RedisServer) -> Iterator[redis_py.Redis]:
    """A client for what the store does not do; the database is empty."""
    with redis_py.Redis(port=redis.port) as client:
        client.flushall()
        yield client
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")


def test_nothing_stays(redis: RedisServer, client: redis_py.Redis, app: Cocopot, stored: MakeStored) -> None:
    """Redis itself deletes expired sessions, and the index of a user with the last of them."""
    store, keys = open_store(redis.url, app), [secrets.token_hex(32) for _ in range(2)]
    for key in keys:
        store.create(key, stored(user="ada"))
    names: Any = client.keys("*")
    assert len(names) == 3
    assert all(30_000 < int(str(client.pttl(name))) <= 60_001 for name in names)
    store.touch(keys[0], time.time() + 3600)
    assert sum(int(str(client.pttl(name))) > 3_500_000 for name in names) == 2
    for key in keys:
        store.touch(key, time.time() + 0.05)
    time.sleep(0.1)
    assert client.keys("*") == []
    store.close()


def test_the_index_shrinks(
    redis: RedisServer, client: redis_py.Redis, app: Cocopot, stored: MakeStored
) -> None:
    """What has expired, or has been evicted, does not stay in the index of a user who comes every day."""
    store = open_store(redis.url, app)
    keys = [secrets.token_hex(32) for _ in range(3)]
    for key, lifetime in zip(keys, (0.05, 60, 60), strict=True):
        store.create(key, stored(lifetime=lifetime, user="ada"))
    (index,) = client.keys("*:user:*")
    time.sleep(0.1)
    store.touch(keys[1], time.time() + 60)
    assert client.zcard(index) == 2
    client.delete(f"cocopot:session:{keys[2]}")
    assert store.keys_of("ada") == [keys[1]]
    assert client.zcard(index) == 1
    store.close()


def test_prefixes(redis: RedisServer, client: redis_py.Redis, app: Cocopot, stored: MakeStored) -> None:
    """Two applications share a database, and do not see each other's sessions and users."""
    shop, blog = open_store(f"{redis.url}?prefix=shop:", app), open_store(f"{redis.url}?prefix=blog:", app)
    key = secrets.token_hex(32)
    shop.create(key, stored(user="ada"))
    assert blog.load(key) is None
    assert blog.keys_of("ada") == []
    names: Any = client.keys("*")
    assert {name[:5] for name in names} == {b"shop:"}
    shop.close()
    blog.close()


def test_one_round_trip(
    redis: RedisServer, client: redis_py.Redis, app: Cocopot, key: str, stored: MakeStored
) -> None:
    """After the first use, each operation is one command."""
    store = open_store(redis.url, app)
    sessions = [stored(user="ada") for _ in range(4)]

    def use(first: int) -> None:
        store.create(key, sessions[first])
        store.load(key)
        store.replace(key, sessions[first + 1], version=sessions[first].version)
        store.touch(key, time.time() + 60)
        store.keys_of("ada")
        store.delete(key)

    use(0)
    client.config_resetstat()
    use(2)
    statistics = client.info("commandstats")
    sent = {
        name: statistics[f"cmdstat_{name}"]["calls"]
        for name in ("evalsha", "eval", "script|load")
        if f"cmdstat_{name}" in statistics
    }
    assert sent == {"evalsha": 5}
    store.close()


def test_a_restart(redis: RedisServer, app: Cocopot, key: str, stored: MakeStored) -> None:
    """While Redis is not there, the error names it; afterwards the same store works, with its scripts."""
    store = open_store(redis.url, app)
    store.create(key, stored())
    redis.kill()
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{redis.port}/0 cannot be used: .*refused"):
        store.load(key)
    with pytest.raises(StoreUnavailable, match="refused"):
        store.create(key, stored())
    redis.start()
    session = stored(user="ada")
    store.create(key, session)
    assert store.load(key) == session
    assert store.keys_of("ada") == [key]
    store.close()


def test_a_restart_without_a_request(redis: RedisServer, app: Cocopot, key: str, stored: MakeStored) -> None:
    """The connections that Redis has closed are replaced, without an error."""
    store = open_store(redis.url, app)
    store.create(key, stored())
    redis.kill()
    redis.start()
    assert store.load(key) is None
    store.create(key, stored())
    store.close()


def test_a_redis_that_hangs(redis: RedisServer, app: Cocopot, key: str) -> None:
    """It is waited for as long as the URL has it, and is used again when it answers."""
    store = open_store(f"{redis.url}?socket_timeout=0.5", app)
    store.load(key)
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match="Timeout"):
            store.load(key)
    finally:
        os.kill(redis.pid, signal.SIGCONT)
    assert store.load(key) is None
    store.close()


def test_a_socket(redis: RedisServer, app: Cocopot, key: str, stored: MakeStored) -> None:
    """A store may use a Unix socket."""
    store, session = open_store(f"unix://{redis.socket}?db=1", app), stored()
    store.create(key, session)
    assert store.load(key) == session
    store.close()


def test_a_full_redis(
    redis: RedisServer, client: redis_py.Redis, app: Cocopot, key: str, stored: MakeStored
) -> None:
    """It cannot store a session, and that is the same error."""
    store = open_store(redis.url, app)
    client.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable, match="maxmemory"):
        store.create(key, stored())
    client.config_set("maxmemory", 0)
    store.create(key, stored())
    store.close()


def test_a_replica(
    redis: RedisServer, client: redis_py.Redis, app: Cocopot, key: str, stored: MakeStored
) -> None:
    """A Redis that became a replica may have another address now: it is connected to again."""
    store = open_store(redis.url, app)
    store.create(key, stored())
    client.replicaof("127.0.0.1", str(free_port()))
    before: Any = client.info("stats")
    with pytest.raises(StoreUnavailable, match="read only replica"):
        store.delete(key)
    after: Any = client.info("stats")
    assert after["total_connections_received"] == before["total_connections_received"] + 1
    client.replicaof("NO", "ONE")
    store.delete(key)
    assert store.load(key) is None
    store.close()


def test_a_cluster(tmp_path: Path, key: str, stored: MakeStored) -> None:
    """With a part of the prefix in braces, the keys of a script are in one slot of a cluster."""
    options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    with running_redis(tmp_path, *options) as server, redis_py.Redis(port=server.port) as node:
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        wait_for(lambda: "'cluster_state': 'ok'" in str(node.execute_command("CLUSTER INFO")))
        client = redis_py.RedisCluster(host="127.0.0.1", port=server.port)
        store, session = RedisStore(client, prefix="{shop}:"), stored(user="ada")
        store.create(key, session)
        assert store.keys_of("ada") == [key]
        store.close()
        assert store.load(key) == session
        store.close()


@pytest.mark.parametrize("field", [{"v": b"\xff"}, {"d": b"\xc1"}, {"e": b"soon"}, {"e": b""}, {}])
def test_what_is_not_a_session(
    redis: RedisServer, client: redis_py.Redis, app: Cocopot, key: str, stored: MakeStored, field: Any
) -> None:
    """What another program has written there is an error that has nothing of it, and can be deleted."""
    store, name = open_store(redis.url, app), f"cocopot:session:{key}"
    store.create(key, stored(user="ada"))
    if field:
        client.hset(name, mapping=field)
    else:
        client.set(name, "text")
    with pytest.raises(ValueError, match="is not a session of this plugin"):
        store.load(key)
    store.delete(key)
    assert not client.exists(name)
    store.close()


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_a_password_is_masked(scheme: str, app: Cocopot, key: str) -> None:
    """The message names user and host, and neither the password nor the options."""
    port = free_port()
    store = open_store(f"{scheme}://ada:se/cr@t@127.0.0.1:{port}/3".replace("/cr@t", "%2Fcr%40t"), app)
    with pytest.raises(StoreUnavailable) as caught:
        store.load(key)
    text = str(caught.value)
    assert f"{scheme}://ada:********@127.0.0.1:{port}/3" in text
    assert "cr" not in text.partition(" cannot be used")[0]
    store.close()


def test_a_check(redis: RedisServer, client: redis_py.Redis, app: Cocopot) -> None:
    """A probe leaves nothing behind; that Redis evicts sessions is a risk."""
    store = open_store(redis.url, app)
    assert isinstance(store, RedisStore)
    probe(store)
    assert client.keys("*") == []
    assert store.risks() == []
    client.config_set("maxmemory", 100_000_000)
    client.config_set("maxmemory-policy", "allkeys-lru")
    ((problem, _),) = store.risks()
    assert "(maxmemory-policy is allkeys-lru)" in problem
    store.close()
