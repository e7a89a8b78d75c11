"""Conflicts: what several plugins, or a plugin and the application, register under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cocopot.exceptions import PluginError, in_parentheses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cocopot.hooks.candidates import Candidate
    from cocopot.hooks.records import PluginRecord
    from cocopot.locations import SourceLocation

ConflictKind = Literal[
    "attribute",
    "blueprint",
    "command",
    "converter",
    "endpoint",
    "error handler",
    "extension",
    "json provider",
    "property",
    "request property",
    "route option",
    "rule",
    "session storage",
    "template engine",
    "template filter",
    "template global",
    "template test",
]

#: Kinds of which the loser's data or feature would be lost without a trace.
_ERRORS: frozenset[ConflictKind] = frozenset(
    {
        *("attribute", "blueprint", "command", "converter", "endpoint", "extension"),
        *("property", "request property", "route option"),
        *("template filter", "template global", "template test"),
    }
)
#: Kinds that are not called by their own name.
_LABELS: dict[ConflictKind, str] = {
    "attribute": "attribute of the application",
    "extension": "key of app.extensions",
    "json provider": "JSON provider",
    "property": "property of the application",
    "request property": "property of requests",
}


class Claim(NamedTuple):
    """One side of a conflict.

    Args:
        plugin: The plugin that registers it, or `None` for the application.
        distribution: Name of the plugin's distribution; `None` if there is none.
        version: Version of that distribution; `None` if there is none.
        place: Where it is defined or registered; `None` if that is unknown.
    """

    plugin: str | None
    distribution: str | None = None
    version: str | None = None
    place: SourceLocation | None = None

    @classmethod
    def of(cls, record: PluginRecord | None, place: SourceLocation | None = None) -> Claim:
        """Return the claim of a plugin, or of the application without one."""
        if record is None:
            return cls(None, place=place)
        return cls(record.name, record.distribution or None, record.version or None, place)

    @property
    def owner(self) -> str:
        """The plugin and its distribution, for messages."""
        if self.plugin is None:
            return "the application"
        kind = "the built-in plugin" if self.plugin.startswith("builtin.") else "plugin"
        return f"{kind} {self.plugin!r}{in_parentheses(self.distribution, self.version)}"

    def __str__(self) -> str:
        return self.owner if self.place is None else f"{self.owner} at {self.place}"


class Conflict(NamedTuple):
    """Something that several plugins, or a plugin and the application, register under one name.

    Args:
        kind: What it is: a `"rule"`, an `"error handler"`, a `"converter"`, an `"extension"` (a key of
            `app.extensions`), an `"endpoint"`, a `"blueprint"`, a `"command"`, a `"json provider"`, an
            `"attribute"` of the application, a `"route option"`, a `"session storage"`, a
            `"template engine"`, a `"template filter"`, a `"template global"`, or a `"template test"`.
        key: Its name, such as `"GET /health"`, `"404"` or `"cache"`; empty for a JSON provider, a session
            storage and a template engine.
        winner: The one that is used.
        losers: The others.
    """

    kind: ConflictKind
    key: str
    winner: Claim
    losers: tuple[Claim, ...]

    @property
    def is_error(self) -> bool:
        """Whether a plugin's data or feature would be lost, so that it is a `PluginError`."""
        return self.kind in _ERRORS and self.winner.plugin is not None

    @property
    def subject(self) -> str:
        """What is registered more than once, for messages, such as `"error handler '404'"`."""
        label = _LABELS.get(self.kind, self.kind)
        return f"{label} {self.key!r}" if self.key else label

    def __str__(self) -> str:
        losers = " and ".join(map(str, self.losers))
        return f"The {self.subject} of {self.winner} is used, and not that of {losers}."


def conflict_error(candidate: Candidate, conflicts: Sequence[Conflict]) -> PluginError:
    """Return an error for what a plugin registers, although another one has registered it.

    Args:
        candidate: The plugin.
        conflicts: The conflicts; the plugin is one side of each.
    """
    problems, places = [], []
    for conflict in conflicts:
        sides = (conflict.winner, *conflict.losers)
        others = " and ".join(str(claim) for claim in sides if claim.plugin != candidate.name)
        problems.append(f"registers the {conflict.subject}, which is also registered by {others}")
        places += [claim.place for claim in sides if claim.plugin == candidate.name]
    error = candidate.error(f"{'; it also '.join(problems)}.", reason="conflict", place=places[0])
    if any((conflict.kind, conflict.key) == ("endpoint", "static") for conflict in conflicts):
        error.cure += " An application without static files passes static_folder=None."
    return error


def combine_errors(errors: Sequence[PluginError]) -> PluginError:
    """Return one error for the errors of several plugins, or the only one."""
    if len(errors) == 1:
        return errors[0]
    texts = "\n".join(str(error) for error in errors)
    return PluginError(f"{len(errors)} plugins cannot be set up.\n{texts}", reason=errors[0].reason)
