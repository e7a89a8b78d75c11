"""What `cocopot check` finds, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cocopot.cli.masking import mask_text
from cocopot.cli.tables import printable
from cocopot.exceptions import ConfigError, PluginError, RouteOptionError, blame_of
from cocopot.locations import locate_error, message_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.locations import SourceLocation

#: What a finding is about.
Kind = Literal[
    "application",
    "plugin",
    "conflict",
    "configuration",
    "environment",
    "route option",
    "startup",
    "shutdown",
    "production",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should be corrected before the application is deployed.

    Args:
        severity: An `"error"` is a fault in every environment; a `"warning"` is a risk in production.
        kind: What it is about.
        problem: What is wrong, as a sentence.
        cure: What to do about it; may be empty.
        plugin: The plugin that is concerned, if there is one.
        place: Where in the source the fault is, as `PATH:LINE`, if it is known.
    """

    severity: Literal["error", "warning"]
    kind: Kind
    problem: str
    cure: str = ""
    plugin: str | None = None
    place: str | None = None

    def lines(self) -> list[str]:
        """Return the finding as lines of text: problem, place and cure."""
        place = [] if self.place is None else [f"  at {self.place}"]
        cure = [f"  {line}" for line in self.cure.splitlines()]
        return [*self.problem.splitlines(), *place, *cure]


def error_finding(kind: Kind, problem: str, cure: str = "", plugin: str | None = None) -> Finding:
    """Return an error; its texts are masked and printable."""
    return Finding("error", kind, clean(problem), clean(cure), plugin)


def warning(kind: Kind, problem: str, cure: str) -> Finding:
    """Return a warning; its texts are masked and printable."""
    return Finding("warning", kind, clean(problem), clean(cure))


def findings_of(error: BaseException, kind: Kind, place: SourceLocation | None = None) -> Iterator[Finding]:
    """Yield the findings for an exception: one for each invalid value, and each exception of a group.

    Args:
        error: The exception.
        kind: What it is about.
        place: The place of an exception without a traceback, such as one of a group that was never raised.
    """
    place = locate_error(error) or place
    if isinstance(error, ConfigError):
        yield from (error_finding("configuration", str(fault)) for fault in error.faults)
    elif isinstance(error, RouteOptionError):
        for fault in error.faults:
            texts = (clean(fault.sentence), clean(fault.cure))
            yield Finding("error", "route option", *texts, fault.added_by, _place(fault.place))
    elif isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from findings_of(part, kind, place)
    elif isinstance(error, PluginError):
        problem = "\n".join((error.summary.strip(), *map(str, blame_of(error))))
        yield Finding("error", "plugin", clean(problem), clean(error.cure), error.plugin, _place(error.place))
    else:
        blame = blame_of(error)
        problem = "\n".join([f"{type(error).__name__}: {message_of(error).strip()}", *map(str, blame)])
        plugin = next((item.plugin for item in blame if item.origin == "plugin"), None)
        yield Finding("error", kind, clean(problem), "", plugin, _place(place))


def _place(place: SourceLocation | None) -> str | None:
    return None if place is None else str(place)


def clean(text: str) -> str:
    """Return a text without what must not be shown, such as passwords, and printable."""
    return printable(mask_text(text))
