"""What the plugin manager records about a registered plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cocopot.hooks.candidates import Candidate

#: Where a plugin comes from: it was loaded or passed, it is a function of the application, or built in.
Origin = Literal["plugin", "application", "builtin"]


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """A registered plugin, a function of the application, or a built-in default.

    Args:
        name: The name under which it is registered.
        plugin: The registered object.
        origin: Where it comes from.
        index: A number that grows with each registration: the load order.
        candidate: Entry point and distribution, for a plugin.
        scope: The blueprint whose endpoints alone the implementation serves, or `None` for all.
        depth: The number of nested blueprints in the scope; 0 without one.
    """

    name: str
    plugin: object
    origin: Origin
    index: int
    candidate: Candidate
    scope: str | None = None
    depth: int = 0

    @property
    def distribution(self) -> str:
        """Name of the distribution that the plugin comes from; empty if it was passed as an object."""
        return self.candidate.distribution

    @property
    def version(self) -> str:
        """Version of the distribution that the plugin comes from; empty if it was passed as an object."""
        return self.candidate.version
