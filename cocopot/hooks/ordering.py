"""The order in which plugins load, and in which the implementations of a hook run."""

from __future__ import annotations

import heapq
import math
from itertools import pairwise
from typing import TYPE_CHECKING

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import DISABLE_VARIABLE
from cocopot.hooks.wrappers import is_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pluggy

    from cocopot.hooks.records import PluginRecord


def load_order(
    needs: Mapping[str, Iterable[str]], reason: Callable[[str, str], str] | None = None
) -> list[str]:
    """Return the keys of `needs` by name, but each after those that it needs.

    Args:
        needs: For each plugin, the plugins that must be loaded earlier; other names are ignored.
        reason: Called with a plugin and one that it needs; returns what demands that, for errors.

    Raises:
        DependencyCycleError: If they depend on each other in a cycle.
    """
    waiting = {name: {other for other in others if other in needs} for name, others in needs.items()}
    followers: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in waiting.items():
        for other in others:
            followers[other].append(name)
    ready = [name for name, others in waiting.items() if not others]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        del waiting[name]
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, follower)
    if waiting:
        raise _find_cycle(waiting, reason)
    return order


class DependencyCycleError(PluginError):
    """Plugins depend on each other in a cycle.

    Args:
        cycle: Their names along the cycle; the first one is repeated at the end.
        reasons: What demands each step of it.
    """

    def __init__(self, cycle: list[str], reasons: Sequence[str] = ()) -> None:
        demands = f" {'; '.join(reasons)}." if reasons else ""
        super().__init__(
            f"Plugins depend on each other in a cycle: {' -> '.join(cycle)}.{demands}",
            plugin=cycle[-1],
            cure="Remove one of these names from where it is declared, "
            f"or disable one of the plugins with {DISABLE_VARIABLE}.",
            reason="cycle",
        )
        self.members = cycle[:-1]


def _find_cycle(
    waiting: Mapping[str, set[str]], reason: Callable[[str, str], str] | None
) -> DependencyCycleError:
    """Walk along the needs until a name comes back."""
    path = [min(waiting)]
    while (following := min(waiting[path[-1]])) not in path:
        path.append(following)
    cycle = [*path[path.index(following) :], following]
    return DependencyCycleError(cycle, [reason(*step) for step in pairwise(cycle)] if reason else ())


# -------------------------------------------------------------------------
# Call order
# -------------------------------------------------------------------------


def in_call_order(
    impls: Sequence[pluggy.HookImpl], order: str | None, records: Mapping[str, PluginRecord]
) -> list[pluggy.HookImpl]:
    """Return the implementations of a hook in the order in which they run, wrappers first.

    Args:
        impls: The implementations in pluggy's order.
        order: `"in"`, `"out"`, or `None` for pluggy's own: what was loaded last runs first.
        records: What is registered, by name.
    """
    if order is None:
        called = list(reversed(impls))  # pluggy keeps the list in reverse
        return sorted(called, key=lambda impl: _pluggys_rank(impl, records.get(impl.plugin_name)))
    return sorted(impls, key=lambda impl: _rank(impl, order, records.get(impl.plugin_name)))


def _rank(impl: pluggy.HookImpl, order: str, record: PluginRecord | None) -> tuple[int, ...]:
    layer = int(not is_wrapper(impl))
    wish = -1 if impl.tryfirst else 1 if impl.trylast else 0
    if record is None:  # an implementation that was passed to `call_extra`: innermost
        return (layer, wish, 2 if order == "in" else -1, 0, 0)
    if record.origin == "builtin":
        return (layer, wish, 3, 0, record.index)
    inner = record.origin == "application"
    if order == "in" or layer == 0:  # a wrapper enters and leaves at its position in the load order
        return (layer, wish, int(inner), record.depth, record.index)
    return (layer, wish, int(not inner), -record.depth, -record.index)


def _pluggys_rank(impl: pluggy.HookImpl, record: PluginRecord | None) -> tuple[float, ...]:
    """Return what sorts as pluggy does, but by load order, which registering may not have followed."""
    layer = int(not is_wrapper(impl))
    wish = 1 if impl.trylast else -1 if impl.tryfirst else 0
    index = math.inf if record is None else record.index  # passed to `call_extra`: the last
    return (layer, wish, index if impl.trylast else -index)
