"""Applying and undoing migrations of the application and of several plugins."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import db
from cocopot_sqlalchemy.migrations import MigrationError, upgrade

if TYPE_CHECKING:
    from migrations.conftest import Project
    from sqlalchemy import MetaData

    from cocopot import Cocopot


def applied(output: str) -> list[str]:
    """Return the revisions in what a command prints."""
    return [line.split()[2] for line in output.splitlines()]


def notes_with_tags(project: Project) -> Cocopot:
    """Return an application with a table, and two plugins, one of which requires the other."""
    project.write_table("", "n1", "note")
    project.write_table("tags", "t1", "tags_tag")
    project.write_table("labels", "l1", "labels_label")
    tags = project.plugin("tags", "tags_tag")
    return project.app(tags, project.plugin("labels", "labels_label", requires=("tags",)))


def test_the_order_follows_requires(project: Project) -> None:
    """A plugin comes after those that it requires, whatever their names; the application is last."""
    app = notes_with_tags(project)
    assert applied(project.run(app, "upgrade")) == ["t1", "l1", "n1"]
    assert project.tables(app) == {"note", "tags_tag", "labels_label"}
    assert project.run(app, "upgrade") == "Nothing is pending.\n"
    assert applied(project.run(app, "downgrade", "base")) == ["n1", "l1", "t1"]
    assert project.tables(app) == set()


def test_upgrading_from_code(project: Project) -> None:
    """`upgrade` applies what is pending of all, or of one plugin, before the application is started."""
    app = notes_with_tags(project)
    assert upgrade(app, plugin="tags") == [("tags", "t1", "the message of t1")]
    assert [(done.owner, done.revision) for done in upgrade(app)] == [("labels", "l1"), ("", "n1")]
    assert upgrade(app) == []
    with pytest.raises(MigrationError, match="Plugin 'birds' has no tables and no migrations"):
        upgrade(app, plugin="birds")


def test_the_order_follows_foreign_keys(project: Project, notes: MetaData) -> None:
    """A plugin whose table refers to one of the application comes after the application."""
    project.write_table("", "n1", "note")
    project.write_table("tags", "t1", "tags_tag")
    app = project.app(project.plugin("tags", "tags_tag>note"), SQLALCHEMY_METADATA=notes)
    assert applied(project.run(app, "upgrade")) == ["n1", "t1"]


def test_a_cycle_of_owners_is_in_load_order(project: Project) -> None:
    """Two plugins whose tables refer to each other are applied as they are loaded."""
    project.write_table("a", "a1", "a_a")
    project.write_table("b", "b1", "b_b")
    app = project.app(project.plugin("a", "a_a>b_b"), project.plugin("b", "b_b>a_a"))
    assert applied(project.run(app, "upgrade")) == ["b1", "a1"]


def test_a_dependency_that_a_file_declares(project: Project) -> None:
    """It is applied first, also if only the migrations of one plugin are applied."""
    project.write_table("tags", "t1", "tags_tag")
    project.write_table("labels", "l1", "labels_label", depends_on="t1")
    app = project.app(project.plugin("tags"), project.plugin("labels"))
    assert applied(project.run(app, "upgrade", "--plugin", "labels")) == ["t1", "l1"]
    assert project.run(app, "downgrade", "base", "--plugin", "tags", status=1).startswith(
        "Error: The migrations of plugin 'labels' depend on these."
    )
    assert applied(project.run(app, "downgrade", "base", "--plugin", "tags", "--cascade")) == ["l1", "t1"]


def test_what_a_plugin_requires_is_applied_first(project: Project, notes: MetaData) -> None:
    """That of the plugins that it requires, and of the owners of tables that it refers to; nothing else."""
    for name in ("a", "b", "c", "d"):
        project.write_table(name, f"{name}1", f"{name}_{name}")
    project.write_table("", "n1", "note")
    plugins = [
        project.plugin("a", "a_a", requires=("b",)),
        project.plugin("b", "b_b", requires=("c",)),
        project.plugin("c", "c_c>note"),
        project.plugin("d", "d_d"),
    ]
    app = project.app(*plugins, SQLALCHEMY_METADATA=notes)
    assert applied(project.run(app, "upgrade", "--plugin", "a")) == ["n1", "c1", "b1", "a1"]
    assert applied(project.run(app, "upgrade")) == ["d1"]
    project.run(app, "downgrade", "base")
    assert applied(project.run(app, "upgrade", "+1", "--plugin", "b")) == ["n1", "c1", "b1"]


def test_a_plugin_that_requires_another_one_protects_it(project: Project) -> None:
    """It is not undone to nothing while migrations of those that require it are applied."""
    app = notes_with_tags(project)
    project.run(app, "upgrade")
    assert "plugin 'labels' depend" in project.run(app, "downgrade", "tags@base", status=1)
    assert applied(project.run(app, "downgrade", "tags@base", "--cascade")) == ["l1", "t1"]
    assert project.tables(app) == {"note"}


def test_steps(project: Project) -> None:
    """A number, a revision and a label name how far to go."""
    for number in (1, 2, 3):
        project.write("tags", f"t{number}", follows=f"t{number - 1}" if number > 1 else None)
        project.write("", f"n{number}", follows=f"n{number - 1}" if number > 1 else None)
    app = project.app(project.plugin("tags"))
    assert applied(project.run(app, "upgrade", "t2")) == ["t1", "t2"]
    assert applied(project.run(app, "upgrade", "+1", "--plugin", "tags")) == ["t3"]
    assert applied(project.run(app, "upgrade", "n2")) == ["n1", "n2"]
    assert applied(project.run(app, "upgrade", "head")) == ["n3"]
    assert applied(project.run(app, "downgrade")) == ["n3"]
    assert applied(project.run(app, "downgrade", "-2")) == ["n2", "n1"]
    assert applied(project.run(app, "downgrade", "t2")) == ["t3"]
    assert applied(project.run(app, "downgrade", "tags@-1")) == ["t2"]
    assert applied(project.run(app, "downgrade", "base")) == ["t1"]


def test_targets_that_do_not_exist(project: Project) -> None:
    """They are errors without a traceback."""
    app = notes_with_tags(project)
    assert "No such revision or branch 'x9'" in project.run(app, "upgrade", "x9", status=1)
    assert "No such revision or branch 'x9'" in project.run(
        app, "upgrade", "x9", "--plugin", "tags", status=1
    )
    assert "Can't locate revision identified by 'x9'" in project.run(app, "downgrade", "x9", status=1)
    assert "'t1' is not applied" in project.run(app, "downgrade", "t1", status=1)
    assert "Nothing of the application can be undone to '-1'" in project.run(app, "downgrade", status=1)
    assert "those that do are: tags, labels" in project.run(app, "upgrade", "--plugin", "x", status=1)


def test_a_failing_migration(project: Project) -> None:
    """The error names it, its plugin and its file; with SQLite nothing is changed."""
    project.write_table("tags", "t1", "tags_tag")
    project.write("tags", "t2", "op.execute('INSERT INTO nowhere VALUES (1)')", follows="t1")
    app = project.app(project.plugin("tags", "tags_tag"))
    output = project.run(app, "upgrade", status=1)
    assert (
        f"The migration 't2' (the message of t2) of plugin 'tags' ({project.folder}/tags/t2.py) failed"
        in output
    )
    assert "no such table: nowhere" in output
    assert project.tables(app) == set()


def test_foreign_keys_of_sqlite(project: Project) -> None:
    """A table that is created anew keeps the rows that refer to it, which would be deleted with it."""
    project.write("", "n1", "op.execute('CREATE TABLE note (id INTEGER PRIMARY KEY)')")
    child = "CREATE TABLE child (id INTEGER PRIMARY KEY, note REFERENCES note (id) ON DELETE CASCADE)"
    project.write("", "n2", f"op.execute({child!r})", follows="n1")
    app = project.app()
    project.run(app, "upgrade")
    project.execute(app, "INSERT INTO note VALUES (1)")
    project.execute(app, "INSERT INTO child VALUES (1, 1)")
    column = "sa.Column('text', sa.String(80))"
    batch = f"with op.batch_alter_table('note', recreate='always') as batch: batch.add_column({column})"
    project.write("", "n3", batch, follows="n2")
    project.run(app, "upgrade")
    assert project.execute(app, "SELECT * FROM child") == [(1, 1)]
    assert project.execute(app, "PRAGMA foreign_keys") == [(1,)]


def test_rows_that_lose_what_they_refer_to(project: Project) -> None:
    """A migration that leaves such rows fails, and nothing is changed."""
    child = "CREATE TABLE child (note REFERENCES note (id))"
    project.write(
        "", "n1", f"op.execute('CREATE TABLE note (id INTEGER PRIMARY KEY)'); op.execute({child!r})"
    )
    app = project.app()
    project.run(app, "upgrade")
    project.execute(app, "INSERT INTO note VALUES (1)")
    project.execute(app, "INSERT INTO child VALUES (1)")
    project.write("", "n2", "op.execute('DELETE FROM note')", follows="n1")
    assert "in 'child' (to 'note'). Nothing was changed" in project.run(app, "upgrade", status=1)
    assert project.execute(app, "SELECT * FROM note") == [(1,)]


def test_an_upgrade_waits(project: Project) -> None:
    """One waits while another connection changes the database, and begins with what that has left."""
    app = notes_with_tags(project)
    file = project.folder / "app.sqlite"
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with ThreadPoolExecutor(1) as threads:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE other (id INTEGER)")
        waiting = threads.submit(project.run, app, "upgrade")
        connection.execute("COMMIT")
        connection.close()
        assert applied(waiting.result()) == ["t1", "l1", "n1"]


def test_the_sql(project: Project) -> None:
    """It is what upgrade would execute: run by hand, it leaves the same database."""
    app = notes_with_tags(project)
    sql = project.run(app, "upgrade", "--sql")
    assert project.tables(app) == set()
    with closing(sqlite3.connect(project.folder / "app.sqlite")) as connection, connection:
        connection.executescript(sql)
    assert project.run(app, "upgrade") == "Nothing is pending.\n"
    assert project.tables(app) == {"note", "tags_tag", "labels_label"}
    assert "DROP TABLE labels_label" in project.run(app, "downgrade", "labels@base", "--sql")
    assert "Undone labels l1" in project.run(project.app(), "remove", "labels", "--yes")


def test_migrations_that_are_only_recorded(project: Project) -> None:
    """A database whose tables exist gets their history, and the next migrations."""
    app = notes_with_tags(project)
    project.execute(app, "CREATE TABLE note (id INTEGER PRIMARY KEY)")
    assert applied(project.run(app, "stamp", "n1")) == ["n1"]
    assert applied(project.run(app, "upgrade")) == ["t1", "l1"]


def test_a_database_that_alembic_has_migrated(project: Project) -> None:
    """The revision that Alembic, or Flask-Migrate, has written is taken for what it is."""
    project.write("", "n1", "raise AssertionError")
    project.write_table("", "n2", "note", follows="n1")
    app = project.app()
    project.execute(app, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    project.execute(app, "INSERT INTO alembic_version VALUES ('n1')")
    assert applied(project.run(app, "upgrade")) == ["n2"]
    assert applied(project.run(app, "downgrade", "base")) == ["n2", "n1"]


def test_options_of_alembic(project: Project, notes: MetaData) -> None:
    """SQLALCHEMY_MIGRATIONS_OPTIONS are passed to Alembic's configure()."""
    project.write("", "n1")
    options = {"include_object": lambda found, name, kind, reflected, other: name != "note"}
    app = project.app(SQLALCHEMY_METADATA=notes, SQLALCHEMY_MIGRATIONS_OPTIONS=options)
    project.run(app, "upgrade")
    assert project.run(app, "check").startswith("The database is current")


def test_an_engine_in_use(project: Project) -> None:
    """The connection of a migration returns to the pool as it was."""
    app = notes_with_tags(project)
    with db(app).engine.connect() as connection:
        before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    project.run(app, "upgrade")
    with db(app).engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == before
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_upgrades_by_a_program(project: Project) -> None:
    """They are as those of the command; errors are exceptions."""
    app = notes_with_tags(project)
    assert upgrade(app, "n1") == [("", "n1", "the message of n1")]
    assert [done.revision for done in upgrade(app)] == ["t1", "l1"]
    project.write("", "n2", "raise ValueError", follows="n1")
    with pytest.raises(MigrationError, match=r"The migration 'n2' .* failed"):
        upgrade(app)
