"""Removing what a plugin has left in a database, also if its package is no longer installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import MetaData, inspect
from sqlalchemy.dialects import postgresql

from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.migrator import done_with, with_dependents
from cocopot_sqlalchemy.migrations.owners import prefix_of
from cocopot_sqlalchemy.migrations.steps import Options, Runner
from cocopot_sqlalchemy.migrations.store import recorded_tables
from cocopot_sqlalchemy.migrations.tables import ARCHIVED, owner_of_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alembic.script import Script
    from sqlalchemy import Connection

    from cocopot_sqlalchemy.migrations.migrator import Database, Done, Migrator

#: The longest name of a table that PostgreSQL takes, in bytes.
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed.

    Args:
        migrations: The migrations that were undone, in this order.
        tables: The tables that were dropped.
        archived: For each archived table, the name of the copy.
    """

    migrations: tuple[Done, ...]
    tables: tuple[str, ...]
    archived: Mapping[str, str]


def remove(
    migrator: Migrator, name: str, *, archive: bool = False, cascade: bool = False, dry_run: bool = False
) -> Removed:
    """Undo all migrations of a plugin, and drop or archive its tables.

    Args:
        migrator: The migrations.
        name: The name of the plugin.
        archive: Whether to copy the rows of its tables into tables that nothing refers to.
        cascade: Whether to remove plugins that depend on it, too.
        dry_run: Whether to return what would be removed, without removing it.

    Raises:
        MigrationError: The database has nothing of it, or others depend on it.
    """
    with migrator.open(is_locked=not dry_run, is_lenient=True) as database:
        applied = database.history.applied_of(name)
        if not applied:
            owners = sorted({str(owner) for owner in database.history.owner_of.values() if owner})
            raise MigrationError(
                f"The database has no migrations of a plugin {name!r}. Those that it has are of: "
                f"{', '.join(owners) or 'no plugin'}."
            )
        scripts = with_dependents(database, [script.revision for script in applied], cascade=cascade)
        names = {str(database.history.owner_of[script.revision]) for script in scripts}
        tables = _tables_of(migrator, database, names)
        copies = _names_of_copies(database.connection, tables) if archive else {}
        if not dry_run:
            _remove(migrator, database, scripts, tables, copies)
    return Removed(tuple(done_with(database, scripts)), tuple(tables), copies)


def _remove(
    migrator: Migrator,
    database: Database,
    scripts: Sequence[Script],
    tables: list[str],
    copies: Mapping[str, str],
) -> None:
    connection = database.connection
    for table, copy in copies.items():
        _copy(connection, table, copy)
    options = Options(migrator.options, migrator.store)
    Runner(connection, database.history, migrator.owners, database.records, options).downgrade(scripts)
    _drop(connection, tables)
    if connection.dialect.name != "sqlite":
        connection.commit()


def _copy(connection: Connection, table: str, copy: str) -> None:
    """Copy the rows of a table into a new one, without what other objects of the database depend on."""
    quote = connection.dialect.identifier_preparer.quote
    columns = []
    for column in inspect(connection).get_columns(table):
        name = quote(column["name"])
        columns.append(f"CAST({name} AS {text}) AS {name}" if (text := _as_text(column["type"])) else name)
    # Names are quoted; there are no values.
    statement = f"CREATE TABLE {quote(copy)} AS SELECT {', '.join(columns)} FROM {quote(table)}"  # noqa: S608
    connection.exec_driver_sql(statement)


def _as_text(kind: Any) -> str:
    """Return the type of a copy of a column whose type may be dropped, as enumerations of PostgreSQL are."""
    if isinstance(kind, (postgresql.ENUM, postgresql.DOMAIN)):
        return "TEXT"
    is_array = isinstance(kind, postgresql.ARRAY)
    return "TEXT[]" if is_array and isinstance(kind.item_type, postgresql.ENUM) else ""


def _drop(connection: Connection, tables: Iterable[str]) -> None:
    """Drop those tables that are left, because what undoes a migration could not be kept."""
    left = set(tables) & set(inspect(connection).get_table_names())
    if left:
        metadata = MetaData()
        metadata.reflect(connection, only=sorted(left), resolve_fks=False)
        metadata.drop_all(connection)


def tables_by_owner(migrator: Migrator, database: Database) -> dict[str, str]:
    """Return the owner of each table of a database, without those of the bookkeeping and archived ones."""
    prefixes = {owner.prefix: owner.name for owner in migrator.owners.values() if owner.prefix}
    recorded: dict[str, str] = {}
    for record in database.records.values():
        if record.owner:
            prefixes.setdefault(prefix_of(record.owner), record.owner)
        recorded |= dict.fromkeys(recorded_tables([record]), record.owner)
    tables = migrator.store.without_bookkeeping(inspect(database.connection).get_table_names())
    return {
        table: owner_of_table(table, recorded, prefixes) for table in tables if not table.startswith(ARCHIVED)
    }


def _tables_of(migrator: Migrator, database: Database, names: set[str]) -> list[str]:
    return [table for table, owner in tables_by_owner(migrator, database).items() if owner in names]


def _names_of_copies(connection: Connection, tables: Iterable[str]) -> dict[str, str]:
    used, found = set(inspect(connection).get_table_names()), {}
    for table in tables:
        number, name = 1, f"{ARCHIVED}{table}"[:_LONGEST]
        while name in used:
            number += 1
            suffix = f"_{number}"
            name = f"{ARCHIVED}{table}"[: _LONGEST - len(suffix)] + suffix
        used.add(name)
        found[table] = name
    return found


def forget(migrator: Migrator, *, plugin: str | None = None, revision: str | None = None) -> list[Done]:
    """Remove migrations from the history, without touching tables.

    Args:
        migrator: The migrations.
        plugin: Whose.
        revision: Or one revision, and those that depend on it.

    Raises:
        MigrationError: The database has none of them, or migrations of others depend on them.
    """
    with migrator.open(is_locked=True) as database:
        if revision is None:
            chosen = [script.revision for script in database.history.applied_of(plugin)]
        else:
            chosen = [found for found in database.history.applied if found == revision]
        if not chosen:
            raise MigrationError(f"The database has no migration of {plugin or revision!r}.")
        scripts = with_dependents(database, chosen, cascade=False)
        options = Options(migrator.options, migrator.store, is_only_recorded=True)
        runner = Runner(database.connection, database.history, migrator.owners, database.records, options)
        runner.downgrade(scripts)
        return done_with(database, scripts)
