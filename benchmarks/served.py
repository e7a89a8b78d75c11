"""Workload B under granian with one worker; the client runs on the same machine.

The client uses several connections with several concurrent requests each, and reads all responses.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from in_process import DifferentResponseError
from peers import load
from results import Sample
from settings import HERE, Settings
from workloads import AGENT, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = "under granian"
_WORKLOAD = next(workload for workload in WORKLOADS if workload.name == "B")
_CONNECTIONS = 8
#: Concurrent requests on each connection.
_PIPELINED = 16
#: Seconds for which a server is measured before the next one, and the number of times per round.
_SECONDS = 0.3
_PASSES = 7
_START_SECONDS = 20.0
_SERVER = [
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
    *("--workers", "1", "--blocking-threads", "1", "--no-ws", "--log-level", "error"),
]


# -------------------------------------------------------------------------
# The servers
# -------------------------------------------------------------------------


def _application() -> Any:
    make = load(os.environ["BENCHMARK_PEER"])
    return make(_WORKLOAD) if make is not None else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _server(peer: str) -> Iterator[int]:
    """Serve a peer during a `with` block, and return the port."""
    port = _free_port()
    command = [*_SERVER, "--port", str(port), "served:application"]
    process = subprocess.Popen(command, cwd=HERE, env={**os.environ, "BENCHMARK_PEER": peer})
    try:
        _wait_for(port, process, peer)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], peer: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"granian with {peer} does not answer on port {port}.")


# -------------------------------------------------------------------------
# The load
# -------------------------------------------------------------------------


def _request(port: int) -> bytes:
    return (
        f"GET {_WORKLOAD.paths[0]}?{_WORKLOAD.query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"User-Agent: {AGENT}\r\nAccept: */*\r\n\r\n"
    ).encode()


def _receive(connection: socket.socket, buffer: memoryview) -> None:
    """Read until the buffer is full."""
    while buffer:
        count = connection.recv_into(buffer)
        if not count:
            raise ConnectionError("the server closed the connection")
        buffer = buffer[count:]


def _response_size(peer: str, port: int) -> int:
    """Send one request, check the response, and return its size in bytes, headers included."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(_request(port))
        with connection.makefile("rb") as answer:
            lines = [line.decode().lower().rstrip() for line in iter(answer.readline, b"\r\n")]
            headers = dict(line.split(": ", 1) for line in lines[1:])
            body = answer.read(int(headers["content-length"]))
    expected = _WORKLOAD.headers.items() <= headers.items() and body == _WORKLOAD.body
    if not expected or not lines[0].startswith("http/1.1 200"):
        raise DifferentResponseError(f"{peer} under granian: {lines}, body {body[:80]!r}")
    return sum(len(line) + 2 for line in lines) + 2 + len(body)


def _drive(peer: str, port: int, seconds: float) -> float:
    """Return requests per second."""
    answers = memoryview(bytearray(_response_size(peer, port) * _PIPELINED))
    batch = _request(port) * _PIPELINED
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            for _ in range(_CONNECTIONS)
        ]
        for connection in connections:
            connection.sendall(batch)
        begin, done = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - begin) < seconds or not done:
            for connection in connections:
                _receive(connection, answers)
                connection.sendall(batch)
                done += _PIPELINED
        for connection in connections:
            _receive(connection, answers)
        return done / elapsed


def one_round(settings: Settings) -> list[Sample]:
    """Start all servers, and measure them in turn, repeatedly."""
    seconds, passes = _SECONDS * settings.effort, max(1, int(_PASSES * settings.effort))
    peers = [peer for peer in settings.peers if load(peer) is not None]
    found: dict[str, list[float]] = {peer: [] for peer in peers}
    with contextlib.ExitStack() as stack:
        ports = {peer: stack.enter_context(_server(peer)) for peer in peers}
        for peer, port in ports.items():
            _drive(peer, port, seconds)  # the first requests are slower
        for _ in range(passes):
            for peer, port in ports.items():
                found[peer].append(_drive(peer, port, seconds))
    return [Sample(PART, "B", peer, "requests/s", statistics.median(v)) for peer, v in found.items()]


if "BENCHMARK_PEER" in os.environ:
    application = _application()
