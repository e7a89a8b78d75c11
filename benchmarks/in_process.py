"""The workloads in process: every framework in turn, round after round, with the cost of the environment
subtracted.
"""

from __future__ import annotations

import gc
import importlib
import json
import time
from typing import Any

from results import Result
from workloads import WORKLOADS, Workload

PEERS = ["cocopot", "falcon", "bottle", "flask", "pyramid", "django", "bare"]
_SECONDS = 0.06


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None: ...


def _answer(app: Any, workload: Workload) -> tuple[int, bytes, dict[str, str]]:
    seen: list[Any] = []
    environ = workload.fresh(workload.environ())
    body = app(environ, lambda status, headers, *_: seen.extend((status, headers)))
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return int(seen[0][:3]), content, {name.lower(): value for name, value in seen[1]}


def check(name: str, app: Any, workload: Workload) -> None:
    """Fail unless a framework does the work: same status, same bytes, same headers.

    Raises:
        AssertionError: If it does not.
    """
    status, body, headers = _answer(app, workload)
    where = f"{name}, workload {workload.name}"
    assert status == workload.status, f"{where}: status {status}"
    if workload.name == "C":
        assert json.loads(body) == json.loads(workload.body or b""), f"{where}: body {body!r}"
    elif workload.body is not None:
        assert body == workload.body, f"{where}: body {body[:80]!r}"
        assert headers["content-length"] == str(len(body)), f"{where}: headers {headers}"
    for key, value in workload.headers.items():
        assert headers.get(key) == value, f"{where}: headers {headers}"


def _time(app: Any, workload: Workload, environ: dict[str, Any], number: int) -> float:
    """Return seconds a request, making the environment included."""
    fresh, start_response = workload.fresh, _start_response
    begin = time.perf_counter()
    for _ in range(number):
        body = app(fresh(environ), start_response)
        for _chunk in body:
            pass
        if hasattr(body, "close"):
            body.close()
    return (time.perf_counter() - begin) / number


def _nothing(_environ: Any, _start_response: Any) -> tuple[bytes, ...]:
    return ()


def run(rounds: int, only: str | None = None) -> list[Result]:
    """Time all workloads, and return one result for each workload and peer."""
    results = []
    modules = {name: importlib.import_module(f"peers.{name}_app") for name in PEERS}
    for workload in WORKLOADS:
        if only and workload.name not in only.split(","):
            continue
        apps = {name: app for name, module in modules.items() if (app := module.make(workload)) is not None}
        for name, app in apps.items():
            check(name, app, workload)
        environ = workload.environ()
        numbers = {
            name: max(20, int(_SECONDS / _time(app, workload, environ, 50))) for name, app in apps.items()
        }
        times: dict[str, list[float]] = {name: [] for name in apps}
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            base = _time(_nothing, workload, environ, 20_000)
            for name, app in apps.items():
                times[name].append((_time(app, workload, environ, numbers[name]) - base) * 1e6)
        gc.unfreeze()
        results += [Result("in process", workload.name, name, "us", values) for name, values in times.items()]
        print(
            f"{workload.name:4}",
            {name: round(sorted(v)[len(v) // 2], 2) for name, v in times.items()},
            flush=True,
        )
    return results
