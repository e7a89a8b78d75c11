"""Commands that need no application, which installed distributions register: `cocopot.commands`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import click

from cocopot.cli.tables import printable
from cocopot.hooks.candidates import Candidate
from cocopot.hooks.distributions import COMMANDS_GROUP, read_entry_points
from cocopot.locations import at_place, locate_error, message_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from cocopot.locations import SourceLocation


class ExternalCommandError(click.ClickException):
    """A command of an installed distribution cannot be used.

    Args:
        name: The command's name; empty if it is unknown.
        problem: What is wrong.
        cure: What to do about it.
        distribution: Name of the distribution; empty if there are several.
        version: Version of the distribution; likewise.
        entry_point: The entry point's value; likewise.
        place: Where in the source the fault is; `None` if it is unknown.
    """

    def __init__(
        self,
        name: str,
        problem: str,
        cure: str,
        *,
        distribution: str = "",
        version: str = "",
        entry_point: str = "",
        place: SourceLocation | None = None,
    ) -> None:
        self.name = name
        self.problem = problem
        self.cure = cure
        self.distribution = distribution
        self.version = version
        self.entry_point = entry_point
        self.place = place
        super().__init__(printable(f"{problem}{at_place(place)}\n{cure}"))


@dataclass(frozen=True, slots=True)
class ExternalCommand:
    """A command that installed distributions register under one name.

    Args:
        name: The command's name.
        candidates: The entry points of that name; more than one cannot be used.
    """

    name: str
    candidates: Sequence[Candidate]

    @property
    def distribution(self) -> str:
        """Name of the distribution, or of the first of several."""
        return self.candidates[0].distribution

    def load(self) -> click.Command:
        """Import the command.

        Raises:
            ExternalCommandError: If it cannot be imported, is not a command, or its name is ambiguous.
        """
        if len(self.candidates) > 1:
            sources = " and ".join(map(_describe, self.candidates))
            raise ExternalCommandError(
                self.name,
                f"{len(self.candidates)} distributions register a command {self.name!r}: {sources}.",
                "Uninstall all but one of them.",
            )
        candidate = self.candidates[0]
        try:
            command: object = candidate.entry_point.load() if candidate.entry_point is not None else None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the import raises, SystemExit too
            _fail_to_import(candidate, error)
        if not isinstance(command, click.Command):
            problem = f"is {command!r:.80}, which is not a click.Command."
            raise _error(candidate, problem, "Its author must name a command in the entry point")
        return command


@dataclass(frozen=True, slots=True)
class ExternalCommands:
    """What installed distributions register.

    Args:
        commands: The commands, by name; they are not imported yet.
        errors: What cannot be used in any run: names of built-in commands, and unreadable metadata.
    """

    commands: Mapping[str, ExternalCommand] = field(default_factory=dict)
    errors: Sequence[ExternalCommandError] = ()


def find_commands(builtin: Container[str]) -> ExternalCommands:
    """Return the commands that installed distributions register, without importing them.

    Args:
        builtin: Names of commands that cannot be replaced.
    """
    points, unreadable = read_entry_points(COMMANDS_GROUP)
    candidates = [Candidate(point.name, point.value, entry_point=point) for point in points]
    by_name: dict[str, list[Candidate]] = {}
    errors = [
        ExternalCommandError(
            "",
            error.problem,
            error.cure,
            distribution=error.distribution or "",
            version=error.version or "",
        )
        for error in unreadable
    ]
    for candidate in sorted(candidates, key=lambda candidate: (candidate.name, candidate.value)):
        if candidate.name in builtin:
            problem = "cannot be run: cocopot has a command of that name."
            errors.append(_error(candidate, problem, "Its author must rename the entry point"))
        else:
            by_name.setdefault(candidate.name, []).append(candidate)
    return ExternalCommands({name: ExternalCommand(name, same) for name, same in by_name.items()}, errors)


def _fail_to_import(candidate: Candidate, error: BaseException) -> NoReturn:
    problem = f"cannot be imported: {type(error).__name__}: {message_of(error).strip()}"
    cure = "Install a release that works with what is installed here"
    raise _error(candidate, problem, cure, locate_error(error)) from error


def _error(
    candidate: Candidate, problem: str, cure: str, place: SourceLocation | None = None
) -> ExternalCommandError:
    return ExternalCommandError(
        candidate.name,
        f"The command {candidate.name!r} of {_describe(candidate)} {problem}",
        f"{cure}, or uninstall {candidate.distribution}. Other commands are not affected.",
        distribution=candidate.distribution,
        version=candidate.version,
        entry_point=candidate.value,
        place=place,
    )


def _describe(candidate: Candidate) -> str:
    return f"{candidate.distribution} {candidate.version} ({candidate.value})"
