"""A pool of asyncpg that lives across the requests of a process, with a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

#: PostgreSQL refuses to run as root, and runs as this user then.
USER = "postgres"


def programs() -> Path | None:
    """Return the folder with the programs of PostgreSQL, or `None`; Debian has them outside of the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def as_user() -> dict[str, Any]:
    """Return the options of `subprocess` for a user that is not root."""
    return {"user": USER, "group": pwd.getpwnam(USER).pw_gid} if os.getuid() == 0 else {}


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL on a free port of 127.0.0.1, which ends with the tests."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    data, port, options = Path(tempfile.mkdtemp()), free_port(), as_user()
    try:
        if options:
            shutil.chown(data, USER)
        initdb = [str(folder / "initdb"), "-D", str(data), "-U", "birds", "--auth=trust", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=data, **options)
        settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-cunix_socket_directories={data}"]
        server = [str(folder / "postgres"), "-D", str(data), *settings, "-cfsync=off"]
        with subprocess.Popen(server, cwd=data, stderr=subprocess.DEVNULL, **options) as process:
            try:
                wait = [str(folder / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
                for _ in range(100):
                    if subprocess.run(wait, check=False, capture_output=True).returncode == 0:
                        break
                    subprocess.run(["sleep", "0.1"], check=True)
                yield f"postgresql://birds@127.0.0.1:{port}/postgres"
            finally:
                process.terminate()
    finally:
        shutil.rmtree(data)


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
