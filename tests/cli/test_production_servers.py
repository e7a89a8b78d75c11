"""`cocopot run --workers N --server NAME`: what holds for each server that is installed."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import cocopot, serving
from tests.cli.test_supervisor import BASE, pids, send
from tests.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.processes import Server

pytestmark = pytest.mark.slow

APP = f"""{BASE}
@app.get("/slow")
def slow():
    Path("slow").touch()
    time.sleep(1)
    return "x" * 3_000_000
"""

NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed"),
    )
    for name in ("gunicorn", "waitress", "bjoern")
]
each_server = pytest.mark.parametrize("name", NAMES)


def write(folder: Path) -> None:
    (folder / "app.py").write_text(APP)


def workers(name: str, number: int = 1) -> tuple[str, ...]:
    return ("run", "--workers", str(number), "--server", name)


def wait_for_workers(server: Server, folder: Path, number: int) -> None:
    server.wait_for(lambda: len(pids(folder, "started")) == number and "Running on" in server.log)


def read_from(server: Server, path: str) -> socket.socket:
    """Return a connection from which the first bytes of an answer have been read."""
    connection = socket.create_connection(("127.0.0.1", server.port), 10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    return connection


@each_server
def test_a_worker_that_ends_is_replaced(tmp_path: Path, name: str) -> None:
    """The other worker serves, a new one starts, and the log contains how the old one ended."""
    write(tmp_path)
    with serving(tmp_path, *workers(name, 2)) as server:
        wait_for_workers(server, tmp_path, 2)
        send(server, f"/kill/{signal.SIGSEGV:d}")
        assert server.get()[0] == 200
        wait_for_workers(server, tmp_path, 3)
        assert "was ended by SIGSEGV. A new one starts." in server.log
        assert server.terminate() == 0


@each_server
def test_reload(tmp_path: Path, name: str) -> None:
    """SIGHUP keeps the old workers if a new one cannot start, and replaces each if it can."""
    write(tmp_path)
    with serving(tmp_path, *workers(name, 1)) as server:
        old = {int(server.get()[1])}
        (tmp_path / "broken").touch()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: "The reload is cancelled, and the running workers serve on." in server.log)
        assert server.log.count("Error: Plugin 'notes' failed in cocopot_startup") == 1
        assert int(server.get()[1]) in old
        (tmp_path / "broken").unlink()
        server.process.send_signal(signal.SIGHUP)
        while "Reloaded: each worker has been replaced." not in server.log:
            assert server.get()[0] == 200
        server.wait_for(lambda: pids(tmp_path, "ended") == old)
        assert int(server.get()[1]) in pids(tmp_path, "started") - old


@each_server
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_finish(tmp_path: Path, name: str, number: signal.Signals) -> None:
    """A request is answered whole, an idle connection delays nothing, and the shutdown hooks run."""
    write(tmp_path)
    with serving(tmp_path, *workers(name)) as server:
        wait_for_workers(server, tmp_path, 1)
        answers: list[tuple[int, str]] = []
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as idle:
            idle.request("GET", "/")
            idle.getresponse().read()
            asking = threading.Thread(target=lambda: answers.append(server.get("/slow")))
            asking.start()
            server.wait_for((tmp_path / "slow").exists)
            server.process.send_signal(number)
            assert server.process.wait(20) == 0  # --graceful-timeout is 30
            asking.join()
        assert answers == [(200, "x" * 3_000_000)]
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@pytest.mark.parametrize("name", ["granian", *NAMES])
def test_repeated_signals_do_not_stop_a_request(tmp_path: Path, name: str) -> None:
    """However many signals a worker gets, the request in flight is completed."""
    write(tmp_path)

    def ask() -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
            connection.request("GET", "/slow")
            return len(connection.getresponse().read())

    with serving(tmp_path, *workers(name)) as server, ThreadPoolExecutor(1) as pool:
        wait_for_workers(server, tmp_path, 1)
        (worker,) = pids(tmp_path, "started")
        answer = pool.submit(ask)
        server.wait_for((tmp_path / "slow").exists)
        for _ in range(4):
            os.kill(worker, signal.SIGTERM)
            time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert answer.result(20) == 3_000_000
        assert server.process.wait(20) == 0


@each_server
def test_an_endless_response_ends_with_the_limit(tmp_path: Path, name: str) -> None:
    """After --graceful-timeout a response that does not end is cut off, and the shutdown hooks run."""
    write(tmp_path)
    with serving(tmp_path, *workers(name), "--graceful-timeout", "1") as server:
        wait_for_workers(server, tmp_path, 1)
        with read_from(server, "/endless"):
            assert server.terminate() == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@each_server
def test_a_second_interrupt_ends_at_once(tmp_path: Path, name: str) -> None:
    """A terminal sends SIGINT to each process: the second one does not wait for the limit."""
    write(tmp_path)
    with serving(tmp_path, *workers(name)) as server:
        wait_for_workers(server, tmp_path, 1)
        with read_from(server, "/endless"):
            for _ in range(2):
                os.killpg(server.process.pid, signal.SIGINT)
                time.sleep(0.5)
            assert server.process.wait(10) == 0
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@each_server
def test_workers_end_without_their_parent(tmp_path: Path, name: str) -> None:
    """If the command is killed, its workers close the application and end."""
    write(tmp_path)
    with serving(tmp_path, *workers(name)) as server:
        wait_for_workers(server, tmp_path, 1)
        server.process.kill()
        server.process.wait()
        deadline = time.monotonic() + 20
        while not pids(tmp_path, "ended") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pids(tmp_path, "ended") == pids(tmp_path, "started")


@each_server
def test_an_application_that_cannot_start(tmp_path: Path, name: str) -> None:
    """A startup hook that fails is one message, and the exit code is 1."""
    write(tmp_path)
    (tmp_path / "broken").touch()
    result = cocopot(tmp_path, *workers(name, 2), "--port", str(free_port()))
    assert result.returncode == 1
    message = "Error: Plugin 'notes' failed in cocopot_startup: OSError: no database\n"
    assert result.stderr.count(message) == 1
    assert "Traceback" not in result.stderr


@each_server
def test_hosts(tmp_path: Path, name: str) -> None:
    """A name is resolved; the log has the address, and no request. Options may be in the environment."""
    write(tmp_path)
    with serving(tmp_path, *workers(name), COCOPOT_RUN_HOST="localhost", COCOPOT_RUN_THREADS="1") as server:
        assert server.get()[0] == 200
        server.wait_for(lambda: f" * Running on http://localhost:{server.port} with 1 worker" in server.log)
        assert "GET /" not in server.log


@each_server
def test_a_unix_socket(tmp_path: Path, name: str) -> None:
    """It serves on the path of a Unix socket, and removes it in the end."""
    write(tmp_path)
    path = tmp_path / "s"
    with serving(tmp_path, *workers(name), "--host", f"unix://{path}") as server:
        server.wait_for(lambda: "Running on" in server.log)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(path))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.terminate() == 0
        assert not path.exists()


def test_gunicorn_serves_tls(tmp_path: Path) -> None:
    """With a certificate gunicorn serves TLS, and the address that is shown begins with https."""
    pytest.importorskip("gunicorn")
    write(tmp_path)
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout c.pem -out c.pem"
    subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True)
    with serving(tmp_path, *workers("gunicorn"), "--cert", "c.pem") as server:
        assert server.get(tls=True)[0] == 200
        assert f"Running on https://127.0.0.1:{server.port} with 1 worker" in server.log


def test_requests_that_wait(tmp_path: Path) -> None:
    """waitress logs no line for each request that waits for a thread: clients could fill the log."""
    pytest.importorskip("waitress")
    write(tmp_path)
    with serving(tmp_path, *workers("waitress"), "--threads", "1") as server, ThreadPoolExecutor(4) as pool:
        wait_for_workers(server, tmp_path, 1)
        before = server.log
        assert {status for status, _ in pool.map(server.get, ["/slow", "/", "/", "/"])} == {200}
        assert server.log == before


def test_the_access_log_of_gunicorn_cannot_be_forged(tmp_path: Path) -> None:
    """Each request is one line, in which the path is as the client encoded it."""
    pytest.importorskip("gunicorn")
    write(tmp_path)
    with serving(tmp_path, *workers("gunicorn"), "--access-log") as server:
        server.get()
        send(server, "/%0aFORGED%1b[31m%22%20200")
        server.wait_for(lambda: "FORGED" in server.log)
        line = next(line for line in server.log.split("\n") if "FORGED" in line)
        assert '"GET /%0aFORGED%1b[31m%22%20200 HTTP/1.1" 404' in line
        assert line.isprintable()
