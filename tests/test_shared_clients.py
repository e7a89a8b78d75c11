"""A pool of asyncpg that lives across the requests of a process, with a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot
from tests.services import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL on a free port of 127.0.0.1, which ends with the tests."""
    with running_postgresql() as url:
        yield url


def test_a_pool_across_requests(postgresql: str) -> None:
    """1,000 requests of 8 threads use one pool: each insert arrives, and no connection is bound elsewhere."""
    asyncpg: Any = pytest.importorskip("asyncpg")
    app = Cocopot("birds", autoload=False)
    app.testing = True

    @app.on_startup
    async def open_pool() -> None:
        pool = app.extensions["pool"] = await asyncpg.create_pool(postgresql, min_size=4, max_size=4)
        await pool.execute("CREATE TABLE birds (number integer PRIMARY KEY, pid integer)")

    @app.on_shutdown
    async def close_pool() -> None:
        await app.extensions["pool"].close()

    @app.get("/<int:number>")
    async def add(number: int) -> str:
        async with app.extensions["pool"].acquire() as connection, connection.transaction():
            await connection.execute("INSERT INTO birds VALUES ($1, pg_backend_pid())", number)
            return str(await connection.fetchval("SELECT number FROM birds WHERE number = $1", number))

    @app.get("/summary")
    async def summarize() -> dict[str, int]:
        query = "SELECT count(*) AS birds, count(DISTINCT pid) AS connections FROM birds"
        return dict(await app.extensions["pool"].fetchrow(query))

    def ask(number: int) -> str:
        return app.test_client().get(f"/{number}").text

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(1000))) == [str(number) for number in range(1000)]
    summary: Any = app.test_client().get("/summary").json
    app.close()
    assert summary["birds"] == 1000
    assert summary["connections"] <= 4
