"""Sessions in Redis or Valkey: each operation is one round trip."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError, ResponseError
from redis.retry import Retry

from cocopot_session.stores.base import NOT_A_SESSION, Stored, StoreUnavailable
from cocopot_session.stores.urls import masked, reason, without_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.cluster import RedisCluster
    from redis.typing import EncodableT

#: Seconds that a connection, and the reply to a command, may take; the URL can have other values.
TIMEOUT: Final = 3.0
#: What the names of all keys begin with, unless the URL has another `prefix`.
PREFIX: Final = "cocopot:session:"
_SCHEMES: Final = {"valkey": "redis", "valkeys": "rediss"}

# A session is a hash: `v` its version, `d` its data, `e` when it expires, `u` which index has it. An index is
# the sorted set of a user's sessions, ordered by when they expire. Whatever writes to it removes the expired
# ones, and it expires with its last session.
_REMEMBER: Final = """
local function remember(index, member, expires, now)
  if index == '' then return end
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
  redis.call('ZADD', index, expires, member)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  redis.call('PEXPIRE', index, string.format('%d', math.ceil((tonumber(last[2]) - tonumber(now)) * 1000)))
end
local function forget(index, member)
  if index and index ~= '' then redis.call('ZREM', index, member) end
end
"""
# A client that has lost the reply sends the script again: a session that has the new version already has been
# written by the first attempt. No session is the version ''.
_WRITE: Final = (
    _REMEMBER
    + """
local member, expected, version, data, index, expires, now, ttl = unpack(ARGV)
local found = redis.call('HMGET', KEYS[1], 'v', 'u')
if found[1] == version then return 1 end
if (found[1] or '') ~= expected then return 0 end
if found[2] and found[2] ~= index then forget(found[2], member) end
if tonumber(ttl) <= 0 then
  redis.call('DEL', KEYS[1])
  forget(index, member)
  return 1
end
redis.call('HSET', KEYS[1], 'v', version, 'd', data, 'e', expires, 'u', index)
redis.call('PEXPIRE', KEYS[1], ttl)
remember(index, member, expires, now)
return 1
"""
)
_TOUCH: Final = (
    _REMEMBER
    + """
local member, expires, now, ttl = unpack(ARGV)
local index = redis.call('HGET', KEYS[1], 'u')
if not index then return 0 end
if tonumber(ttl) <= 0 then
  redis.call('DEL', KEYS[1])
  forget(index, member)
  return 1
end
redis.call('HSET', KEYS[1], 'e', expires)
redis.call('PEXPIRE', KEYS[1], ttl)
remember(index, member, expires, now)
return 1
"""
)
_DELETE: Final = (
    _REMEMBER
    + """
local index = redis.pcall('HGET', KEYS[1], 'u')  -- an error if another program has written it
if type(index) == 'string' then forget(index, ARGV[1]) end
return redis.call('DEL', KEYS[1])
"""
)
_KEYS_OF: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('EXISTS', ARGV[1] .. member) == 1 then
    table.insert(found, member)
  else
    redis.call('ZREM', KEYS[1], member)
  end
end
return found
"""


class _Data(msgspec.Struct, array_like=True):
    """What is stored under `d`."""

    created: float
    user: str | None
    values: dict[str, bytes]


class RedisStore:
    """Stores sessions in Redis or Valkey, which deletes them when they expire.

    Args:
        client: A client of redis-py that returns bytes, also one for a cluster, or of `Sentinel.master_for`.
        prefix: What the names of all its keys begin with. Two applications with one database need different
            ones if both have a user of the same name. A part in braces keeps them in one slot of a cluster.
        name: What names it in messages.

    Raises:
        ValueError: If the client returns texts.
    """

    def __init__(self, client: Redis | RedisCluster, *, prefix: str = PREFIX, name: str = "Redis") -> None:
        if client.get_encoder().decode_responses:
            raise ValueError("sessions are bytes: remove decode_responses from the client")
        self.name = name
        self._client = client
        self._prefix = prefix
        self._write = client.register_script(_WRITE)
        self._touch = client.register_script(_TOUCH)
        self._delete = client.register_script(_DELETE)
        self._keys_of = client.register_script(_KEYS_OF)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Data).decode

    def load(self, key: str) -> Stored | None:
        """Return a session; `None` if there is none, or if it has expired.

        Raises:
            ValueError: If what is there is not a session.
        """
        with self._reached():
            try:
                found: Any = self._client.hmget(self._prefix + key, "v", "d", "e")
            except ResponseError as error:
                if str(error).startswith("WRONGTYPE"):
                    raise ValueError(NOT_A_SESSION) from error
                raise
        if found == [None, None, None]:
            return None
        try:  # another program may have written it
            version, data, expires = found
            decoded, ends = self._decode(data), float(expires)
            stored = Stored(version.decode(), decoded.values, decoded.created, ends, decoded.user)
        except (msgspec.DecodeError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(NOT_A_SESSION) from error
        return None if ends <= time.time() else stored

    def create(self, key: str, stored: Stored) -> None:
        """Store a new session.

        Raises:
            KeyError: If there is a session with this key.
        """
        if not self._save(key, stored, ""):
            raise KeyError(key)

    def replace(self, key: str, stored: Stored, *, version: str) -> bool:
        """Replace a session in one atomic step, if its version is still the given one."""
        return self._save(key, stored, version)

    def _save(self, key: str, stored: Stored, expected: str) -> bool:
        now = time.time()
        data = self._encode(_Data(stored.created, stored.user, stored.values))
        index = "" if stored.user is None else self._index(stored.user)
        lifetime = _milliseconds(stored.expires - now)
        args: list[EncodableT] = [
            key,
            expected,
            stored.version,
            data,
            index,
            repr(stored.expires),
            repr(now),
            lifetime,
        ]
        with self._reached():
            return bool(self._write(keys=[self._prefix + key], args=args))

    def touch(self, key: str, expires: float) -> None:
        """Change when a session expires; the version remains."""
        now = time.time()
        with self._reached():
            args: list[EncodableT] = [key, repr(expires), repr(now), _milliseconds(expires - now)]
            self._touch(keys=[self._prefix + key], args=args)

    def delete(self, key: str) -> None:
        """Delete a session, if there is one with this key."""
        with self._reached():
            self._delete(keys=[self._prefix + key], args=[key])

    def keys_of(self, user: str) -> list[str]:
        """Return the keys of the sessions of a user that have not expired."""
        with self._reached():
            found: Any = self._keys_of(keys=[self._index(user)], args=[self._prefix, repr(time.time())])
        return [key.decode() for key in found]

    def clean(self) -> int:
        """Return 0: Redis deletes what has expired."""
        return 0

    def close(self) -> None:
        """Close the connections; the next operation opens new ones."""
        self._client.close()

    def risks(self) -> list[tuple[str, str]]:
        """Return what may lose sessions, each as a problem and its cure."""
        with self._reached():
            try:
                memory: Any = self._client.info("memory")
            except ResponseError:  # not every user may ask
                return []
        policy = memory.get("maxmemory_policy", "noeviction")
        if policy == "noeviction" or not memory.get("maxmemory"):
            return []
        problem = (
            f"{self.name} deletes keys when its memory is full (maxmemory-policy is {policy}): users lose"
        )
        return [
            (
                f"{problem} their sessions before they expire.",
                "Set maxmemory-policy to noeviction, or give the sessions a Redis of their own.",
            )
        ]

    def _index(self, user: str) -> str:
        """Return the name of a user's index, which is as long for every user."""
        return f"{self._prefix}user:{hashlib.sha256(user.encode('utf-8', 'surrogatepass')).hexdigest()}"

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raise `StoreUnavailable` for what the client raises."""
        try:
            yield
        except (RedisError, RedisClusterException, OSError) as error:
            raise StoreUnavailable(f"The sessions in {self.name} cannot be used: {error}") from error


def open_redis(url: str) -> RedisStore:
    """Return the store of a URL, without connecting.

    Args:
        url: A URL of redis-py, or with `valkey://` or `valkeys://`; its option `prefix` is that of
            `RedisStore`, others, such as `socket_timeout` or `max_connections`, are those of the connections.

    Raises:
        ValueError: If it is not valid; the text is the remedy.
    """
    scheme, _, rest = url.partition("://")
    address, prefix = without_option(f"{_SCHEMES.get(scheme, scheme)}://{rest}", "prefix")
    try:
        client = Redis.from_url(
            address,
            **_socket_options(address),
            socket_connect_timeout=TIMEOUT,
            socket_timeout=TIMEOUT,
            # A connection that is closed, or to a Redis that has become a replica, is replaced.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError, ReadOnlyError)),
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # which does not connect
        return RedisStore(client, prefix=PREFIX if prefix is None else prefix, name=masked(url))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Give a URL such as 'redis://localhost:6379/0' or 'unix:///run/redis/redis.sock?db=0' "
            f"({reason(url, error)})."
        ) from None  # the error may have the password


def _socket_options(address: str) -> dict[str, Any]:
    """Return the options of a TCP connection.

    Raises:
        ValueError: If the path is not the number of a database, which redis-py would ignore.
    """
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return {}
    number = unquote(parts.path).strip("/")
    if number and not (number.isascii() and number.isdecimal()):
        raise ValueError("the path is not the number of a database")
    return {"socket_keepalive": True}


def _milliseconds(seconds: float) -> int:
    """Return a time to live for Redis; 0 if it is over."""
    return max(0, int(seconds * 1000))
