"""One hook: a compiled call against pluggy's own and against a loop written by hand."""

from __future__ import annotations

import timeit
from typing import TYPE_CHECKING, Any

import pluggy
from results import Result

from cocopot import hookimpl
from cocopot.hooks import PluginManager, hookspec

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 0.05


class Spec:
    @hookspec(order="in")
    def work(self, request: object) -> None: ...


class Plugin:
    @hookimpl
    def work(self, request: object) -> None: ...


class Wrapper:
    @hookimpl(wrapper=True)
    def work(self) -> Any:
        return (yield)


def _empty(request: object) -> None: ...


def _loop(functions: list[Callable[[object], object]]) -> Callable[[object], None]:
    def call(request: object) -> None:
        for function in functions:
            function(request)

    return call


def _candidates(plugins: int, wrappers: int) -> dict[str, Callable[[], object]]:
    ours, theirs = PluginManager(hookspecs=[Spec]), pluggy.PluginManager("cocopot")
    theirs.add_hookspecs(Spec)
    objects: list[Any] = [Plugin() for _ in range(plugins)] + [Wrapper() for _ in range(wrappers)]
    for number, plugin in enumerate(objects):
        ours.register(plugin, f"plugin-{number}")
        theirs.register(plugin, f"plugin-{number}")
    request = object()
    compiled, raw = ours.compile("work", results=False), theirs.hook.work
    candidates: dict[str, Callable[[], object]] = {"pluggy": lambda: raw(request=request)}
    if compiled is not None:
        candidates["cocopot"] = lambda: compiled(request)
    else:
        holder = type("Calls", (), {"__slots__": ("work",)})()
        holder.work = compiled
        candidates["cocopot"] = lambda: holder.work is not None and holder.work(request)
    functions = [plugin.work for plugin in objects[:plugins]]
    loop = _loop(functions)
    candidates["loop by hand"] = lambda: loop(request)
    candidates["empty function"] = lambda: _empty(request)
    return dict(sorted(candidates.items()))


def run(rounds: int) -> list[Result]:
    """Time hooks of 0, 1, 10 and 100 implementations, and of 1 and 10 wrappers around one."""
    results = []
    for plugins, wrappers in ((0, 0), (1, 0), (10, 0), (100, 0), (1, 1), (1, 10)):
        row = f"{plugins} implementations" + (f", {wrappers} wrappers" if wrappers else "")
        timers = {name: timeit.Timer(call) for name, call in _candidates(plugins, wrappers).items()}
        overhead = timeit.Timer(lambda: None)
        numbers = {
            name: max(100, int(_SECONDS / (timer.timeit(200) / 200))) for name, timer in timers.items()
        }
        values: dict[str, list[float]] = {name: [] for name in timers}
        for _ in range(rounds):
            base = overhead.timeit(200_000) / 200_000
            for name, timer in timers.items():
                values[name].append((timer.timeit(numbers[name]) / numbers[name] - base) * 1e9)
        results += [Result("one hook", row, name, "ns", found) for name, found in values.items()]
        print(f"{row:32}", {name: round(sorted(v)[len(v) // 2]) for name, v in values.items()}, flush=True)
    return results
