"""The workloads in process, without a server: every framework in turn, repeatedly.

Times are CPU times of the process, minus the time of the loop and of creating a request's environment.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import time
import timeit
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from peers import load
from results import Sample
from settings import Settings, print_samples
from ways import PART_OF_ROW, WAYS
from workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

PART = "in process"
ADDED = "one implementation more"
EMPTY = "empty function"
#: Number of functions per plugin in the workloads D and E that are called for each request.
_CALLS = {"cocopot": 3, "flask": 3, "falcon": 2, "bottle": 2, "pyramid": 2, "django": 1}
_PASSES = 9
#: Seconds for which a peer is timed before the next one.
_SLICE = 0.012


class DifferentResponseError(Exception):
    """A framework does not send the same response as the others."""


# -------------------------------------------------------------------------
# Comparison of responses
# -------------------------------------------------------------------------


def check(peer: str, app: Any, workload: Workload) -> None:
    """Check that a framework sends the expected status, headers and body.

    A line feed after a JSON document, which Cocopot and Flask write, is ignored.

    Raises:
        DifferentResponseError: If one of them differs.
    """
    for environ in workload.environs():
        status, headers, body = _send(app, workload.fresh(environ))
        where = f"{peer}, workload {workload.name}, {environ['PATH_INFO']}:"
        if workload.status not in {status, None}:
            raise DifferentResponseError(f"{where} status {status} instead of {workload.status}")
        if workload.body is None and not workload.group:
            continue
        expected = dict(workload.headers)
        if workload.group:
            headers = {name: value for name, value in headers.items() if name in expected}
        else:
            expected["content-length"] = str(len(body))
        if headers != expected:
            raise DifferentResponseError(f"{where} headers {headers} instead of {expected}")
        if workload.body is None:
            continue
        if (body.removesuffix(b"\n") if workload.takes_line_feed else body) != workload.body:
            raise DifferentResponseError(f"{where} body {body[:80]!r} instead of {workload.body[:80]!r}")


def _send(app: Any, environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    seen: list[Any] = []
    body = app(environ, lambda status, headers, *_: seen.extend((status, headers)))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return int(seen[0][:3]), {name.lower(): value.lower() for name, value in seen[1]}, content


# -------------------------------------------------------------------------
# Time
# -------------------------------------------------------------------------


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None: ...


def _nothing(_environ: Any, _start_response: Any) -> tuple[bytes, ...]:
    return ()


class Runner:
    """Times one application with one workload."""

    def __init__(self, app: Any, workload: Workload, seconds: float) -> None:
        self._app = app
        self._workload = workload
        self._environs = workload.environs()
        self._number = 2 * len(self._environs)
        self.times: list[float] = []
        # Twice, because the first calls are slower.
        for _ in range(2):
            self._number = max(self._number, int(seconds / max(self._seconds(), 1e-8)))

    def run(self) -> None:
        """Time one slice."""
        self.times.append(self._seconds())

    def _seconds(self) -> float:
        """Return seconds per request, including the creation of its environment."""
        app, fresh, start_response = self._app, self._workload.fresh, _start_response
        environs = itertools.islice(itertools.cycle(self._environs), self._number)
        begin = time.process_time()
        for environ in environs:
            body = app(fresh(environ), start_response)
            for _chunk in body:
                pass
            if hasattr(body, "close"):
                body.close()
        return (time.process_time() - begin) / self._number


def _function(_request: object) -> None: ...


class EmptyCalls:
    """Times a call of an empty Python function with one argument, without the loop around it."""

    def __init__(self, effort: float) -> None:
        names = {"function": _function, "request": object()}
        self._call = timeit.Timer("function(request)", timer=time.process_time, globals=names)
        self._loop = timeit.Timer("pass", timer=time.process_time)
        self._number = max(100, int(100_000 * effort))
        self.times: list[float] = []

    def run(self) -> None:
        """Time one slice."""
        number = self._number
        self.times.append((self._call.timeit(number) - self._loop.timeit(number)) / number)


def measure(settings: Settings) -> list[Sample]:
    """Check and time all workloads in this process."""
    calls, runners = EmptyCalls(settings.effort), _runners(settings)
    gc.collect()
    gc.freeze()
    for _ in range(max(1, int(_PASSES * settings.effort))):
        calls.run()
        for runner in runners.values():
            runner.run()
    return _samples(runners, calls)


def _runners(settings: Settings) -> dict[tuple[str, str], Runner]:
    """Return the runners by workload and peer; the peer with an empty name is the bare loop."""
    runners: dict[tuple[str, str], Runner] = {}
    make = _maker(settings.peers, settings.kind)
    for workload in WAYS if settings.kind == "ways" else WORKLOADS:
        if settings.workloads and workload.name not in settings.workloads:
            continue
        runners[workload.name, ""] = Runner(_nothing, workload, _SLICE * settings.effort)
        for peer in settings.peers:
            if (app := make(peer, workload)) is not None:
                check(peer, app, workload)
                runners[workload.name, peer] = Runner(app, workload, _SLICE * settings.effort)
    return runners


def _maker(peers: tuple[str, ...], kind: str) -> Callable[[str, Workload], Any]:
    """Return a function that creates applications, and keeps only one of those with many rules."""
    makers = {peer: found for peer in peers if (found := load(peer, kind)) is not None}
    with_rules: dict[tuple[str, int], Any] = {}

    def make(peer: str, workload: Workload) -> Any:
        if peer not in makers:
            return None
        if not workload.rules:
            return makers[peer](workload)
        key = peer, workload.rules
        if key not in with_rules:
            with_rules[key] = makers[peer](workload)
        return with_rules[key]

    return make


def _samples(runners: dict[tuple[str, str], Runner], calls: EmptyCalls) -> list[Sample]:
    times: dict[str, dict[str, float]] = defaultdict(dict)
    for (workload, peer), runner in runners.items():
        times[workload][peer] = statistics.median(runner.times)
    samples = [
        Sample(PART_OF_ROW.get(workload, PART), workload, peer, "µs", (seconds - found[""]) * 1e6)
        for workload, found in times.items()
        for peer, seconds in found.items()
        if peer
    ]
    if times.keys() >= {"D", "E"}:
        samples += [
            Sample(ADDED, ADDED, peer, "ns", (seconds - times["D"][peer]) / (40 * _CALLS[peer]) * 1e9)
            for peer, seconds in times["E"].items()
            if peer in _CALLS
        ]
        samples.append(Sample(ADDED, ADDED, EMPTY, "ns", statistics.median(calls.times) * 1e9))
    return samples


if __name__ == "__main__":
    print_samples(measure)
