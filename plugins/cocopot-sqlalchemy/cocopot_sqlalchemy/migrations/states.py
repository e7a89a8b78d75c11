"""How the database and the code compare, for each plugin and for the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import inspect

from cocopot_sqlalchemy.migrations.owners import APPLICATION, title_of
from cocopot_sqlalchemy.migrations.store import recorded_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot import Cocopot
    from cocopot_sqlalchemy.migrations.migrator import Database, Migrator
    from cocopot_sqlalchemy.migrations.store import Record

#: How an owner compares. `"new"`: nothing is applied. `"pending"`: a part is. `"current"`: all is. `"ahead"`:
#: the database has migrations that the code does not have. `"diverged"`: that, and others are pending.
#: `"orphaned"`: its plugin is not loaded. `"unknown"`: revisions of which nothing is known.
Kind = Literal["new", "pending", "current", "ahead", "diverged", "orphaned", "unknown"]


@dataclass(frozen=True, slots=True)
class State:
    """How the database and the code compare for one owner.

    Args:
        owner: The plugin; empty for the application, `None` for revisions of which nothing is known.
        kind: How they compare.
        distribution: Name of the distribution, or of the one that the migrations came from.
        version: Its version.
        label: The label of the branch.
        applied: The applied revisions, in order.
        pending: Those of the code that are not applied, in order.
        unknown: The applied revisions that the code does not have.
        missing_tables: The tables that its migrations have created, and that do not exist.
        required_by: The plugins with applied migrations that require it.
        versions: The table with the current revisions.
        reason: Why its migrations are orphaned, as a predicate.
    """

    owner: str | None
    kind: Kind
    distribution: str
    version: str
    label: str
    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    missing_tables: tuple[str, ...]
    required_by: tuple[str, ...]
    versions: str
    reason: str = ""

    @property
    def name(self) -> str:
        """The name of the owner in a table."""
        return "(unknown)" if self.owner is None else self.owner or "(application)"

    @property
    def title(self) -> str:
        """The owner in a sentence."""
        if self.owner is None:
            return "an unknown plugin"
        return title_of(self.owner, self.distribution, self.version)

    def left_over(self) -> str:
        """Return what is to be known about orphaned migrations, as sentences."""
        subject = self.title[0].upper() + self.title[1:]
        return (
            f"{subject} {self.reason}, and its tables are in the database: `cocopot db remove {self.owner}` "
            "drops or archives them."
        )

    def problem(self) -> str | None:
        """Return what is wrong, as a sentence; `None` for nothing."""
        if self.missing_tables:
            tables = ", ".join(map(repr, self.missing_tables))
            return f"Tables of {self.title} do not exist, although migrations have created them: {tables}."
        if self.kind in {"new", "pending"}:
            number = len(self.pending)
            migrations = "migration is" if number == 1 else "migrations are"
            return f"The database is behind the code: {number} {migrations} pending for {self.title}."
        if self.kind in {"ahead", "diverged"}:
            subject = self.title if self.owner == APPLICATION else f"the installed {self.title}"
            return f"The database is ahead of the code: {subject} does not have {_several(self.unknown)}."
        if self.kind == "unknown":
            return (
                f"The table {self.versions!r} has {', '.join(map(repr, self.applied))}: neither the "
                "application nor an installed plugin has such a revision."
            )
        return None

    def cure(self) -> str:
        """Return what to do about it."""
        if self.missing_tables:
            return f"Run `cocopot db forget {self.owner}` and `cocopot db upgrade` to create them anew."
        if self.kind in {"new", "pending"}:
            return "Run `cocopot db upgrade`."
        if self.kind == "unknown" or (self.owner == APPLICATION and self.applied == self.unknown):
            # Nothing of what is applied is in the code.
            return (
                "If another application uses this database, set SQLALCHEMY_MIGRATIONS_TABLE to a table of "
                f"this one's own: it is {self.versions!r}. Otherwise install what the revision belongs to, "
                f"or remove it from the history: `cocopot db forget --revision {self.applied[-1]}`."
            )
        return "Install the release that has it, or undo it with `cocopot db downgrade`."


def _several(revisions: tuple[str, ...]) -> str:
    names = ", ".join(map(repr, revisions))
    return f"its {'migration' if len(revisions) == 1 else 'migrations'} {names}"


def compare(migrator: Migrator, database: Database) -> list[State]:
    """Return the states of all owners: those of the code in the order of migrations, then the others."""
    history = database.history
    existing = set(inspect(database.connection).get_table_names())
    names: dict[str | None, None] = {
        name: None for name, owner in migrator.owners.items() if owner.folder is not None
    }
    names |= dict.fromkeys(history.owner_of[revision] for revision in history.applied)
    return [_state(migrator, database, name, existing) for name in names]


def _state(migrator: Migrator, database: Database, name: str | None, existing: set[str]) -> State:
    history = database.history
    applied = history.applied_of(name)
    code = [] if name is None else history.in_code(name)
    pending = [script.revision for script in code if script.revision not in history.applied]
    unknown = [script.revision for script in applied if history.is_kept(script)]
    records = [record for record in database.records.values() if record.owner == name]
    owner = None if name is None else migrator.owners.get(name)
    if owner is not None and (owner.folder is not None or owner.name == APPLICATION):
        source = (owner.distribution, owner.version, owner.label)
    else:
        source = (
            (records[-1].distribution, records[-1].version, records[-1].label) if records else ("", "", "")
        )
    return State(
        name,
        _kind(
            name, is_loaded=bool(owner), applied=bool(applied), pending=bool(pending), unknown=bool(unknown)
        ),
        *source,
        tuple(script.revision for script in applied),
        tuple(pending),
        tuple(unknown),
        tuple(_missing(records, existing)),
        tuple(sorted({r.owner for r in database.records.values() if name and name in r.requires})),
        migrator.store.versions,
        "" if name is None or owner is not None else _reason(migrator.app, name),
    )


def _reason(app: Cocopot, name: str) -> str:
    """Return why a plugin with applied migrations is not among the owners."""
    if app.plugins.has_plugin(name):
        return "has no migrations any more"
    disabled = app.plugins.disabled.get(name)
    return "is not loaded" if disabled is None else f"is disabled by {disabled}"


def _kind(name: str | None, *, is_loaded: bool, applied: bool, pending: bool, unknown: bool) -> Kind:
    if name is None:
        return "unknown"
    if not is_loaded:
        return "orphaned"
    if unknown:
        return "diverged" if pending else "ahead"
    if not pending:
        return "current"
    return "pending" if applied else "new"


def _missing(records: list[Record], existing: set[str]) -> Iterator[str]:
    """Yield the tables that migrations have created, and that are gone without a migration.

    A later migration may have dropped or renamed a table, so the tables are looked for only where nothing of
    them is left: a rename leaves another one.
    """
    tables = recorded_tables(records)
    if tables and not existing.intersection(tables):
        yield from tables
