"""An application with plugins that have tables and migrations, each in a folder of a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import SQLAlchemy, db
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, create_engine, inspect, text

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REVISION = '''
"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {follows!r}
branch_labels = {label!r}
depends_on = {depends_on!r}


def upgrade():
    {up}


def downgrade():
    {down}
'''
#: What creates a table of one column, for `str.format`.
CREATE = 'op.create_table("{}", sa.Column("id", sa.Integer, primary_key=True))'
DROP = 'op.drop_table("{}")'


class Provider:
    """A plugin with tables and migrations.

    Args:
        name: Its name, which is the label of its branch, too.
        metadata: Its tables.
        folder: Its migrations.
        requires: The plugins that it requires.
    """

    def __init__(self, name: str, metadata: MetaData, folder: Path, requires: tuple[str, ...] = ()) -> None:
        self.plugin_name = name
        self.metadata = metadata
        self.folder = folder
        self.requires = requires

    @hookimpl
    def sqlalchemy_metadata(self) -> MetaData:
        """Return its tables."""
        return self.metadata

    @hookimpl
    def sqlalchemy_migrations(self) -> tuple[Path, str]:
        """Return its migrations."""
        return self.folder, re.sub(r"\W", "_", self.plugin_name)


class Project:
    """The applications of a test, which use one database.

    Args:
        folder: Where the database and the migrations are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps: list[Cocopot] = []
        self.url = f"sqlite:///{folder / 'app.sqlite'}"

    def use_server(self, url: str, *statements: str) -> None:
        """Use a database of a server, after some statements that empty it."""
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()
        self.url = url

    def plugin(self, name: str, *tables: str, requires: tuple[str, ...] = ()) -> Provider:
        """Return a plugin; each of its tables has an identifier, and refers to what follows a `>`."""
        metadata, folder = MetaData(), self.folder / name
        for table in tables:
            own, _, other = table.partition(">")
            columns: list[Column[int]] = [Column("other", ForeignKey(f"{other}.id"))] if other else []
            Table(own, metadata, Column("id", Integer, primary_key=True), *columns)
        folder.mkdir(exist_ok=True)
        return Provider(name, metadata, folder, requires)

    def write(
        self,
        owner: str,
        revision: str,
        up: str = "pass",
        down: str = "pass",
        *,
        follows: str | None = None,
        depends_on: str | None = None,
    ) -> None:
        """Write a migration of a plugin, or of the application."""
        folder = self.folder / (owner or "migrations/versions")
        folder.mkdir(parents=True, exist_ok=True)
        label = owner if owner and follows is None else None
        source = REVISION.format(
            message=f"the message of {revision}",
            revision=revision,
            follows=follows,
            label=label,
            depends_on=depends_on,
            up=up,
            down=down,
        )
        folder.joinpath(f"{revision}.py").write_text(source, encoding="utf-8")

    def write_table(self, owner: str, revision: str, table: str, **options: str) -> None:
        """Write a migration that creates a table."""
        self.write(owner, revision, CREATE.format(table), DROP.format(table), **options)

    def app(self, *plugins: object, **config: object) -> Cocopot:
        """Return an application with plugins."""
        app = Cocopot(
            "shop",
            autoload=False,
            plugins=[SQLAlchemy, *plugins],
            root_path=str(self.folder),
            static_folder=None,
        )
        app.config.update({"SQLALCHEMY_DATABASE_URI": self.url, **config})
        self.apps.append(app)
        return app

    def run(self, app: Cocopot, *arguments: str, status: int = 0) -> str:
        """Run `cocopot db`, and return what it prints."""
        result = app.test_cli_runner().invoke(args=["db", *arguments])
        assert (result.exit_code, result.exception if status == 0 else None) == (status, None), result.output
        return result.output

    def tables(self, app: Cocopot) -> set[str]:
        """Return the tables of the database, without those of the bookkeeping."""
        found = set(inspect(db(app).engine).get_table_names())
        return found - {"alembic_version", "cocopot_migrations"}

    def execute(self, app: Cocopot, sql: str) -> list[tuple[object, ...]]:
        """Execute a statement, and return its rows."""
        with db(app).engine.begin() as connection:
            result = connection.execute(text(sql))
            return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """The applications of a test."""
    found = Project(tmp_path)
    yield found
    for app in found.apps:
        db(app).close()


@pytest.fixture
def notes() -> MetaData:
    """The tables of an application."""
    metadata = MetaData()
    Table("note", metadata, Column("id", Integer, primary_key=True), Column("text", String(80)))
    return metadata
