"""What must not grow with the number of other things: Cocopot alone, with few of them and many.

The group "growth" of `ways.py` has rows beside other frameworks, `hook_calls.py` an observed call.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, NamedTuple

from results import Sample
from settings import Settings, print_samples
from workloads import Workload

from cocopot import Blueprint, Cocopot, abort, hookimpl, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PART = "growth"
_PASSES = 9
#: Seconds for which a row is timed before the next one.
_SLICE = 0.012
_ENVIRON = Workload("growth", "growth", ("/",)).environs()[0]
#: Rules of one kind, each with the path that the rule with a number matches.
_RULES = {
    "fixed": ("/a{0}", "/a{0}"),
    "int": ("/a{0}/<int:value>", "/a{0}/5"),
    "fixed part in a segment": ("/x{0}-<value>", "/x{0}-5"),
    "any()": ("/<any(a{0}, b{0}):value>/z", "/a{0}/z"),
    "path before a fixed end": ("/<path:value>/x{0}", "/p/q/x{0}"),
    "fixed part between paths": ("/<path:value>/x{0}/<path:other>", "/p/q/x{0}/r/s"),
}


class HandledError(Exception):
    """An exception with a handler."""


class Row(NamedTuple):
    """An application, and the environs of the requests that are sent to it in turn."""

    name: str
    app: Cocopot
    environs: list[dict[str, Any]]


def _row(name: str, app: Cocopot, path: str, **environ: str) -> Row:
    return Row(name, app, [{**_ENVIRON, "PATH_INFO": path, **environ}])


def _app(view: Callable[..., Any] = lambda **_: "x", rule: str = "/", **options: Any) -> Cocopot:
    app = Cocopot("growth", autoload=False, static_folder=None, **options)
    app.add_url_rule(rule, "view", view)
    return app


# -------------------------------------------------------------------------
# Requests
# -------------------------------------------------------------------------


def _raise() -> None:
    raise HandledError


def _handlers(number: int) -> Iterable[Row]:
    app = _app(_raise)
    app.add_url_rule("/abort", "abort", lambda: abort(403))
    app.register_error_handler(HandledError, lambda _: "handled")
    for index in range(number):
        app.register_error_handler(type(f"Error{index}", (Exception,), {}), lambda _: "other")
    yield _row(f"an exception, {number} other handlers", app, "/")
    yield _row(f"abort(403), {number} other handlers", app, "/abort")
    yield _row(f"404, {number} other handlers", app, "/missing")


def _blueprints(number: int) -> Row:
    app = _app()
    for index in range(number):
        blueprint = Blueprint(f"b{index}", __name__, url_prefix=f"/b{index}")
        blueprint.add_url_rule("/view", "view", lambda: "x")
        blueprint.before_request(lambda: None)
        app.register_blueprint(blueprint)
    return _row(f"404, {number} blueprints with a hook", app, "/missing")


def _rules(kind: str, number: int) -> Row:
    app = _app()
    _register(app, kind, number)
    path = _RULES[kind][1].format(number * 7 // 10)
    return _row(f"one of {number:,} rules, {kind}", app, path)


def _register(app: Cocopot, kind: str, number: int) -> None:
    for index in range(number):
        app.add_url_rule(_RULES[kind][0].format(index), f"view{index}", lambda **_: "x")


def _hosts(number: int) -> Row:
    environs = [{**_ENVIRON, "PATH_INFO": "/", "HTTP_HOST": f"h{index}.example"} for index in range(number)]
    return Row(f"{number:,} hosts in turn", _app(), environs)


def _rows() -> Iterable[Row]:
    for number in (1, 100):
        yield from _handlers(number)
    yield from map(_blueprints, (0, 500))
    for number in (1000, 8000):
        app = _app(rule="/<path:one>/x/<path:two>/end")
        yield _row(f"two path variables, a miss of {number:,} segments", app, "/" + "a/" * number)
    for kind in _RULES:
        yield from (_rules(kind, number) for number in (10, 1000))
    yield from map(_hosts, (1, 100, 10_000))
    query = "&".join(f"k{index}=a+b" for index in range(1000))
    yield _row("1,000 encoded arguments", _app(lambda: request.args["k7"]), "/", QUERY_STRING=query)
    for number in (8, 8000):
        yield _row(f"a segment of {number:,} characters", _app(rule="/<value>"), "/" + "a" * number)


class Runner:
    """Times one row."""

    def __init__(self, row: Row, seconds: float) -> None:
        self._row = row
        self._number = len(row.environs)
        self.times: list[float] = []
        for _ in range(2):  # twice, because the first calls are slower
            each = self._seconds()
            self._number = max(len(row.environs), int(seconds / max(each, 1e-8)))

    def run(self) -> None:
        """Time one slice."""
        self.times.append(self._seconds())

    def _seconds(self) -> float:
        wsgi_app, environs = self._row.app.wsgi_app, self._row.environs
        fresh = [environs[index % len(environs)].copy() for index in range(self._number)]
        begin = time.process_time()
        for environ in fresh:
            body = wsgi_app(environ, _start_response)
            if hasattr(body, "close"):
                body.close()
        return (time.process_time() - begin) / self._number


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any: ...


# -------------------------------------------------------------------------
# Registering, and endpoints of an application with plugins
# -------------------------------------------------------------------------


def _registering() -> Iterable[Sample]:
    for kind in _RULES:
        app = _app()
        begin = time.process_time()
        _register(app, kind, 1000)
        yield Sample(
            PART, f"registering 1,000 rules, {kind}", "cocopot", "ms", (time.process_time() - begin) * 1e3
        )


def _plugin(number: int) -> object:
    class Plugin:
        plugin_name = f"plugin{number}"

        @hookimpl
        def cocopot_before_request(self, request: object) -> None: ...

        @hookimpl
        def cocopot_after_request(self, response: object) -> None: ...

    return Plugin()


def _endpoints(plugins: int, effort: float) -> Iterable[Sample]:
    """Measure the first request of each endpoint after the first one, and then its memory."""
    app, number = _app(plugins=[_plugin(index) for index in range(plugins)]), max(2, int(500 * effort))
    _register(app, "fixed", 2 * number)
    paths = [{**_ENVIRON, "PATH_INFO": f"/a{index}"} for index in range(2 * number)]
    times = []
    for environ in paths[:number]:
        begin = time.perf_counter()
        app.wsgi_app(environ, _start_response)
        times.append(time.perf_counter() - begin)
    name = f"first request of an endpoint, {plugins} plugins"
    yield Sample(PART, name, "cocopot", "µs", statistics.median(times[1:]) * 1e6)
    tracemalloc.start()
    for environ in paths[number:]:
        app.wsgi_app(environ, _start_response)
        environ.clear()
    memory = tracemalloc.get_traced_memory()[0] / number
    tracemalloc.stop()
    yield Sample(PART, f"memory of an endpoint, {plugins} plugins", "cocopot", "KiB", memory / 1024)


def _first_responses(plugins: int, effort: float) -> Sample:
    """Measure the first request of a new application with 300 rules: its start, and all that is compiled."""
    times = []
    for _ in range(max(1, int(20 * effort))):
        app = _app(plugins=[_plugin(index) for index in range(plugins)])
        _register(app, "fixed", 300)
        environ = {**_ENVIRON, "PATH_INFO": "/a7"}
        begin = time.process_time()
        app.wsgi_app(environ, _start_response)
        times.append(time.process_time() - begin)
    name = f"first response, {plugins} plugins and 300 rules"
    return Sample(PART, name, "cocopot", "ms", statistics.median(times) * 1e3)


def measure(settings: Settings) -> list[Sample]:
    """Time all rows in this process, in turn."""
    runners = {row.name: Runner(row, _SLICE * settings.effort) for row in _rows()}
    gc.collect()
    gc.freeze()
    for _ in range(max(1, int(_PASSES * settings.effort))):
        for runner in runners.values():
            runner.run()
    samples = [
        Sample(PART, name, "cocopot", "µs", statistics.median(runner.times) * 1e6)
        for name, runner in runners.items()
    ]
    samples += [_first_responses(plugins, settings.effort) for plugins in (0, 10)]
    return [*samples, *_registering(), *_endpoints(10, settings.effort), *_endpoints(200, settings.effort)]


if __name__ == "__main__":
    print_samples(measure)
