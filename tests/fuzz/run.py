"""Fuzz the application through the sockets of servers: `make fuzz`.

Each server receives the same requests, which are made from a seed and a number. Nothing that a client sends
may lead to a hang, to a 500 that no view has meant, or to the end of a worker. Each of these is listed with
the number of its request. `make fuzz TWINS=0 ARGS='--seed 1 --first 4711 --requests 1'` sends that request
again; with `--show` it is printed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.corpus import FORGED
from tests.fuzz.exchange import HUNG, Answer, Connection
from tests.fuzz.messages import make_message
from tests.processes import free_port, stop_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
#: Failures that are listed for each server.
LISTED = 20

_PYTHON = [sys.executable, "-m"]
_APPLICATION = "tests.fuzz.application:app"
#: The command of each server, for a port.
COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "development": lambda port: [*_PYTHON, "tests.fuzz.serve", "development", port],
    "waitress": lambda port: [*_PYTHON, "tests.fuzz.serve", "waitress", port],
    "gunicorn": lambda port: [
        *(*_PYTHON, "gunicorn", _APPLICATION, "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--threads", "4", "--workers", "2"),
    ],
    "granian": lambda port: [
        *(*_PYTHON, "cocopot", "--app", _APPLICATION, "run", "--port", port, "--workers", "2"),
    ],
}
#: Number of processes that answer.
WORKERS = {"gunicorn": 2, "granian": 2}


@dataclass
class Report:
    """What happened at one server.

    Args:
        server: Its name.
        outcomes: How often each outcome came.
        failures: The numbers of the requests that must not have had their outcome, with it.
        answered: How many answers were the application's.
        processes: The processes that answered.
        problems: What else must not happen.
        slowest: The longest time in seconds that an answer took, and the number of its request.
        is_unreachable: Whether the server has stopped accepting connections.
        seconds: How long the run took.
    """

    server: str
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    answered: int = 0
    processes: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    is_unreachable: bool = False
    seconds: float = 0.0

    def add(self, number: int, answer: Answer) -> None:
        """Count one answer."""
        self.outcomes[answer.outcome] += 1
        self.slowest = max(self.slowest, (answer.seconds, number))
        if answer.process is not None:
            self.answered += 1
            self.processes.add(answer.process)
        if answer.is_failure:
            self.failures.append((number, answer.outcome))

    def as_text(self) -> str:
        """Return the report for people."""
        slowest, number = self.slowest
        total = sum(self.outcomes.values())
        counts = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(self.outcomes.items()))
        lines = [
            f"{self.server}: {total} requests in {self.seconds:.0f} s: {counts}",
            f"  {self.answered} answered by the application; slowest: {slowest:.2f} s for request {number}",
        ]
        lines += [f"  FAILURE: {outcome} for request {number}" for number, outcome in self.failures[:LISTED]]
        if len(self.failures) > LISTED:
            lines.append(f"  ... and {len(self.failures) - LISTED} more")
        lines += [f"  PROBLEM: {problem}" for problem in self.problems]
        return "\n".join(lines)


def fuzz(server: str, options: argparse.Namespace) -> Report:
    """Send the requests to one server.

    Args:
        server: Its name, one of `COMMANDS`.
        options: As from `parse`.
    """
    report = Report(server)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _running(server, Path(folder)) as (process, port, log):
        queue = _Queue(report, options, begin + options.seconds)
        with ThreadPoolExecutor(options.clients) as pool:
            clients = [pool.submit(_send_all, port, queue, options) for _ in range(options.clients)]
        for client in clients:
            client.result()
        if process.poll() is not None:
            report.problems.append(
                f"The server has ended with {process.returncode}.\n{log.read_text()[-2000:]}"
            )
        report.problems += problems_of_log(log)
    if len(report.processes) > WORKERS.get(server, 1):
        report.problems.append(f"Workers have been replaced: {len(report.processes)} have answered.")
    report.seconds = time.monotonic() - begin
    return report


class _Queue:
    """The numbers of the requests that remain, and the report, for several threads.

    Args:
        report: Takes the answers.
        options: As from `parse`.
        deadline: When to stop, as `time.monotonic` counts.
    """

    def __init__(self, report: Report, options: argparse.Namespace, deadline: float) -> None:
        self._numbers = iter(range(options.first, options.first + options.requests))
        self._report, self._hangs, self._deadline = report, options.hangs, deadline
        self._lock = threading.Lock()

    def get(self) -> int | None:
        """Return the number of the next request, or `None` at the end."""
        with self._lock:
            is_over = time.monotonic() > self._deadline or self._report.outcomes[HUNG] > self._hangs
            return None if is_over or self._report.is_unreachable else next(self._numbers, None)

    def add(self, number: int, answer: Answer | None) -> None:
        """Count the answer to a request; without one, the server accepts no connection any more."""
        with self._lock:
            if answer is None:
                self._report.is_unreachable = True
                self._report.problems.append(f"No connection for request {number} is accepted.")
            else:
                self._report.add(number, answer)


def _send_all(port: int, queue: _Queue, options: argparse.Namespace) -> None:
    with Connection(port, options.hang) as connection:
        while (number := queue.get()) is not None:
            try:
                answer = connection.send(make_message(options.seed, number))
            except ConnectionRefusedError:
                answer = None
            queue.add(number, answer)


def problems_of_log(log: Path) -> list[str]:
    """Return what the log of a server must not contain."""
    lines = log.read_text(errors="replace").splitlines()
    forged = [line for line in lines if line.startswith(FORGED)]
    problems = [f"{len(forged)} lines of the log have been written by clients."] if forged else []
    ends = Counter(
        block[-1][:200] for block in _tracebacks(lines) if any("/cocopot/" in line for line in block)
    )
    return problems + [f"{count} tracebacks end with {end!r}" for end, count in ends.most_common(LISTED)]


def _tracebacks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each traceback of a log."""
    block: list[str] | None = None
    for line in lines:
        if line.startswith("Traceback ("):
            block = []
        elif block is not None:
            block.append(line)
            if not line.startswith(" "):
                yield block
                block = None


@contextmanager
def _running(server: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """Run one server for as long as the block takes: its process, port and log."""
    port, log = free_port(), folder / "log.txt"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "XDG_RUNTIME_DIR": str(folder)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            COMMANDS[server](str(port)),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait(process, port, log)
            yield process, port, log
        finally:
            stop_session(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with Connection(port, 5) as connection, suppress(OSError):
            connection.send(make_message(0, 0))
            return
        time.sleep(0.1)
    raise RuntimeError(f"The server does not answer:\n{log.read_text()}")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="make fuzz ARGS=...", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("servers", nargs="*", default=[*COMMANDS], help=f"of {', '.join(COMMANDS)} (all)")
    parser.add_argument("--requests", type=int, default=100_000, help="requests per server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=600, help="time limit per server (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what requests are made from (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first request (%(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="requests at the same time (%(default)s)")
    parser.add_argument(
        "--hang", type=float, default=10, help="seconds without a byte are a hang (%(default)s)"
    )
    parser.add_argument(
        "--hangs", type=int, default=20, help="hangs after which a server is given up (%(default)s)"
    )
    parser.add_argument("--show", action="store_true", help="print the requests in place of sending them")
    options = parser.parse_args(arguments)
    if unknown := set(options.servers) - set(COMMANDS):
        parser.error(f"unknown server: {', '.join(sorted(unknown))}")
    return options


def main(arguments: Sequence[str]) -> int:
    """Fuzz each server in turn, print the reports, and return the exit code."""
    options = parse(arguments)
    if options.show:
        for number in range(options.first, options.first + options.requests):
            print(number, make_message(options.seed, number).data)  # noqa: T201 - what was asked for
        return 0
    failed = False
    for server in options.servers:
        report = fuzz(server, options)
        failed = failed or bool(report.failures or report.problems)
        print(report.as_text(), flush=True)  # noqa: T201 - the result
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
