"""Frameworks under servers, each with one worker, and the client on the same machine.

The client sends a request on each of its connections, and the next one when the response has arrived. All
servers run at the same time, and are measured in turn. Requests are divided by the time that the threads of a
server have used a core, so that neither the client nor another program is the bottleneck; for the view that
waits, which hardly uses one, they are divided by the time that has passed.

All servers share one core, as a worker has one in production, and the client has the others. Otherwise the
threads of a server pass Python's lock from core to core, at random one to six times a request under gunicorn,
which takes more time than a framework does.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from in_process import DifferentResponseError
from peers import load
from results import Sample
from settings import HERE, Settings
from workloads import SERVED, WAIT, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = "served"
MEMORY = "memory of a worker"
#: The servers, and the frameworks that are measured under each.
STACKS = {
    "granian": ("cocopot", "falcon", "flask"),
    "bjoern": ("cocopot", "falcon", "flask"),
    "gunicorn": ("cocopot", "falcon", "flask"),
    "waitress": ("cocopot", "falcon", "flask"),
    "uvicorn": ("starlette", "fastapi"),
}
#: Those that run an application of Cocopot.
WSGI_SERVERS = [server for server, peers in STACKS.items() if "cocopot" in peers]
_OF_A_CORE = "requests/s of a core"
#: By row, the unit, if it is another one.
UNITS = {WAIT.name: "requests/s"}
#: Concurrent requests.
CONNECTIONS = 64
#: Seconds for which a server is measured before the next one, and the number of times per round.
_SECONDS = 0.1
_PASSES = 2
_START_SECONDS = 30.0
#: Seconds after which a server that does not answer is an error.
_STUCK_SECONDS = 20.0


def stack(peer: str, server: str) -> str:
    """Return the name of a framework under a server, as in the results."""
    return f"{peer}, {server}"


def _installed(
    stacks: dict[str, tuple[str, ...]], peers: tuple[str, ...], kind: str
) -> list[tuple[str, str]]:
    """Return the frameworks and servers that are installed; those of ASGI are always among the peers."""
    return [
        (peer, server)
        for server, frameworks in stacks.items()
        for peer in frameworks
        if find_spec(server) is not None
        and (peer in peers or server == "uvicorn")
        and load(peer, kind) is not None
    ]


# -------------------------------------------------------------------------
# The servers
# -------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server:
    """A framework under a server in a separate process."""

    def __init__(self, peer: str, server: str, kind: str) -> None:
        self.name = stack(peer, server)
        self.port = _free_port()
        environment = {**os.environ, "BENCHMARK_PEER": peer, "BENCHMARK_KIND": kind}
        command = [sys.executable, "servers.py", server, str(self.port)]
        self.process = subprocess.Popen(command, cwd=HERE, env=environment)

    def wait(self) -> None:
        """Wait until it accepts connections."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        sys.exit(f"{self.name} does not answer on port {self.port}.")

    def memory(self) -> float:
        """Return the MiB of the process that serves: the largest of it and its children."""
        return max(map(_resident, self._processes()))

    def cpu_seconds(self) -> float:
        """Return the time that its threads, and those of its children, have used a core."""
        files = [file for pid in self._processes() for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9

    def _processes(self) -> list[str]:
        pid = self.process.pid
        return [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _resident(pid: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@contextlib.contextmanager
def _on_cores(cores: set[int]) -> Iterator[None]:
    """Run this process, and those that it starts, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _running(stacks: list[tuple[str, str]], kind: str) -> Iterator[list[_Server]]:
    """Start servers on one core, and run the block on the others, if there are any."""
    servers: list[_Server] = []
    core, *others = sorted(os.sched_getaffinity(0))
    try:
        with _on_cores({core}):
            for peer, server in stacks:
                servers.append(_Server(peer, server, kind))
        for server in servers:
            server.wait()
        with _on_cores(set(others) or {core}):
            yield servers
    finally:
        for server in servers:
            server.stop()


# -------------------------------------------------------------------------
# The load
# -------------------------------------------------------------------------


def _request(workload: Workload, port: int) -> bytes:
    environ = workload.environs()[0]
    query = f"?{workload.query}" if workload.query else ""
    lines = [
        f"{workload.method} {workload.paths[0]}{query} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"User-Agent: {environ['HTTP_USER_AGENT']}",
        "Accept: */*",
    ]
    if workload.payload:
        lines += [f"Content-Type: {workload.type}", f"Content-Length: {len(workload.payload)}"]
    return "\r\n".join([*lines, "", ""]).encode() + workload.payload


def _check_response(server: _Server, workload: Workload) -> int:
    """Send one request, check the response, and return its size in bytes, headers included."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(_request(workload, server.port))
        with connection.makefile("rb") as answer:
            lines = [line.decode().lower().rstrip() for line in iter(answer.readline, b"\r\n")]
            headers = dict(line.split(": ", 1) for line in lines[1:])
            body = answer.read(int(headers["content-length"]))
    content = body.rstrip(b"\n") if workload.takes_line_feed else body
    expected = workload.headers.items() <= headers.items() and content == workload.body
    if not expected or not lines[0].startswith("http/1.1 200"):
        raise DifferentResponseError(f"{server.name}, workload {workload.name}: {lines}, body {body[:80]!r}")
    return sum(len(line) + 2 for line in lines) + 2 + len(body)


def _drive(server: _Server, workload: Workload, size: int, seconds: float) -> float:
    """Return requests per second: of a core, or that have passed."""
    request, buffer = _request(workload, server.port), memoryview(bytearray(65_536))
    with contextlib.ExitStack() as stack_, select.epoll() as poll:
        stack_.callback(buffer.release)
        connections, missing = {}, {}
        for _ in range(CONNECTIONS):
            connection = stack_.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            connections[connection.fileno()], missing[connection.fileno()] = connection, size
            poll.register(connection, select.EPOLLIN)
            connection.sendall(request)
        used, begin, done = server.cpu_seconds(), time.perf_counter(), 0
        # The kernel may count the time of a thread later than it serves.
        while (elapsed := time.perf_counter() - begin) < seconds or not done or server.cpu_seconds() <= used:
            if elapsed > seconds + _STUCK_SECONDS:
                raise TimeoutError(f"{server.name} does not answer, or has sent another response")
            for number, _ in poll.poll(10):
                connection = connections[number]
                received = connection.recv_into(buffer)
                if not received:
                    raise ConnectionError(f"{server.name} closed a connection")
                missing[number] -= received
                if not missing[number]:
                    missing[number] = size
                    done += 1
                    connection.sendall(request)
        value = done / (elapsed if workload is WAIT else server.cpu_seconds() - used)
        for number, connection in connections.items():  # the next server has the core to itself
            connection.settimeout(_STUCK_SECONDS)
            while missing[number] and (received := connection.recv_into(buffer)):
                missing[number] -= received
        return value


def one_round(settings: Settings) -> list[Sample]:
    """Measure the workloads under all servers."""
    return measure(PART, STACKS, SERVED, settings)


def measure(
    part: str,
    stacks: dict[str, tuple[str, ...]],
    workloads: list[Workload],
    settings: Settings,
    kind: str = "app",
) -> list[Sample]:
    """Start all servers, and measure them in turn, repeatedly.

    Args:
        part: The part of the benchmarks.
        stacks: The servers, and the frameworks under each.
        workloads: The requests.
        settings: The peers, and the length of the measurements.
        kind: The applications, as for `peers.load`.
    """
    seconds, passes = _SECONDS * settings.effort, max(1, int(_PASSES * settings.effort))
    with _running(_installed(stacks, settings.peers, kind), kind) as servers:
        found: dict[tuple[str, str], list[float]] = {}
        sizes = {
            (server.name, workload.name): _check_response(server, workload)
            for workload in workloads
            for server in servers
        }
        for number in range(passes + 1):
            for workload in workloads:
                for server in servers:
                    value = _drive(server, workload, sizes[server.name, workload.name], seconds)
                    if number:  # the first requests are slower
                        found.setdefault((workload.name, server.name), []).append(value)
        memory = [Sample(part, MEMORY, server.name, "MiB", server.memory()) for server in servers]
    return [
        *(
            Sample(part, row, name, UNITS.get(row, _OF_A_CORE), statistics.median(values))
            for (row, name), values in found.items()
        ),
        *memory,
    ]
