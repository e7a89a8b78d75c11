"""Server-sent events under real servers: a client that reads, one that is gone, and a server that stops."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.processes import clean_environ, free_port, kill_session, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

APP = """
import asyncio, sys, time
from cocopot import Cocopot, ServerSentEvent, event_stream, request

def note(event):
    with open("events", "a") as file:
        file.write(f"{event}\\n")

app = Cocopot("shop", autoload=False)

@app.teardown_request
def teardown(exc):
    note(f"teardown {request.path}")

@app.on_shutdown
async def shutdown():
    note("shutdown")

@app.get("/")
async def index():
    return "index"

@app.get("/async")
async def events():
    async def generate():
        try:
            yield ServerSentEvent("first", id="1")
            await asyncio.sleep(3600)
        finally:
            note("closed")
    return event_stream(generate(), heartbeat=0.1)

@app.get("/plain")
def plain():
    def generate():
        try:
            while True:
                yield "first"
                time.sleep(0.2)
        finally:
            note("closed")
    return event_stream(generate(), heartbeat=0.1)

if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), debug=False, graceful_timeout=60)
"""
#: Command, and whether the server reports its end to an application: granian's own command does not.
SERVERS = [
    ("app.py {port}", True),
    ("-m cocopot run --workers 1 --graceful-timeout 60 --port {port}", True),
    (
        "-m gunicorn app:app --bind 127.0.0.1:{port} -k gthread --threads 4 --graceful-timeout 60",
        True,
    ),
    ("-m granian app:app --interface wsgi --port {port} --blocking-threads 4", False),
    ("-m cocopot run --workers 1 --server waitress --graceful-timeout 60 --port {port}", True),
    ("-m cocopot run --workers 1 --server bjoern --graceful-timeout 60 --port {port}", True),
]


def connect(port: int, path: str) -> http.client.HTTPConnection:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", path)
    return client


def ask(port: int, path: str) -> bytes:
    with closing(connect(port, path)) as client:
        return client.getresponse().read()


@pytest.fixture(params=SERVERS, ids=["development", "workers", "gunicorn", "granian", "waitress", "bjoern"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int, bool]]:
    """A server that runs, its port, and whether it reports its end."""
    command, reports_end = request.param
    if "bjoern" in command:
        pytest.importorskip("bjoern")
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "events").touch()
    port = free_port()
    environ = clean_environ(XDG_RUNTIME_DIR=str(tmp_path))  # where gunicorn has its control socket
    with subprocess.Popen(
        [sys.executable, *command.format(port=port).split()],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            wait_for(lambda: ask(port, "/") == b"index")
            yield process, port, reports_end
        finally:
            kill_session(process)


@pytest.mark.parametrize("path", ["/async", "/plain"])
def test_a_client_that_is_gone(
    server: tuple[subprocess.Popen[bytes], int, bool], tmp_path: Path, path: str
) -> None:
    """The first event arrives at once; when the client is gone, the generator is closed."""
    _, port, _ = server
    with closing(connect(port, path)) as client:
        response = client.getresponse()
        assert response.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        lines = iter(response.readline, b"")
        assert next(line for line in lines if line.startswith(b"data")) == b"data: first\n"
        assert f"teardown {path}" in (tmp_path / "events").read_text()
        response.close()
    wait_for(lambda: "closed" in (tmp_path / "events").read_text())
    assert ask(port, "/") == b"index"


@pytest.mark.parametrize("path", ["/async", "/plain"])
def test_a_server_that_stops(
    server: tuple[subprocess.Popen[bytes], int, bool], tmp_path: Path, path: str
) -> None:
    """SIGTERM ends the open streams in an orderly way, long before the server would cut them off."""
    process, port, reports_end = server
    if not reports_end:
        pytest.skip("this server reports its end to no application")
    with closing(connect(port, path)) as client:
        response = client.getresponse()
        while response.readline() != b"data: first\n":
            pass
        process.send_signal(signal.SIGTERM)
        while response.readline():  # until the end of the last chunk, or an error
            pass
        assert process.wait(20) == 0
    assert {"closed", "shutdown"} <= set((tmp_path / "events").read_text().split())
