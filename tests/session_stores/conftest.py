"""Each store in turn, with the real thing behind it."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Protocol

import pytest
from cocopot_session.stores import Stored, open_store

from cocopot import Cocopot
from tests.services import RedisServer, running_postgresql, running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot_session.stores import Store


class MakeStored(Protocol):
    """Makes what is stored, with a new version."""

    def __call__(
        self, *, lifetime: float = 60, user: str | None = None, values: dict[str, bytes] | None = None
    ) -> Stored: ...


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with running_postgresql() as url:
        yield url


@pytest.fixture
def app(tmp_path: Path) -> Cocopot:
    return Cocopot("shop", autoload=False, instance_path=str(tmp_path))


@pytest.fixture(params=["redis", "postgresql", "sqlite", "memory", "files"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of each store, with a name space of the test's own."""
    name = secrets.token_hex(4)
    match request.param:
        case "redis":
            return f"{request.getfixturevalue('redis').url}?prefix={name}:"
        case "postgresql":
            return f"{request.getfixturevalue('postgresql')}?table=sessions_{name}"
        case "memory":
            return "sqlite://"
        case "sqlite":
            return "sqlite:///sessions.db"
    return f"file://{tmp_path}/sessions"


@pytest.fixture
def store(url: str, app: Cocopot) -> Iterator[Store]:
    store = open_store(url, app)
    yield store
    store.close()


@pytest.fixture
def key() -> str:
    """The hash of an identifier."""
    return secrets.token_hex(32)


@pytest.fixture
def stored() -> MakeStored:
    def make(
        *, lifetime: float = 60, user: str | None = None, values: dict[str, bytes] | None = None
    ) -> Stored:
        now = time.time()
        return Stored(secrets.token_hex(8), values or {}, now, now + lifetime, user)

    return make
