"""Writing migrations from the models of all plugins and of the application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

if TYPE_CHECKING:
    from migrations.conftest import Project


def written(output: str) -> str:
    """Return the text of the file that a command has written."""
    return Path(output.removeprefix("Wrote ").strip()).read_text(encoding="utf-8")


def test_the_first_migration_of_the_application(project: Project, notes: MetaData) -> None:
    """It is written into the folder that `init` creates, without an import by hand, and can be applied."""
    app = project.app(SQLALCHEMY_METADATA=notes)
    assert "`cocopot db init` creates" in project.run(app, "revision", "-m", "notes", status=1)
    assert project.run(app, "init") == f"Created {project.folder}/migrations/versions\n"
    assert "exists already" in project.run(app, "init", status=1)
    text = written(project.run(app, "revision", "--autogenerate", "-m", "create the notes"))
    assert text.startswith('"""create the notes\n')
    assert "branch_labels = None" in text
    project.run(app, "upgrade")
    assert project.tables(app) == {"note"}
    assert project.run(app, "migrate") == "Nothing differs, so no migration was written.\n"


def test_the_first_migration_of_a_plugin(project: Project, notes: MetaData) -> None:
    """It has the label, the tables of the plugin alone, and what the plugin and its foreign keys need."""
    project.write_table("", "n1", "note")
    project.write_table("tags", "t1", "tags_tag")
    tags = project.plugin("tags", "tags_tag")
    labels = project.plugin("labels", "labels_label>note", requires=("tags",))
    app = project.app(tags, labels, SQLALCHEMY_METADATA=notes)
    project.run(app, "upgrade")
    text = written(project.run(app, "migrate", "--plugin", "labels", "-m", "create the labels"))
    assert "branch_labels = ('labels',)" in text
    assert "depends_on = ['t1', 'n1']" in text
    assert "labels_label" in text
    assert "'tags_tag'" not in text
    project.run(app, "upgrade")
    second = written(project.run(app, "revision", "--plugin", "labels", "-m", "more"))
    assert "branch_labels = None" in second
    assert "depends_on = None" in second


def test_foreign_keys_by_name_across_metadata(project: Project, notes: MetaData) -> None:
    """A plugin refers to a table of the application by its name, without importing its models."""
    project.write_table("", "n1", "note")
    app = project.app(project.plugin("tags", "tags_tag>note"), SQLALCHEMY_METADATA=notes)
    project.run(app, "upgrade")
    text = written(project.run(app, "migrate", "--plugin", "tags"))
    assert "sa.ForeignKeyConstraint(['other'], ['note.id'], )" in text


def test_naming_conventions(project: Project) -> None:
    """Those of the metadata of a plugin are kept."""
    plugin = project.plugin("tags")
    plugin.metadata = MetaData(naming_convention={"uq": "uq_%(table_name)s_x", "pk": "pk_%(table_name)s"})
    name = Column("name", String(9))
    Table(
        "tags_tag", plugin.metadata, Column("id", Integer, primary_key=True), name, UniqueConstraint("name")
    )
    text = written(project.run(project.app(plugin), "migrate", "--plugin", "tags"))
    assert "name=op.f('uq_tags_tag_x')" in text
    assert "name=op.f('pk_tags_tag')" in text


def test_columns_that_differ(project: Project, notes: MetaData) -> None:
    """They are found with their types, and a table without a model is dropped."""
    project.write_table("", "n1", "note")
    project.write_table("", "n2", "old", follows="n1")
    app = project.app(SQLALCHEMY_METADATA=notes)
    project.run(app, "upgrade")
    output = project.run(app, "check", status=1)
    assert output.splitlines() == [
        "The models differ: remove_table: old.",
        "The models differ: add_column: note text.",
    ]
    text = written(project.run(app, "migrate"))
    assert "op.drop_table('old')" in text
    assert "batch_op.add_column(sa.Column('text', sa.String(length=80), nullable=True))" in text
    project.run(app, "upgrade")
    assert project.run(app, "check") == "The database is current, and the models are as in the database.\n"


def test_tables_of_removed_plugins(project: Project, notes: MetaData) -> None:
    """They are not dropped by a migration of the application."""
    project.write_table("tags", "t1", "tags_tag")
    project.write_table("", "n1", "note")
    project.run(project.app(project.plugin("tags")), "upgrade")
    Table("other", notes, Column("id", Integer, primary_key=True))
    text = written(project.run(project.app(SQLALCHEMY_METADATA=notes), "migrate"))
    assert "tags_tag" not in text


def test_a_check_of_pending_migrations(project: Project) -> None:
    """Its exit status is 1, and it names the plugin."""
    project.write("tags", "t1")
    output = project.run(project.app(project.plugin("tags")), "check", status=1)
    assert output.startswith("The database is behind the code: 1 migration is pending for plugin 'tags'.")


def test_what_cannot_be_written(project: Project, notes: MetaData) -> None:
    """The errors have the cure."""
    project.write("", "n1")
    project.write("tags", "t1")
    app = project.app(project.plugin("tags", "tags_tag"))
    assert "The migration 't1' of plugin 'tags' is pending" in project.run(
        app, "migrate", "--plugin", "tags", status=1
    )
    assert "set SQLALCHEMY_METADATA" in project.run(app, "migrate", status=1)
    assert "Plugin 'x' has no tables" in project.run(app, "migrate", "--plugin", "x", status=1)
    empty = project.app(project.plugin("tags"))
    assert "import the modules with the models" in project.run(empty, "migrate", "--plugin", "tags", status=1)


def test_several_last_migrations(project: Project) -> None:
    """They are joined by `merge`."""
    for number, follows in ((1, None), (2, "n1"), (3, "n1")):
        project.write("", f"n{number}", follows=follows)
    app = project.app()
    assert "several last migrations: n2, n3" in project.run(app, "revision", status=1)
    assert "down_revision = ('n2', 'n3')" in written(project.run(app, "merge"))
    project.run(app, "upgrade")
    assert "has only one last migration" in project.run(app, "merge", status=1)


def test_the_history(project: Project) -> None:
    """All revisions are listed, those of the database first."""
    project.write("", "n1")
    project.write("tags", "t1", depends_on="n1")
    app = project.app(project.plugin("tags"))
    project.run(app, "upgrade", "n1")
    assert [line.split()[:3] for line in project.run(app, "history").splitlines()] == [
        ["applied", "(application)", "n1"],
        ["pending", "tags", "n1"],
    ]
    assert project.run(app, "current") == "(application)  n1  the message of n1\n"
    assert [line.split()[0] for line in project.run(app, "heads").splitlines()] == ["tags", "(application)"]
    assert project.run(app, "history", "--plugin", "tags").count("\n") == 1


def test_a_foreign_key_to_a_table_that_does_not_exist(project: Project) -> None:
    """It is an error of SQLAlchemy that names both."""
    plugin = project.plugin("tags")
    Table("tags_tag", plugin.metadata, Column("id", ForeignKey("nowhere.id"), primary_key=True))
    result = project.app(plugin).test_cli_runner().invoke(args=["db", "migrate", "--plugin", "tags"])
    assert "could not find table 'nowhere'" in f"{result.exception}{result.output}"
