"""Requests that take turns in short rounds, so that a busy machine slows all of them down alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from workloads import Workload

_ROUNDS, _REQUESTS = 60, 100


def sender(app: Any, workload: Workload) -> Callable[[], bytes]:
    """Return a function that sends the request of a workload, and returns the body of the response."""
    (environ,) = workload.environs()

    def send() -> bytes:
        body = app(workload.fresh(environ), lambda _status, _headers, _exc=None: None)
        text = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return text

    return send


def minima(rows: dict[str, Callable[[], object]], effort: float = 1.0) -> dict[str, float]:
    """Return the minimum of each row, in microseconds of the thread's time.

    Args:
        rows: What is timed, by name.
        effort: 1.0 for all rounds; less makes the measurement shorter, and the results meaningless.
    """
    best = dict.fromkeys(rows, float("inf"))
    for _ in range(max(1, int(_ROUNDS * effort))):
        for name, row in rows.items():
            begin = time.thread_time_ns()
            for _ in range(_REQUESTS):
                row()
            best[name] = min(best[name], (time.thread_time_ns() - begin) / _REQUESTS / 1000)
    return best
