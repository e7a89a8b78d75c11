"""Migrations of PostgreSQL, where each is a transaction of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import db
from cocopot_sqlalchemy.migrations.locking import locked

from tests.services import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrations.conftest import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL."""
    with running_postgresql() as url:
        yield url.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture
def notes_project(project: Project, server: str) -> Project:
    """A project whose database is empty."""
    project.use_server(server, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return project


def test_a_failing_migration(notes_project: Project) -> None:
    """Those before it stay applied, and nothing of it is left."""
    project = notes_project
    project.write_table("", "n1", "note")
    project.write("", "n2", "op.execute('CREATE TABLE more ()'); op.execute('SELECT nothing')", follows="n1")
    app = project.app()
    assert "The migration 'n2' (the message of n2) of the application" in project.run(
        app, "upgrade", status=1
    )
    assert project.tables(app) == {"note"}
    assert project.run(app, "current") == "(application)  n1  the message of n1\n"


def test_an_index_that_is_created_concurrently(notes_project: Project) -> None:
    """A migration can leave its transaction, although another process waits for the lock."""
    project = notes_project
    project.write_table("", "n1", "note")
    index = "op.create_index('note_id', 'note', ['id'], postgresql_concurrently=True)"
    project.write("", "n2", f"with op.get_context().autocommit_block(): {index}", follows="n1")
    app = project.app()
    entered = threading.Event()

    def wait() -> None:
        with locked(db(app).engine):
            entered.set()

    with locked(db(app).engine) as connection:
        waiting = threading.Thread(target=wait)
        waiting.start()
        connection.exec_driver_sql("CREATE TABLE other (id integer)")
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("CREATE INDEX CONCURRENTLY other_id ON other (id)")
        assert not entered.is_set()
    waiting.join(20)
    assert entered.is_set()
    project.run(app, "upgrade")
    assert "note_id" in str(project.execute(app, "SELECT indexname FROM pg_indexes WHERE tablename = 'note'"))


def test_what_is_kept(notes_project: Project) -> None:
    """Enumerations, percent signs and colons are undone by the SQL of the database alone."""
    project = notes_project
    enum = "sa.Enum('a', 'b', name='tags_kind')"
    columns = f"sa.Column('kind', {enum}), sa.Column('100%', sa.ARRAY({enum})), sa.Column('text', sa.Text)"
    up = f"op.create_table('tags_tag', {columns})"
    down = f"op.drop_table('tags_tag'); {enum}.drop(op.get_bind())"
    project.write("tags", "t1", up, down)
    update = "op.execute(sa.text(r\"UPDATE tags_tag SET text = '100 % \\:done' WHERE text LIKE '%s'\"))"
    project.write("tags", "t2", "pass", update, follows="t1")
    project.run(project.app(project.plugin("tags")), "upgrade")
    app = project.app()
    project.execute(app, "INSERT INTO tags_tag VALUES ('a', '{a,b}', 'files')")
    project.run(app, "downgrade", "tags@-1")
    assert project.execute(app, 'SELECT kind, CAST("100%" AS TEXT[]), text FROM tags_tag') == [
        ("a", ["a", "b"], "100 % :done")
    ]
    project.run(app, "remove", "tags", "--archive", "--yes")
    archived = project.execute(app, "SELECT * FROM cocopot_archived_tags_tag")
    assert archived == [("a", ["a", "b"], "100 % :done")]
    assert project.tables(app) == {"cocopot_archived_tags_tag"}


def test_the_sql(notes_project: Project) -> None:
    """It is what upgrade would execute, its record included."""
    project = notes_project
    project.write_table("tags", "t1", "tags_tag")
    project.write_table("labels", "l1", "labels_label")
    app = project.app(project.plugin("tags"), project.plugin("labels", requires=("tags",)))
    sql = project.run(app, "upgrade", "--sql")
    with db(app).engine.connect() as connection:
        options = {"no_parameters": True}
        connection.exec_driver_sql(
            sql.replace("BEGIN;", "").replace("COMMIT;", ""), execution_options=options
        )
        connection.commit()
    assert project.run(app, "upgrade") == "Nothing is pending.\n"
    project.run(project.app(), "remove", "tags", "--cascade", "--yes")
    assert project.tables(app) == set()
