"""`cocopot db`: the commands that show the migrations, and compare them with the database."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from cocopot import current_app
from cocopot.cli import with_appcontext
from cocopot_sqlalchemy.command_texts import friendly, printable
from cocopot_sqlalchemy.migrations.autogenerate import differences
from cocopot_sqlalchemy.migrations.history import down_revisions_of
from cocopot_sqlalchemy.migrations.migrator import Migrator
from cocopot_sqlalchemy.migrations.states import compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.script import Script

    from cocopot_sqlalchemy.migrations.history import History
    from cocopot_sqlalchemy.migrations.states import State


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_appcontext
def status(*, as_json: bool) -> None:
    """Show for each plugin what is applied, pending, or left of one that is not installed."""
    with friendly():
        migrator = Migrator(current_app)
        with migrator.open() as database:
            states = compare(migrator, database)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(state) for state in states], indent=2))
        return
    for line in _status_lines(states):
        click.echo(line)


@click.command("current")
@with_appcontext
def current() -> None:
    """Show the current migrations of the database."""
    with friendly():
        migrator = Migrator(current_app)
        with migrator.open() as database:
            history = database.history
            last = [
                script for script in history.applied.values() if script.revision in _last_applied(history)
            ]
    _print_rows([_row(history, script) for script in last])


@click.command("heads")
@with_appcontext
def heads() -> None:
    """Show the last migrations of the code."""
    with friendly():
        migrator = Migrator(current_app)
        history = migrator.read_code()
    own = [history.get_revision(head) for name in migrator.owners for head in history.heads_in_code(name)]
    _print_rows([_row(history, script) for script in own])


@click.command("history")
@click.option("--plugin", metavar="NAME", help="Only those of a plugin.")
@with_appcontext
def history(*, plugin: str | None) -> None:
    """Show all migrations in the order in which they are applied, those of the database first."""
    with friendly():
        migrator = Migrator(current_app)
        with migrator.open() as database:
            rows = list(_history_rows(migrator, database.history, plugin))
    _print_rows(rows)


@click.command("check")
@with_appcontext
def check() -> None:
    """Exit with status 1 if migrations are pending, or models and database differ."""
    with friendly():
        migrator = Migrator(current_app)
        with migrator.open() as database:
            problems = [(s.problem(), s.cure()) for s in compare(migrator, database)]
            found = [f"{problem} {cure}" for problem, cure in problems if problem is not None]
            if not found:
                found = [f"The models differ: {each}." for each in differences(migrator, database)]
    for line in found:
        click.echo(line)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("The database is current, and the models are as in the database.")


def _last_applied(history: History) -> set[str]:
    """Return the last applied revision of each branch, those that others depend on included."""
    followed = {down for script in history.applied.values() for down in down_revisions_of(script)}
    return set(history.applied) - followed


def _history_rows(migrator: Migrator, history: History, plugin: str | None) -> Iterator[list[str]]:
    pending = [s for name in migrator.owners for s in history.up_to(history.heads_in_code(name))]
    scripts = {script.revision: script for script in [*history.applied.values(), *pending]}
    for script in scripts.values():
        if plugin is None or history.owner_of[script.revision] == plugin:
            state = "applied" if script.revision in history.applied else "pending"
            if state == "applied" and history.is_kept(script):
                state = "applied, without file"
            yield [state, *_row(history, script)]


def _row(history: History, script: Script) -> list[str]:
    owner = history.owner_of[script.revision]
    name = "(unknown)" if owner is None else owner or "(application)"
    down = ", ".join(history.needed_by(script))
    return [name, f"{down} -> {script.revision}" if down else script.revision, script.doc]


def _print_rows(rows: Sequence[Sequence[str]]) -> None:
    for line in _aligned(rows):
        click.echo(line)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines, with columns of equal widths."""
    rows = [[*map(printable, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


_HEADINGS = ("plugin", "distribution", "state", "applied", "pending", "last applied")


def _cells(state: State) -> Sequence[str]:
    source = f"{state.distribution} {state.version}".strip() or "-"
    last = state.applied[-1] if state.applied else "-"
    return state.name, source, state.kind, str(len(state.applied)), str(len(state.pending)), last


def _status_lines(states: Sequence[State]) -> Iterator[str]:
    yield from _aligned([_HEADINGS, *map(_cells, states)])
    for state in states:
        if state.kind == "orphaned":
            yield state.left_over()
        elif state.kind == "unknown":
            names = ", ".join(state.applied)
            yield f"Of the revisions {names} nothing is known: install what they belong to."
        elif (problem := state.problem()) is not None:
            yield f"{problem} {state.cure()}"
