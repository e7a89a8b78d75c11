"""Which store a URL opens, and what the errors of the others contain."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from cocopot_session.stores import open_store
from cocopot_session.stores.urls import masked, without_option

if TYPE_CHECKING:
    from cocopot import Cocopot

#: Each URL, the class of its store, and what names it in messages; `{folder}` is the instance folder.
STORES = {
    "redis://localhost": ("RedisStore", "redis://localhost"),
    "redis://:secret@db:6380/2?prefix=x:": ("RedisStore", "redis://:********@db:6380/2"),
    "rediss://ada:secret@db/0?ssl_cert_reqs=none": ("RedisStore", "rediss://ada:********@db/0"),
    "valkey://localhost:6379": ("RedisStore", "valkey://localhost:6379"),
    "valkeys://localhost:6379/1": ("RedisStore", "valkeys://localhost:6379/1"),
    "unix:///run/redis.sock?db=3&password=secret": ("RedisStore", "unix:///run/redis.sock"),
    "sqlite://": ("SQLStore", "sqlite://"),
    "sqlite:///:memory:": ("SQLStore", "sqlite:///:memory:"),
    "sqlite:///sessions.db": ("SQLStore", "sqlite:///sessions.db"),
    "sqlite+pysqlite:////srv/sessions.db?timeout=9": ("SQLStore", "sqlite+pysqlite:////srv/sessions.db"),
    "postgresql://ada:secret@db/shop?table=x": ("SQLStore", "postgresql://ada:********@db/shop"),
    "postgresql+psycopg://db/shop": ("SQLStore", "postgresql+psycopg://db/shop"),
    "postgres://ada@db:5433/shop?sslmode=require": ("SQLStore", "postgres://ada@db:5433/shop"),
    "file:///srv/sessions": ("FileStore", "/srv/sessions"),
    "file:///srv/a%20b/../sessions/": ("FileStore", "/srv/sessions"),
    "file://localhost/srv/sessions": ("FileStore", "/srv/sessions"),
    "file:sessions": ("FileStore", "{folder}/sessions"),
}
#: Each URL, and what the error contains.
INVALID = {
    "": "Give a URL, such as",
    "redis": "Give a URL, such as",
    "/srv/sessions": "Give a URL, such as",
    "redis://localhost/sessions": "Give a URL such as 'redis://localhost:6379/0'",
    "redis://localhost:port/0": "Give a URL such as 'redis://localhost:6379/0'",
    "redis://localhost?socket_timeout=soon": "socket_timeout",
    "redis://localhost?sokcet_timeout=1": "unexpected keyword argument 'sokcet_timeout'",
    "redis://localhost?decode_responses=True": "sessions are bytes: remove decode_responses",
    "mongodb://localhost/sessions": "Can't load plugin: sqlalchemy.dialects:mongodb",
    "memcached://localhost": "Give a URL such as 'redis://localhost:6379/0', 'sqlite:///sessions.db'",
    "sqlite+aiosqlite:///sessions.db": "aiosqlite is an asynchronous driver",
    "postgresql+asyncpg://db/shop": "asyncpg is an asynchronous driver",
    "postgresql//db": "Give a URL",
    "sqlite:sessions.db": "Give a URL",
    "file://srv/sessions": "after three slashes, such as 'file:///var/lib/shop/sessions'",
    "file:///": "after three slashes",
    "file:": "after three slashes",
    "file:///srv/%00": "after three slashes",
    "file:///srv/sessions?mode=0600": "after three slashes",
}


@pytest.mark.parametrize("url", STORES)
def test_stores(url: str, app: Cocopot) -> None:
    """A URL opens its store, without connecting; messages have neither its password nor its options."""
    store = open_store(url, app)
    name = getattr(store, "name")  # noqa: B009 - not a part of the protocol
    assert (type(store).__name__, name) == (STORES[url][0], STORES[url][1].format(folder=app.instance_path))
    store.close()


@pytest.mark.parametrize("url", INVALID)
def test_invalid_urls(url: str, app: Cocopot) -> None:
    """The error is the remedy."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        open_store(url, app)
    assert str(caught.value).startswith("Give ")
    assert INVALID[url] in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("url", "library", "hint"),
    [
        ("redis://localhost", "redis", 'redis is not installed: pip install "cocopot-session[redis]"'),
        ("sqlite://", "sqlalchemy", 'sqlalchemy is not installed: pip install "cocopot-session[sql]"'),
        (
            "postgresql+psycopg://db/shop",
            "psycopg",
            'of postgresql+psycopg is not installed: pip install "psycopg[binary]"',
        ),
        ("mysql+pymysql://db/shop", "pymysql", "of mysql+pymysql is not installed: pip install pymysql"),
    ],
)
def test_missing_libraries(
    url: str, library: str, hint: str, app: Cocopot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains what to install."""
    for name in ("redis", "sql"):
        monkeypatch.delitem(sys.modules, f"cocopot_session.stores.{name}", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        open_store(url, app)
    assert hint in str(caught.value)
    assert caught.value.name == library


def test_options_of_a_store() -> None:
    """An option of the store is removed from the URL; the others remain."""
    assert without_option("redis://h/0", "prefix") == ("redis://h/0", None)
    assert without_option("redis://h/0?db=1", "prefix") == ("redis://h/0?db=1", None)
    assert without_option("redis://h/0?prefix=", "prefix") == ("redis://h/0", "")
    assert without_option("redis://h?a=1&prefix=x%3A&b=%26", "prefix") == ("redis://h?a=1&b=%26", "x:")


@pytest.mark.parametrize("password", ["secret", "se@cret", "se/cret", "se:cret", "%40secret"])
def test_masking(password: str) -> None:
    """A password is masked, also one that is not encoded as it should be."""
    assert masked(f"redis://ada:{password}@db/0?x=secret") == "redis://ada:********@db/0"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:se?cret@db/shop", "postgresql://********"),
        ("redis://db/0?password=se@cret", "redis://********"),
        ("ada:secret@db", "********"),
        ("sqlite:sessions.db", "sqlite:sessions.db"),
    ],
)
def test_masking_what_is_ambiguous(url: str, expected: str) -> None:
    """Where a password may begin or end at several places, everything is masked."""
    assert masked(url) == expected
