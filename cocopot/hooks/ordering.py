"""The order in which plugins load: by name, then by what they declare."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import DISABLE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cocopot.hooks.candidates import Candidate


def declared_names(candidate: Candidate, plugin: object, attribute: str) -> tuple[str, ...]:
    """Return what a plugin says in `requires` or `after`.

    Raises:
        PluginError: If it is anything but a tuple or list of names.
    """
    value: Any = getattr(plugin, attribute, ())
    if isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise candidate.error(f"says {attribute} = {value!r}; it must be a tuple of plugin names.")


def load_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the keys of `needs` by name, but each after those that it needs.

    Args:
        needs: For each plugin, the plugins that must be loaded earlier; names that are no key are passed
            over.

    Raises:
        CircleError: If they need each other in a circle.
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
        raise _circle(waiting)
    return order


class CircleError(PluginError):
    """Plugins need each other in a circle.

    Args:
        circle: Their names along the circle; the first one comes back at the end.
    """

    def __init__(self, circle: list[str]) -> None:
        super().__init__(
            f"Plugins need each other in a circle: {' -> '.join(circle)}. "
            f"Take one of them out of the other's requires or after, or disable one with {DISABLE_VARIABLE}.",
            plugin=circle[-1],
        )
        self.members = circle[:-1]


def _circle(waiting: Mapping[str, set[str]]) -> CircleError:
    """Walk along the needs until a name comes back."""
    path = [min(waiting)]
    while (following := min(waiting[path[-1]])) not in path:
        path.append(following)
    return CircleError([*path[path.index(following) :], following])
