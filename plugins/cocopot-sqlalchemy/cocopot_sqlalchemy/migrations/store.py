"""The tables of the bookkeeping: the current revisions, and a record of each applied migration.

A record has the SQL that undoes the migration.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, inspect, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Delete, Insert

#: The table with the current revisions, as Alembic writes it, unless the configuration has another one.
VERSIONS: Final = "alembic_version"
#: The table with the records, by its default name.
STORE: Final = Table(
    "cocopot_migrations",
    MetaData(),
    Column("revision", String(255), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("owner", String(255), nullable=False),
    Column("label", String(255), nullable=False),
    Column("distribution", String(255), nullable=False),
    Column("version", String(255), nullable=False),
    Column("message", Text, nullable=False),
    Column("down_revisions", Text, nullable=False),
    Column("depends_on", Text, nullable=False),
    Column("requires", Text, nullable=False),
    Column("tables", Text, nullable=False),
    Column("downgrade", Text),
    Column("not_kept", Text, nullable=False),
    Column("applied_at", DateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Record:
    """An applied migration.

    Args:
        revision: Its revision.
        position: A number that grows with each migration that is applied.
        owner: The plugin that it belongs to; empty for the application.
        label: The label of its branch.
        distribution: Name of the distribution that it came from.
        version: Version of that distribution.
        message: What it does.
        down_revisions: The revisions that it follows.
        depends_on: The revisions that it depends on.
        requires: The plugins that its plugin requires.
        tables: The tables that it has created.
        downgrade: The SQL statements that undo it; `None` if they could not be rendered.
        not_kept: Why they could not be rendered.
        applied_at: When it was applied, in UTC.
    """

    revision: str
    position: int
    owner: str
    label: str = ""
    distribution: str = ""
    version: str = ""
    message: str = ""
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    downgrade: tuple[str, ...] | None = None
    not_kept: str = ""
    applied_at: datetime | None = None


class Store:
    """The two tables of the bookkeeping of one application.

    Args:
        versions: The name of the table with the current revisions; that of the records contains it, unless it
            is the default.
    """

    def __init__(self, versions: str = VERSIONS) -> None:
        self.versions = versions
        #: The table with the records.
        self.table = STORE
        if versions != VERSIONS:
            self.table = STORE.to_metadata(MetaData(), name=f"{STORE.name}_{versions}")

    def insert(self, record: Record) -> Insert:
        """Return the statement that records a migration."""
        return self.table.insert().values(
            revision=record.revision,
            position=record.position,
            owner=record.owner,
            label=record.label,
            distribution=record.distribution,
            version=record.version,
            message=record.message,
            down_revisions=json.dumps(record.down_revisions),
            depends_on=json.dumps(record.depends_on),
            requires=json.dumps(record.requires),
            tables=json.dumps(record.tables),
            downgrade=None if record.downgrade is None else json.dumps(record.downgrade),
            not_kept=record.not_kept,
            applied_at=record.applied_at or datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        )

    def forget(self, revision: str) -> Delete:
        """Return the statement that removes the record of a migration."""
        return self.table.delete().where(self.table.c.revision == revision)

    def exists(self, connection: Connection) -> bool:
        """Return whether the table with the records exists."""
        return inspect(connection).has_table(self.table.name)

    def read(self, connection: Connection) -> dict[str, Record]:
        """Return the applied migrations by revision, in the order in which they were applied."""
        if not self.exists(connection):
            return {}
        rows = connection.execute(select(self.table).order_by(self.table.c.position)).mappings()
        return {
            row["revision"]: Record(
                **{
                    **row,
                    **{
                        name: tuple(json.loads(row[name]))
                        for name in ("down_revisions", "depends_on", "requires", "tables")
                    },
                    "downgrade": None if row["downgrade"] is None else tuple(json.loads(row["downgrade"])),
                }
            )
            for row in rows
        }

    def without_bookkeeping(self, tables: Iterable[str]) -> list[str]:
        """Return tables without those of the bookkeeping, of this application and of others."""
        names = list(tables)
        own = {VERSIONS, self.versions}
        own |= {name.removeprefix(f"{STORE.name}_") for name in names if name.startswith(STORE.name)}
        return [name for name in names if name not in own and not name.startswith(STORE.name)]


def recorded_tables(records: Sequence[Record]) -> list[str]:
    """Return the tables that migrations have created, each once, in this order."""
    return list(dict.fromkeys(table for record in records for table in record.tables))
