"""One hook: Cocopot's compiled call compared with pluggy's call and with a hand-written loop."""

from __future__ import annotations

import gc
import statistics
import time
import timeit
from typing import TYPE_CHECKING, Any

import pluggy
from results import Sample
from settings import Settings, print_samples

from cocopot import hookimpl
from cocopot.hooks import PluginManager, hookspec

if TYPE_CHECKING:
    from collections.abc import Mapping

PART = "one hook"
LOOP, EMPTY = "loop by hand", "empty function"
OBSERVED = "cocopot, observed"
_PASSES = 9
#: Seconds for which one call is timed before the next one.
_SLICE = 0.01
#: Numbers of implementations and of wrappers around them.
_SIZES = ((0, 0), (1, 0), (10, 0), (100, 0), (1, 1), (1, 10))

# The timed statements: like the lifecycle, Cocopot's tests for None before the call.
_STATEMENTS = {
    "cocopot": "if call is not None: call(request)",
    OBSERVED: "if observed is not None: observed(request)",
    "pluggy": "hook(request=request)",
    LOOP: "for function in functions: function(request)",
    EMPTY: "empty(request)",
}


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


def _empty(_request: object) -> None: ...


def row(implementations: int, wrappers: int = 0) -> str:
    """Return the name of a row."""
    return _count(implementations, "implementation") + (
        f", {_count(wrappers, 'wrapper')}" if wrappers else ""
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _names(implementations: int, wrappers: int) -> dict[str, Any]:
    """Return the names that the statements use."""
    ours, theirs = PluginManager(hookspecs=[Spec]), pluggy.PluginManager("cocopot")
    theirs.add_hookspecs(Spec)
    plugins: list[Any] = [Plugin() for _ in range(implementations)]
    for number, plugin in enumerate([*plugins, *(Wrapper() for _ in range(wrappers))]):
        ours.register(plugin, f"plugin-{number}")
        theirs.register(plugin, f"plugin-{number}")
    return {
        "call": ours.compile("work", results=False),
        "observed": _observed(ours),
        "hook": theirs.hook.work,
        "functions": [plugin.work for plugin in plugins],
        "empty": _empty,
        "request": object(),
    }


def _observed(manager: PluginManager) -> Any:
    """Return the compiled call as it is with an observer that does nothing."""
    remove = manager.observe(_empty)
    call = manager.compile("work", results=False)
    remove()
    return call


class Runner:
    """Times one statement, without the loop around it."""

    def __init__(self, statement: str, names: Mapping[str, Any], seconds: float) -> None:
        self._timer = timeit.Timer(statement, timer=time.process_time, globals=dict(names))
        self._loop = timeit.Timer("pass", timer=time.process_time)
        self._number = 1_000
        self.times: list[float] = []
        # Twice, because the first calls are slower.
        for _ in range(2):
            each = self._timer.timeit(self._number) / self._number
            self._number = max(100, int(seconds / max(each, 1e-8)))

    def run(self) -> None:
        """Time one slice."""
        loop = self._loop.timeit(self._number)
        self.times.append((self._timer.timeit(self._number) - loop) / self._number)


def measure(settings: Settings) -> list[Sample]:
    """Time hooks of 0, 1, 10 and 100 implementations, and of 1 and 10 wrappers around one."""
    runners: dict[tuple[str, str], Runner] = {}
    for implementations, wrappers in _SIZES:
        names = _names(implementations, wrappers)
        for peer, statement in _STATEMENTS.items():
            if wrappers and peer == LOOP:  # a loop has no wrappers
                continue
            runner = Runner(statement, names, _SLICE * settings.effort)
            runners[row(implementations, wrappers), peer] = runner
    gc.collect()
    gc.freeze()
    for _ in range(max(1, int(_PASSES * settings.effort))):
        for runner in runners.values():
            runner.run()
    return [
        Sample(PART, name, peer, "ns", statistics.median(runner.times) * 1e9)
        for (name, peer), runner in runners.items()
    ]


if __name__ == "__main__":
    print_samples(measure)
