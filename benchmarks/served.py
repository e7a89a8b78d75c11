"""Workload B under granian with one worker, driven from the same machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from results import Result
from workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

PEERS = ["cocopot", "falcon", "bottle", "flask", "pyramid", "django", "bare"]
_CONNECTIONS = 8
_PIPELINED = 16
_SECONDS = 1.5
_HERE = Path(__file__).parent


@contextlib.contextmanager
def _server(peer: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += [
        "--workers",
        "1",
        "--blocking-threads",
        "1",
        "--no-ws",
        "--log-level",
        "error",
        "served:application",
    ]
    environ = {**os.environ, "BENCHMARK_PEER": peer}
    process = subprocess.Popen(command, cwd=_HERE, env=environ)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _request(workload: Workload, port: int) -> bytes:
    return (
        f"GET {workload.path}?{workload.query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"User-Agent: {workload.headers['x-agent']}\r\nAccept: */*\r\n\r\n"
    ).encode()


def _receive(connection: socket.socket, size: int) -> None:
    """Read `size` bytes and throw them away."""
    while size > 0:
        chunk = connection.recv(min(size, 1 << 20))
        if not chunk:
            raise ConnectionError("the server closed the connection")
        size -= len(chunk)


def _answer_size(request: bytes, port: int) -> int:
    """Return how many bytes one answer has, head included."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65_536)
        head, _, body = data.partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        _receive(connection, length - len(body))
        return len(head) + 4 + length


def _drive(port: int, workload: Workload) -> float:
    """Return requests a second: several connections, each with several requests under way."""
    request = _request(workload, port)
    size = _answer_size(request, port) * _PIPELINED
    batch = request * _PIPELINED
    connections = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(_CONNECTIONS)]
    try:
        for connection in connections:
            connection.sendall(batch)
        begin, done = time.perf_counter(), 0
        while time.perf_counter() - begin < _SECONDS:
            for connection in connections:
                _receive(connection, size)
                connection.sendall(batch)
                done += _PIPELINED
        elapsed = time.perf_counter() - begin
        for connection in connections:
            _receive(connection, size)
        return done / elapsed
    finally:
        for connection in connections:
            connection.close()


def run(rounds: int) -> list[Result]:
    """Serve every framework in turn, round after round."""
    workload = next(workload for workload in WORKLOADS if workload.name == "B")
    values: dict[str, list[float]] = {peer: [] for peer in PEERS}
    with contextlib.ExitStack() as stack:
        ports = {peer: stack.enter_context(_server(peer)) for peer in PEERS}
        for port in ports.values():
            _drive(port, workload)
        for _ in range(rounds):
            for peer, port in ports.items():
                values[peer].append(_drive(port, workload))
    print(
        "served", {peer: round(sorted(found)[len(found) // 2]) for peer, found in values.items()}, flush=True
    )
    return [
        Result("under granian", "B", peer, "requests/s", found, better="more")
        for peer, found in values.items()
    ]


def _application() -> object:
    import importlib

    workload = next(workload for workload in WORKLOADS if workload.name == "B")
    return importlib.import_module(f"peers.{os.environ['BENCHMARK_PEER']}_app").make(workload)


if "BENCHMARK_PEER" in os.environ:
    application = _application()
