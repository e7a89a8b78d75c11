"""The table in which applied migrations are recorded, with the SQL that undoes each of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, inspect, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Delete, Insert

#: The table with the current revisions, as Alembic writes it.
VERSIONS: Final = "alembic_version"
#: The table of this module.
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
#: The tables of the bookkeeping, which belong to no one.
OWN_TABLES: Final = frozenset({VERSIONS, STORE.name})


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

    def insert(self) -> Insert:
        """Return the statement that records it."""
        return STORE.insert().values(
            revision=self.revision,
            position=self.position,
            owner=self.owner,
            label=self.label,
            distribution=self.distribution,
            version=self.version,
            message=self.message,
            down_revisions=json.dumps(self.down_revisions),
            depends_on=json.dumps(self.depends_on),
            requires=json.dumps(self.requires),
            tables=json.dumps(self.tables),
            downgrade=None if self.downgrade is None else json.dumps(self.downgrade),
            not_kept=self.not_kept,
            applied_at=self.applied_at or datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        )


def forget(revision: str) -> Delete:
    """Return the statement that removes the record of a migration."""
    return STORE.delete().where(STORE.c.revision == revision)


def read_records(connection: Connection) -> dict[str, Record]:
    """Return the applied migrations by revision, in the order in which they were applied."""
    if not inspect(connection).has_table(STORE.name):
        return {}
    rows = connection.execute(select(STORE).order_by(STORE.c.position)).mappings()
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


def recorded_tables(records: Sequence[Record]) -> list[str]:
    """Return the tables that migrations have created, each once, in this order."""
    return list(dict.fromkeys(table for record in records for table in record.tables))
