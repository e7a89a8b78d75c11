"""Two processes of gunicorn with threads, and clients that share a session or have their own."""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import clean_environ, free_port, stop_session, wait_for
from tests.services import running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import RedisServer

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
#: How long 64 clients write to one session in Redis; SESSION_TEST_SECONDS=30 for a longer run.
SECONDS = float(os.environ.get("SESSION_TEST_SECONDS", "5"))
WORKERS, THREADS = 2, 32


class Client:
    """A client with one connection, which is opened again when the server has closed it, and one cookie.

    Args:
        port: The port of the server.
        cookie: The cookie of a session; empty for none.
    """

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = cookie

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """Send a request, and return status and body."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it had been idle; nothing was answered, and nothing done
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        text = response.read().decode()
        if (cookie := response.headers["Set-Cookie"]) is not None:
            self.cookie = cookie.partition(";")[0]
        return response.status, text

    def show(self) -> dict[str, Any]:
        """Return what is in the session."""
        status, text = self.ask("GET", "/")
        assert status == 200, text
        shown: dict[str, Any] = json.loads(text)
        return shown

    def close(self) -> None:
        self._connection.close()


@dataclass
class Served:
    """A running gunicorn.

    Args:
        port: Its port.
        log: What it has written.
    """

    port: int
    log: Path

    @contextmanager
    def client(self, cookie: str = "") -> Iterator[Client]:
        """Return a client for as long as the block takes."""
        client = Client(self.port, cookie)
        try:
            yield client
        finally:
            client.close()

    def states(self) -> dict[int, dict[str, int]]:
        """Return what each worker has to release, after asking until all have answered."""
        states: dict[int, dict[str, int]] = {}
        for _ in range(200):
            with self.client() as client:
                state = json.loads(client.ask("GET", "/state")[1])
            states[state["pid"]] = state
            if len(states) == WORKERS:
                return states
        return pytest.fail("a worker does not answer")


@contextmanager
def serving(store: str, folder: Path, failure: str = "unavailable") -> Iterator[Served]:
    """Serve the application.

    Args:
        store: Its SESSION_STORE.
        folder: Its instance folder, and where the log is.
        failure: Its SESSION_STORE_FAILURE.
    """
    served = Served(free_port(), folder / "gunicorn.log")
    options = f"--workers {WORKERS} --threads {THREADS} --worker-class gthread --bind 127.0.0.1:{served.port}"
    environ = clean_environ(
        SESSION_STORE=store,
        SESSION_STORE_FAILURE=failure,
        INSTANCE_PATH=str(folder),
        XDG_RUNTIME_DIR=str(folder),
        COVERAGE_PROCESS_START="",
    )
    command = [sys.executable, "-m", "gunicorn", "application:app", *options.split()]
    with served.log.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=HERE, env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_for(lambda: _is_ready(served))
            yield served
        finally:
            stop_session(process)


def _is_ready(served: Served) -> bool:
    with suppress(http.client.HTTPException), served.client() as client:
        return client.ask("GET", "/plain") == (200, "plain")
    return False


def write(served: Served, cookie: str, number: int, seconds: float) -> list[str]:
    """Add items to one session for some seconds, and return those that the server has accepted."""
    accepted = []
    with served.client(cookie) as client:
        deadline = time.monotonic() + seconds
        for count in itertools.count():
            item = f"{number}.{count}"
            status, text = client.ask("POST", "/", item)
            assert status == 200, text
            accepted.append(item)
            if time.monotonic() > deadline:
                return accepted
    return accepted


def write_together(served: Served, clients: int, seconds: float) -> int:
    """Let clients write to one session at the same time; return how many updates arrived: all of them."""
    with served.client() as first, ThreadPoolExecutor(clients) as threads:
        first.ask("POST", "/", "first")
        written = threads.map(lambda n: write(served, first.cookie, n, seconds), range(clients))
        accepted = ["first", *itertools.chain.from_iterable(written)]
        shown = first.show()
    assert sorted(shown["items"]) == sorted(accepted)
    assert shown["count"] == len(accepted)
    return len(accepted)


def test_no_update_is_lost(redis: RedisServer, tmp_path: Path) -> None:
    """64 clients append and count in one session, through 2 processes: every update arrives, each once."""
    with serving(redis.url, tmp_path) as served:
        updates = write_together(served, 64, SECONDS)
        assert all(state["open"] == 0 for state in served.states().values())
    # Shown by --log-cli-level=INFO.
    logging.getLogger(__name__).info("%d updates of one session in %g s by 64 clients", updates, SECONDS)


@pytest.mark.parametrize("name", ["postgresql", "sqlite", "files"])
def test_no_update_is_lost_elsewhere(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The same holds for the other stores that processes share."""
    urls = {"sqlite": "sqlite:///sessions.db", "files": f"file://{tmp_path}/sessions"}
    url = urls.get(name) or f"{request.getfixturevalue(name)}?table=served"
    with serving(url, tmp_path) as served:
        assert write_together(served, 16, 0.5) > 16


def test_an_ended_session_stays_ended(redis: RedisServer, tmp_path: Path) -> None:
    """A session that is rotated or destroyed while others write to it does not come back under its cookie."""

    def write_once(cookie: str) -> int:
        with served.client(cookie) as client:
            return client.ask("POST", "/", "item")[0]

    with serving(redis.url, tmp_path) as served, ThreadPoolExecutor(8) as threads:
        for path, kept in [("/rotate", ["first"]), ("/destroy", [])] * 6:
            with served.client() as client:
                client.ask("POST", "/", "first")
                old = client.cookie
                written = [threads.submit(write_once, old) for _ in range(8)]
                assert client.ask("POST", path)[0] == 200
                assert {future.result() for future in written} == {200}
                assert client.show()["items"][:1] == kept
            with served.client(old) as client:
                assert client.show() == {"items": [], "count": 0}


def test_own_sessions(redis: RedisServer, tmp_path: Path) -> None:
    """200 clients at once have their own sessions, and none sees what is in another one."""
    barrier = threading.Barrier(200)

    def use(number: int) -> bool:
        with served.client() as client:
            barrier.wait(30)
            statuses = {client.ask("POST", "/", f"{number}.{count}")[0] for count in range(5)}
            shown = client.show()
        return (statuses, shown) == ({200}, {"items": [f"{number}.{n}" for n in range(5)], "count": 5})

    with serving(redis.url, tmp_path) as served, ThreadPoolExecutor(200) as threads:
        assert list(threads.map(use, range(200))) == [True] * 200


def test_a_restart_of_redis(redis: RedisServer, tmp_path: Path) -> None:
    """Without Redis there are 503s and lines in the log; with it, the same workers go on. Nothing leaks."""
    answers: list[tuple[float, float, int]] = []
    is_over = threading.Event()

    def use(number: int) -> None:
        with served.client() as client:
            while not is_over.is_set():
                begin = time.monotonic()
                status, text = client.ask("POST", "/", str(number))
                answers.append((begin, time.monotonic(), status))
                assert (status == 200) is text.isdecimal()

    with serving(redis.url, tmp_path) as served, ThreadPoolExecutor(32) as threads:
        before = served.states()
        clients = [threads.submit(use, number) for number in range(32)]
        time.sleep(0.5)
        redis.kill()
        killed = time.monotonic()
        time.sleep(0.7)
        with served.client() as client:
            assert client.ask("GET", "/plain") == (200, "plain")
            status, page = client.ask("POST", "/", "item")
        down = time.monotonic()
        redis.start()
        started = time.monotonic()
        time.sleep(0.7)
        is_over.set()
        assert [client.result() for client in clients] == [None] * 32
        after = served.states()
    assert (status, "session has not been saved" in page) == (503, True)
    assert 200 in {code for _, end, code in answers if end < killed}
    assert {code for begin, end, code in answers if begin > killed and end < down} == {503}
    assert {code for begin, _, code in answers if begin > started} == {200}
    assert before.keys() == after.keys()
    assert [(state["open"], state["contexts"]) for state in after.values()] == [(0, 0)] * WORKERS
    log = served.log.read_text()
    assert f"127.0.0.1:{redis.port}/0 cannot be used: " in log
    assert "Traceback" not in log


def test_what_a_crash_leaves(tmp_path: Path) -> None:
    """With a Redis that writes to disk before it answers, what was accepted is there after a crash, once."""
    accepted: list[str] = []
    refused: list[str] = []
    is_over = threading.Event()

    def use(number: int) -> None:
        with served.client(first.cookie) as client:
            for count in itertools.count():
                status, _ = client.ask("POST", "/", item := f"{number}.{count}")
                (accepted if status == 200 else refused).append(item)
                if is_over.is_set():
                    return
                time.sleep(0.002)

    with (
        running_redis(tmp_path, is_durable=True) as redis,
        serving(redis.url, tmp_path) as served,
        served.client() as first,
        ThreadPoolExecutor(16) as threads,
    ):
        first.ask("POST", "/", "first")
        clients = [threads.submit(use, number) for number in range(16)]
        for _ in range(2):
            time.sleep(0.4)
            redis.kill()
            redis.start()
        time.sleep(0.4)
        is_over.set()
        assert [client.result() for client in clients] == [None] * 16
        items = first.show()["items"]
    assert len(items) == len(set(items))
    assert {"first", *accepted} <= set(items) <= {"first", *accepted, *refused}
    assert refused
    assert accepted


def test_empty_sessions_without_redis(redis: RedisServer, tmp_path: Path) -> None:
    """If that is configured, pages that only read the session go on, with an empty one."""
    with serving(redis.url, tmp_path, "empty") as served, served.client() as client:
        assert client.ask("POST", "/", "item") == (200, "1")
        redis.kill()
        assert client.show() == {"items": [], "count": 0}
        status, page = client.ask("POST", "/", "item")
        redis.start()
        assert (status, "cannot be changed" in page) == (503, True)
        assert client.ask("POST", "/", "item") == (200, "1")
    assert "the request gets an empty session" in served.log.read_text()
