"""The migrations of an application and of its plugins: applying, undoing and removing them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from alembic.script.revision import RevisionError
from alembic.util import CommandError

from cocopot_sqlalchemy.database import db
from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.history import History
from cocopot_sqlalchemy.migrations.locking import locked
from cocopot_sqlalchemy.migrations.owners import APPLICATION, Owner, collect_owners, title_of
from cocopot_sqlalchemy.migrations.steps import Options, Runner, current_heads
from cocopot_sqlalchemy.migrations.store import Store
from cocopot_sqlalchemy.migrations.tables import Models, in_order

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from typing import TextIO

    from alembic.script import Script
    from sqlalchemy import Connection

    from cocopot import Cocopot
    from cocopot_sqlalchemy.migrations.store import Record


class Done(NamedTuple):
    """A migration that was applied or undone.

    Args:
        owner: The plugin; empty for the application.
        revision: The revision.
        message: What it does.
    """

    owner: str
    revision: str
    message: str


@dataclass(slots=True)
class Database:
    """What a database has, and what the code has.

    Args:
        connection: The connection.
        records: The applied migrations.
        history: All revisions.
    """

    connection: Connection
    records: dict[str, Record]
    history: History


class Migrator:
    """The migrations of an application and of its plugins.

    Args:
        app: The application.

    Raises:
        PluginError: What a plugin returned cannot be used; the message names it.
    """

    def __init__(self, app: Cocopot) -> None:
        self.app = app
        owners = collect_owners(app)
        self.models = Models(app, owners)
        #: The owners by name, in the order in which their migrations are applied.
        self.owners: dict[str, Owner] = {owner.name: owner for owner in in_order(owners, self.models)}
        #: The tables of the bookkeeping.
        self.store = Store(app.config["SQLALCHEMY_MIGRATIONS_TABLE"])

    @cached_property
    def options(self) -> dict[str, Any]:
        """Arguments of Alembic's `configure`."""
        return {
            "target_metadata": self.models.metadata,
            **self.app.config["SQLALCHEMY_MIGRATIONS_OPTIONS"],
            "version_table": self.store.versions,
        }

    def read_code(self) -> History:
        """Return the revisions of the code, without a database."""
        return History(list(self.owners.values()), {}, ())

    @contextmanager
    def open(self, *, is_locked: bool = False, is_lenient: bool = False) -> Iterator[Database]:
        """Return the state of the database.

        Args:
            is_locked: Whether it will be changed: others wait until the block ends.
            is_lenient: Whether to skip what could not be kept, when it is undone.
        """
        engine = db(self.app).engine
        with locked(engine) if is_locked else engine.connect() as connection:
            records = self.store.read(connection)
            heads = current_heads(connection, self.store.versions)
            history = History(list(self.owners.values()), records, heads, is_lenient=is_lenient)
            yield Database(connection, records, history)

    def owner(self, name: str) -> Owner:
        """Return an owner by the name of the plugin.

        Raises:
            MigrationError: It has no tables and no migrations.
        """
        found = self.owners.get(name)
        if found is None:
            names = ", ".join(filter(None, self.owners)) or "none"
            raise MigrationError(
                f"Plugin {name!r} has no tables and no migrations; those that do are: {names}."
            )
        return found

    # -- applying ------------------------------------------------------

    def upgrade(
        self,
        target: str | None = None,
        *,
        plugin: str | None = None,
        sql: TextIO | None = None,
        is_only_recorded: bool = False,
    ) -> list[Done]:
        """Apply the migrations that are pending, or those up to a revision.

        Args:
            target: A revision, as Alembic writes it: `LABEL@head`, `+1`, or its first characters.
            plugin: Whose migrations are applied, after those of what it requires; by default all.
            sql: Where to write the SQL, instead of executing it.
            is_only_recorded: Whether to record that they are applied, without executing them.

        Returns:
            What was applied, in this order.

        Raises:
            MigrationError: The database has migrations of an owner that its code does not have, so that
                others of it cannot be applied; those of the other owners have been applied.
        """
        options = Options(self.options, self.store, sql, is_only_recorded)
        done: list[Done] = []
        diverged: list[str] = []
        with self.open(is_locked=sql is None) as database, _readable():
            runner = Runner(database.connection, database.history, self.owners, database.records, options)
            for scripts in self._pending(database.history, target, plugin):
                if found := self._diverged(database.history, scripts):
                    diverged += found
                    continue
                runner.upgrade(scripts)
                done += done_with(database, scripts)
        if diverged:
            raise MigrationError("\n".join(dict.fromkeys(diverged)))
        return done

    def _pending(self, history: History, target: str | None, plugin: str | None) -> Iterator[list[Script]]:
        """Yield the migrations to apply, owner by owner."""
        is_whole = target in (None, "head", "heads")
        for name in self._needed(plugin, is_whole=is_whole):
            needed = history.up_to(history.heads_in_code(name))
            yield [script for script in needed if script.revision not in history.applied]
        if not is_whole:
            name = self._with_label(str(target), plugin)
            revisions = list(history.iterate_revisions(name, history.current or "base", implicit_base=True))
            yield [script for script in reversed(revisions) if script.revision not in history.applied]

    def _needed(self, plugin: str | None, *, is_whole: bool) -> list[str]:
        """Return the owners of which all migrations are applied, in this order.

        Args:
            plugin: The plugin whose migrations are applied; `None` for all.
            is_whole: Whether all of its migrations are; otherwise only what it requires is returned.
        """
        if plugin is None:
            return list(self.owners) if is_whole else []
        referred = self.models.referred()
        found, new = {self.owner(plugin).name}, [plugin]
        while new:
            name = new.pop()
            needed = {*self.owners[name].requires, *referred.get(name, ())} & self.owners.keys()
            new += needed - found
            found |= needed
        return [name for name in self.owners if name in found and (is_whole or name != plugin)]

    def _with_label(self, target: str, plugin: str | None) -> str:
        if plugin is None or "@" in target or not self.owner(plugin).label:
            return target
        return f"{self.owner(plugin).label}@{target}"

    def _diverged(self, history: History, scripts: Sequence[Script]) -> list[str]:
        """Return why migrations cannot be applied: others of their owner are, which the code lacks."""
        found = []
        for name in dict.fromkeys(history.owner_of[script.revision] or APPLICATION for script in scripts):
            unknown = [script.revision for script in history.applied_of(name) if history.is_kept(script)]
            if unknown:
                found.append(
                    f"The migrations of {self.owners[name].title} are not applied: the database has "
                    f"{unknown[-1]!r} of it, which the installed code does not have. Install the release "
                    f"that has it, or undo it first: {_undo(self.owners[name], unknown)}."
                )
            elif not history.applied_of(name) and (lost := history.applied_of(None)):
                found.append(
                    f"The migrations of {title_of(name)} are not applied: the database has the "
                    f"revision {lost[-1].revision!r}, of which nothing is known, and it may be one of them. "
                    "Install what it belongs to; or, if it is not needed, remove it from the history with "
                    f"`cocopot db forget --revision {lost[-1].revision}`."
                )
        return found

    # -- undoing -------------------------------------------------------

    def downgrade(
        self,
        target: str,
        *,
        plugin: str | None = None,
        sql: TextIO | None = None,
        cascade: bool = False,
    ) -> list[Done]:
        """Undo migrations.

        Args:
            target: The revision that remains; `base` for none, and `-N` for the last N.
            plugin: Whose migrations are undone; by default the application's, and with `base` all.
            sql: Where to write the SQL, instead of executing it.
            cascade: Whether to undo those of others, too, that depend on them.

        Returns:
            What was undone, in this order.

        Raises:
            MigrationError: Others depend on them, or there are none.
        """
        with self.open(is_locked=sql is None) as database, _readable():
            scripts = self.selected(database, target, plugin, cascade=cascade)
            runner = Runner(
                database.connection,
                database.history,
                self.owners,
                database.records,
                Options(self.options, self.store, sql),
            )
            runner.downgrade(scripts)
            return done_with(database, scripts)

    def selected(
        self, database: Database, target: str, plugin: str | None, *, cascade: bool = False
    ) -> list[Script]:
        """Return the migrations that are undone to reach a target, in this order.

        Raises:
            MigrationError: Migrations of others depend on them, or there are none.
        """
        history = database.history
        label, _, rest = target.rpartition("@")
        if label:
            plugin = next(
                (owner.name for owner in self.owners.values() if owner.label == label), plugin or label
            )
        name = APPLICATION if plugin is None else plugin
        own = history.applied_of(name)
        if rest == "base":
            chosen = list(history.applied.values()) if plugin is None else own
        elif rest.startswith("-") and rest[1:].isdecimal():
            chosen = own[-int(rest[1:]) :]
        else:
            kept = history.get_revision(rest)
            chosen = [s for s in _dependents(history, [kept.revision]) if s.revision != kept.revision]
        if not chosen:
            raise MigrationError(
                f"Nothing of {title_of(name)} can be undone to {target!r}: `cocopot db status`."
            )
        return with_dependents(database, [script.revision for script in chosen], cascade=cascade)


def done_with(database: Database, scripts: Sequence[Script]) -> list[Done]:
    """Return what was done with migrations, for a report."""
    owners = database.history.owner_of
    return [Done(owners[script.revision] or "", script.revision, script.doc) for script in scripts]


def with_dependents(database: Database, revisions: Sequence[str], *, cascade: bool) -> list[Script]:
    """Return applied migrations and those that depend on them, in the order in which they are undone.

    Args:
        database: The database.
        revisions: The migrations.
        cascade: Whether migrations of other owners may be among them.

    Raises:
        MigrationError: They are, and may not.
    """
    history = database.history
    found: dict[str, Script] = {}
    new = list(revisions)
    while new:
        found |= {script.revision: script for script in _dependents(history, new)}
        new = [revision for revision in _of_requiring(database, found) if revision not in found]
    own = {history.owner_of[revision] for revision in revisions}
    others = {history.owner_of[revision] for revision in found} - own
    if others and not cascade:
        titles = ", ".join(sorted(title_of(name or "") for name in others))
        raise MigrationError(
            f"The migrations of {titles} depend on these. Undo or remove them first, or all together with "
            "--cascade."
        )
    return [script for script in reversed(history.applied.values()) if script.revision in found]


def _dependents(history: History, revisions: Sequence[str]) -> list[Script]:
    """Return applied migrations, and those that follow them or depend on them, directly or not."""
    reached: dict[str, Script] = {}
    for script in history.applied.values():
        if script.revision in revisions or not reached.keys().isdisjoint(history.needed_by(script)):
            reached[script.revision] = script
    if not reached and (missing := [revision for revision in revisions if revision not in history.applied]):
        raise MigrationError(f"The migration {missing[0]!r} is not applied.")
    return list(reached.values())


def _of_requiring(database: Database, undone: Container[str]) -> list[str]:
    """Return the applied migrations of plugins which require one of which all migrations are undone."""
    history = database.history
    names = {name for name in history.owner_of.values() if name}
    removed = {name for name in names if all(s.revision in undone for s in history.applied_of(name))}
    return [record.revision for record in database.records.values() if removed.intersection(record.requires)]


def _undo(owner: Owner, unknown: Sequence[str]) -> str:
    if owner.name == APPLICATION:
        return f"cocopot db downgrade -- -{len(unknown)}"
    return f"cocopot db downgrade --plugin {owner.name} -- -{len(unknown)}"


@contextmanager
def _readable() -> Iterator[None]:
    """Turn the errors of Alembic into those of this module."""
    try:
        yield
    except (CommandError, RevisionError) as error:
        raise MigrationError(str(error)) from error
