"""Requests after other code: what a framework takes when the processor's caches have something else.

Before each request a database is queried, its rows are written as JSON, some MB of objects are read, and much
Python code runs, as in views that work. Only the request is timed.
"""

from __future__ import annotations

import ast
import gc
import json
import sqlite3
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from in_process import check
from peers import load
from results import Sample
from settings import Settings, print_samples
from workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

PART = "cold"
_REQUESTS = 300
#: Requests before the timed one, for the rows without other code.
_WARM = 20
_ROWS = 200
_OBJECTS = 8_000  # 3 MB

_JSON = {"content-type": "application/json"}
_BODY = b'{"live":true,"name":"widget","price":12.5}'
WORKLOADS = (
    Workload("JSON", "", ("/document",), body=_BODY, headers=_JSON, group=PART),
    Workload("JSON, g, three hooks", "", ("/document",), body=_BODY, headers=_JSON, plugins=3, group=PART),
)


class OtherCode:
    """What runs before a request."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE TABLE birds (id INTEGER PRIMARY KEY, name TEXT, weight REAL)")
        birds = [(f"bird {number}", number / 7) for number in range(_ROWS)]
        self._database.executemany("INSERT INTO birds (name, weight) VALUES (?, ?)", birds)
        self._objects = [{"name": f"object {number}", "next": [number]} for number in range(_OBJECTS)]
        self._source = Path(__file__).read_text(encoding="utf-8")
        self.result: object = None

    def run(self) -> None:
        """Query the database, write its rows as JSON, read all objects, and run a part of the library."""
        cursor = self._database.execute("SELECT id, name, weight FROM birds ORDER BY weight DESC")
        names = [column[0] for column in cursor.description]
        text = json.dumps([dict(zip(names, row, strict=True)) for row in cursor])
        size = sum(len(item["name"]) + len(item["next"]) for item in self._objects)
        self.result = text, size, ast.unparse(ast.parse(self._source))


class Runner:
    """Times requests to one application, one at a time.

    Args:
        app: The application.
        workload: The request.
        before: Called before each one.
    """

    def __init__(self, app: Any, workload: Workload, before: Callable[[Callable[[], object]], None]) -> None:
        self._app = app
        self._workload = workload
        self._before = before
        self.times: list[float] = []

    def run(self) -> None:
        """Time one request."""
        self._before(self._request)
        self.times.append(self._request())

    def _request(self) -> float:
        environ = self._workload.fresh(self._workload.environs()[0])
        begin = time.perf_counter()
        body = self._app(environ, _start_response)
        for _chunk in body:
            pass
        if hasattr(body, "close"):
            body.close()
        return time.perf_counter() - begin


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None: ...


def _repeat(request: Callable[[], object]) -> None:
    for _ in range(_WARM):
        request()


def measure(settings: Settings) -> list[Sample]:
    """Time the rows of all peers in turn, after other code and after the same request."""
    other = OtherCode()
    preparations = {"": lambda _request: other.run(), ", warm": _repeat}
    runners: dict[tuple[str, str], Runner] = {}
    for workload in WORKLOADS:
        for peer in settings.peers:
            if (make := load(peer, "cold")) is not None:
                app = make(workload)
                check(peer, app, workload)
                for name, before in preparations.items():
                    runners[workload.name + name, peer] = Runner(app, workload, before)
    gc.collect()
    gc.freeze()
    for _ in range(max(1, int(_REQUESTS * settings.effort))):
        for runner in runners.values():
            runner.run()
    return [
        Sample(PART, row, peer, "µs", statistics.median(runner.times) * 1e6)
        for (row, peer), runner in runners.items()
    ]


if __name__ == "__main__":
    print_samples(measure)
