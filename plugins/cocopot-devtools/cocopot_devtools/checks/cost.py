"""The cost of a plugin: when it is imported, and in every request."""

from __future__ import annotations

import gc
import statistics
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from cocopot_devtools.checks.behaviour import make_app
from cocopot_devtools.checks.trials import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIEnvironment

    from cocopot import Cocopot
    from cocopot_devtools.checks.subjects import PluginUnderTest

#: Separates what Python reports of the imports before the plugin's from the plugin's own.
MARK = "cocopot: the plugin's imports"
_ROUNDS = 60
_REQUESTS = 50
#: How long measuring requests may take, in seconds.
_SECONDS = 3.0


def request_cost(subject: PluginUnderTest) -> None:
    """Measure a request with the plugin and one without it, by turns, in microseconds."""
    from werkzeug.test import EnvironBuilder

    environ = EnvironBuilder(f"{BASE}/text").get_environ()
    apps = make_app(subject, without=True), make_app(subject)
    for app in apps:
        _time(app, environ)  # starts it, and compiles what it calls
    rounds: list[tuple[float, float]] = []
    gc.disable()
    end = time.perf_counter() + _SECONDS
    while len(rounds) < _ROUNDS and (not rounds or time.perf_counter() < end):
        rounds.append((_time(apps[0], environ), _time(apps[1], environ)))
    gc.enable()
    without, with_ = (statistics.median(times) * 1e6 for times in zip(*rounds, strict=True))
    subject.find(
        "CP802",
        f"A request takes {with_:.1f} µs with the plugin and {without:.1f} µs without it: "
        f"{with_ - without:+z.1f} µs, {with_ / without:.2f} times as long.",
    )


def _time(app: Cocopot, environ: WSGIEnvironment) -> float:
    """Return how long a request takes, in seconds, as a mean of some."""

    def start_response(*_: object) -> Any:
        return None

    begin = time.perf_counter()
    for _ in range(_REQUESTS):
        body: Any = app(environ.copy(), start_response)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
    return (time.perf_counter() - begin) / _REQUESTS


def import_candidate(subject: PluginUnderTest) -> None:
    """Import the plugin, after Cocopot, while Python reports the time of each import."""
    import os

    candidate = subject.candidate
    os.write(2, f"{MARK}\n".encode())
    if candidate.entry_point is not None:
        __import__(candidate.entry_point.module)  # Python does not report imports by `importlib`
    candidate.load()


def import_message(reports: Iterable[str]) -> str:
    """Return a message on the reports of `python -X importtime`, in milliseconds; the fastest counts.

    Args:
        reports: What Python wrote to its standard error, once for each run.
    """
    runs = [_times(report.partition(MARK)[2]) for report in reports]
    best = min(runs, key=lambda times: times.total())
    heavy = [f"{name} {time / 1000:.1f} ms" for name, time in best.most_common(3) if time >= 1000]
    most = f" Most of it: {', '.join(heavy)}." if heavy else ""
    return f"Importing it takes {best.total() / 1000:.2f} ms beyond Cocopot's own import.{most}"


def _times(report: str) -> Counter[str]:
    """Return the time of each outermost package, in microseconds.

    The lines are `import time: self [us] | cumulative | name`.
    """
    times: Counter[str] = Counter()
    for line in report.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            times[rest.partition("|")[2].strip().partition(".")[0]] += int(own)
    return times
