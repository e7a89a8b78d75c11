"""What a plugin leaves in a database when its package is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import SQLAlchemy

from cocopot import Cocopot, hookimpl

if TYPE_CHECKING:
    from migrations.conftest import Project


@pytest.fixture
def app(project: Project) -> Cocopot:
    """An application without plugins, in whose database two plugins have applied their migrations."""
    project.write_table("", "n1", "note")
    project.write_table("tags", "t1", "tags_tag")
    project.write(
        "tags",
        "t2",
        "op.execute('CREATE INDEX percent ON tags_tag (id)')",
        "op.drop_index('percent')",
        follows="t1",
    )
    project.write_table("labels", "l1", "labels_label", depends_on="t2")
    labels = project.plugin("labels", requires=("tags",))
    project.run(project.app(project.plugin("tags"), labels), "upgrade")
    return project.app()


def test_the_status_of_a_removed_plugin(project: Project, app: Cocopot) -> None:
    """It is orphaned, and the application's migrations can be applied nevertheless."""
    lines = project.run(app, "status").splitlines()
    assert lines[0].split() == ["plugin", "distribution", "state", "applied", "pending", "last", "applied"]
    assert [line.split() for line in lines[1:4]] == [
        ["(application)", "-", "current", "1", "0", "n1"],
        ["tags", "-", "orphaned", "2", "0", "t2"],
        ["labels", "-", "orphaned", "1", "0", "l1"],
    ]
    assert lines[4] == (
        "Plugin 'tags' is not loaded, and its tables are in the database: `cocopot db remove tags` drops or "
        "archives them."
    )
    project.write_table("", "n2", "more", follows="n1")
    assert project.run(app, "upgrade") == "Applied (application) n2 the message of n2\n"


def test_removing_plugins(project: Project, app: Cocopot) -> None:
    """The tables are dropped by the SQL that the database has kept, dependent ones first."""
    assert "migrations of plugin 'labels' depend" in project.run(app, "remove", "tags", "--yes", status=1)
    assert project.run(app, "remove", "labels", "--yes").splitlines() == [
        "Undone labels l1 the message of l1",
        "Dropped labels_label",
    ]
    assert project.run(app, "remove", "tags", "--yes").splitlines() == [
        "Undone tags t2 the message of t2",
        "Undone tags t1 the message of t1",
        "Dropped tags_tag",
    ]
    assert project.tables(app) == {"note"}
    assert project.execute(app, "SELECT revision FROM cocopot_migrations") == [("n1",)]
    assert project.execute(app, "SELECT * FROM alembic_version") == [("n1",)]
    assert "orphaned" not in project.run(app, "status")


def test_removing_all_that_depend_on_it(project: Project, app: Cocopot) -> None:
    """With --cascade one command removes both plugins."""
    project.run(app, "remove", "tags", "--cascade", "--yes")
    assert project.tables(app) == {"note"}


def test_a_question_before_tables_are_dropped(project: Project, app: Cocopot) -> None:
    """Without an answer nothing is dropped."""
    output = project.run(app, "remove", "labels", status=1)
    assert "labels_label: dropped, with all rows. Go on?" in output
    assert "labels_label" in project.tables(app)


def test_archiving_the_rows(project: Project, app: Cocopot) -> None:
    """They are copied into a table that autogenerate ignores, and that is not in the way later."""
    project.execute(app, "INSERT INTO labels_label VALUES (7)")
    output = project.run(app, "remove", "labels", "--archive", "--yes")
    assert "Dropped labels_label, archived as cocopot_archived_labels_label" in output
    assert project.execute(app, "SELECT * FROM cocopot_archived_labels_label") == [(7,)]
    again = project.app(project.plugin("tags", "tags_tag"), project.plugin("labels", "labels_label"))
    project.run(again, "upgrade")
    assert project.execute(again, "SELECT * FROM labels_label") == []
    assert "cocopot_archived" not in project.run(again, "check", status=1)
    project.run(app, "remove", "labels", "--archive", "--yes")
    assert "cocopot_archived_labels_label_2" in project.tables(app)


def test_a_plugin_that_is_installed_again(project: Project, app: Cocopot) -> None:
    """What is applied is known, and only what is new is applied."""
    project.write("tags", "t3", follows="t2")
    again = project.app(project.plugin("tags"))
    assert ["tags", "-", "pending", "2", "1", "t2"] in [
        x.split() for x in project.run(again, "status").splitlines()
    ]
    assert project.run(again, "upgrade") == "Applied tags t3 the message of t3\n"


def test_a_plugin_that_comes_back_after_its_removal(project: Project, app: Cocopot) -> None:
    """Its tables are created anew."""
    project.run(app, "remove", "tags", "--cascade", "--yes")
    again = project.app(project.plugin("tags"))
    project.run(again, "upgrade")
    assert project.tables(again) == {"note", "tags_tag"}


def test_an_older_release(project: Project, app: Cocopot) -> None:
    """The database is ahead of it; it can be undone without the file, and the rest is applied."""
    (project.folder / "tags/t2.py").unlink()
    old = project.app(project.plugin("tags"))
    output = project.run(old, "status")
    assert (
        "The database is ahead of the code: the installed plugin 'tags' does not have its migration 't2'"
        in output
    )
    assert project.run(old, "upgrade") == "Nothing is pending.\n"
    project.run(project.app(), "remove", "labels", "--yes")
    assert project.run(old, "downgrade", "-1", "--plugin", "tags") == "Undone tags t2 the message of t2\n"


def test_another_history(project: Project, app: Cocopot) -> None:
    """A release whose first migration is another one is refused; the others are applied."""
    for number in (1, 2):
        (project.folder / f"tags/t{number}.py").unlink()
    project.write_table("tags", "s1", "tags_tag")
    project.write_table("", "n2", "more", follows="n1")
    new = project.app(project.plugin("tags"))
    output = project.run(new, "upgrade", status=1)
    assert "The migrations of plugin 'tags' are not applied: the database has 't2' of it" in output
    assert "more" in project.tables(new)
    assert ["tags", "-", "diverged", "2", "1", "t2"] in [
        x.split() for x in project.run(new, "status").splitlines()
    ]


def test_a_downgrade_that_reads_from_the_database(project: Project) -> None:
    """It cannot be kept: single steps are refused without the file, and a removal drops the tables."""
    read = "[op.get_bind().execute(sa.text('SELECT 1')).scalar() for _ in 'a']"
    project.write_table("tags", "t1", "tags_tag")
    project.write("tags", "t2", down=read, follows="t1")
    project.run(project.app(project.plugin("tags")), "upgrade")
    for number in (1, 2):
        (project.folder / f"tags/t{number}.py").unlink()
    app = project.app()
    output = project.run(app, "downgrade", "tags@-1", status=1)
    assert (
        "Revision 't2' of plugin 'tags' has no file, and what undoes it could not be kept: 'NoneType'"
        in output
    )
    assert "Dropped tags_tag" in project.run(app, "remove", "tags", "--yes")
    assert project.tables(app) == set()


def test_tables_that_no_kept_downgrade_drops(project: Project) -> None:
    """They are dropped in the order of their foreign keys, and those of others are not."""
    read = "op.get_bind().execute(sa.text('SELECT 1')).scalar()"
    one = "CREATE TABLE tags_a (id INTEGER PRIMARY KEY)"
    two = "CREATE TABLE tags_b (a INTEGER REFERENCES tags_a (id))"
    project.write("tags", "t1", f"op.execute({two!r}); op.execute({one!r})", read)
    project.write_table("", "n1", "note")
    project.run(project.app(project.plugin("tags")), "upgrade")
    app = project.app()
    output = project.run(app, "remove", "tags", "--yes")
    assert output.splitlines() == ["Undone tags t1 the message of t1", "Dropped tags_a", "Dropped tags_b"]
    assert project.tables(app) == {"note"}


def test_removing_what_is_installed(project: Project) -> None:
    """Its own code undoes it, and the next upgrade applies it again."""
    project.write_table("tags", "t1", "tags_tag")
    app = project.app(project.plugin("tags"))
    project.run(app, "upgrade")
    project.run(app, "remove", "tags", "--yes")
    assert project.tables(app) == set()
    assert project.run(app, "upgrade") == "Applied tags t1 the message of t1\n"


def test_percent_signs_and_colons(project: Project) -> None:
    """The SQL is kept as it is executed."""
    sql = "UPDATE note SET text = '100 % :done %s'"
    down = f"op.execute(sa.text({sql.replace(':', chr(92) + ':')!r}))"
    project.write("", "n1", "op.execute('CREATE TABLE note (text TEXT)')")
    project.write("tags", "t1", "op.execute(\"INSERT INTO note VALUES ('new')\")", down, depends_on="n1")
    project.run(project.app(project.plugin("tags")), "upgrade")
    app = project.app()
    project.run(app, "remove", "tags", "--yes")
    assert project.execute(app, "SELECT * FROM note") == [("100 % :done %s",)]


def test_a_revision_of_which_nothing_is_known(project: Project) -> None:
    """Those that have applied migrations go on; the others do not, as it may be one of theirs."""
    project.write_table("tags", "t1", "tags_tag")
    project.write_table("", "n1", "note")
    app = project.app(project.plugin("tags"))
    project.run(app, "upgrade", "--plugin", "tags")
    project.execute(app, "INSERT INTO alembic_version VALUES ('x1')")
    project.write_table("tags", "t2", "tags_more", follows="t1")
    output = project.run(app, "upgrade", status=1)
    assert "migrations of the application are not applied: the database has the revision 'x1'" in output
    assert project.tables(app) == {"tags_tag", "tags_more"}
    assert "Of the revisions x1 nothing is known" in project.run(app, "status")
    project.run(app, "forget", "--revision", "x1")
    project.run(app, "upgrade")
    assert "note" in project.tables(app)


def test_tables_that_were_dropped_by_hand(project: Project, app: Cocopot) -> None:
    """The status has them; after the history is forgotten, they are created anew."""
    project.run(app, "remove", "labels", "--yes")
    project.execute(app, "DROP TABLE tags_tag")
    again = project.app(project.plugin("tags"))
    assert "Tables of plugin 'tags' do not exist" in project.run(again, "status")
    assert project.run(again, "check", status=1).startswith("Tables of plugin 'tags' do not exist")
    project.run(again, "forget", "tags")
    project.run(again, "upgrade")
    assert "tags_tag" in project.tables(again)


def test_nothing_to_remove(project: Project, app: Cocopot) -> None:
    """The error lists the plugins that have migrations in the database."""
    output = project.run(app, "remove", "tag", "--yes", status=1)
    assert "no migrations of a plugin 'tag'. Those that it has are of: labels, tags." in output
    assert "no migration of 'tag'" in project.run(app, "forget", "tag", status=1)
    assert "Name a plugin" in project.run(app, "forget", status=2)


def test_why_a_plugin_is_orphaned(project: Project, app: Cocopot) -> None:
    """A disabled one is named as such, and so is one that has no migrations any more."""
    disabled = Cocopot("shop", autoload=False, plugins=[SQLAlchemy], disable={"tags"})
    disabled.config["SQLALCHEMY_DATABASE_URI"] = project.url
    project.apps.append(disabled)
    assert "Plugin 'tags' is disabled by " in project.run(disabled, "status")
    assert "Plugin 'labels' has no migrations any more" in project.run(project.app(Empty()), "status")


class Empty:
    """A plugin without migrations that had some."""

    plugin_name = "labels"

    @hookimpl
    def sqlalchemy_migrations(self) -> None:
        """Return none."""


def test_texts_of_the_database(project: Project) -> None:
    """Control sequences of terminals are escaped, whoever has written them."""
    project.write("tags", "t1")
    project.run(project.app(project.plugin("tags")), "upgrade")
    app = project.app()
    project.execute(app, "UPDATE cocopot_migrations SET message = 'a' || char(27) || '[2J'")
    assert "a\\x1b[2J" in project.run(app, "history")
    assert "a\\x1b[2J" in project.run(app, "remove", "tags", "--yes")
