"""Several applications that use one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import db
from sqlalchemy import inspect

from cocopot import PluginError

if TYPE_CHECKING:
    from migrations.conftest import Project
    from sqlalchemy import MetaData

OWN = {"SQLALCHEMY_MIGRATIONS": "refuse", "SQLALCHEMY_MIGRATIONS_TABLE": "second_version"}


def test_a_table_of_its_own(project: Project) -> None:
    """Each application applies, undoes and shows its migrations, and neither sees the other's."""
    project.write_table("", "n1", "note")
    first = project.app()
    project.run(first, "upgrade")
    project.write_table("second", "s1", "second_one")
    second = project.app(project.plugin("second"), SQLALCHEMY_MIGRATIONS_FOLDER="none", **OWN)
    project.run(second, "upgrade")
    second.start()
    assert project.run(second, "current") == "second  s1  the message of s1\n"
    assert project.run(first, "current") == "(application)  n1  the message of n1\n"
    names = set(inspect(db(first).engine).get_table_names())
    assert names >= {"alembic_version", "cocopot_migrations"}
    assert names >= {"second_version", "cocopot_migrations_second_version"}
    project.run(second, "downgrade", "base")
    assert project.tables(first) & {"note", "second_one"} == {"note"}
    assert project.run(second, "upgrade", "--sql").count("INSERT INTO second_version") == 1


def test_a_table_that_another_application_has(project: Project) -> None:
    """The error at startup names the table, and the key that has to be set."""
    project.write_table("", "n1", "note")
    project.run(project.app(), "upgrade")
    (project.folder / "migrations/versions/n1.py").unlink()
    project.write_table("", "m1", "member")
    with pytest.raises(PluginError, match="the application does not have its migration 'n1'") as caught:
        project.app(SQLALCHEMY_MIGRATIONS="refuse").start()
    assert "set SQLALCHEMY_MIGRATIONS_TABLE" in caught.value.cure
    assert "it is 'alembic_version'" in caught.value.cure


def test_a_revision_of_which_nothing_is_known(project: Project) -> None:
    """It is an error at startup, too: another tool may have written it for another application."""
    project.write_table("", "n1", "note")
    app = project.app(SQLALCHEMY_MIGRATIONS="refuse")
    project.execute(app, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    project.execute(app, "INSERT INTO alembic_version VALUES ('x1')")
    with pytest.raises(PluginError, match="The table 'alembic_version' has 'x1': neither the appl") as caught:
        app.start()
    assert "set SQLALCHEMY_MIGRATIONS_TABLE" in caught.value.cure
    assert "`cocopot db forget --revision x1`" in caught.value.cure


def test_the_bookkeeping_of_another_application_is_not_compared(project: Project, notes: MetaData) -> None:
    """A new migration drops none of its tables."""
    project.write_table("second", "s1", "second_one")
    second = project.app(project.plugin("second"), SQLALCHEMY_MIGRATIONS_FOLDER="none", **OWN)
    project.run(second, "upgrade")
    first = project.app(project.plugin("second", "second_one"), SQLALCHEMY_METADATA=notes)
    project.run(first, "init")
    project.run(first, "migrate", "-m", "notes")
    [path] = (project.folder / "migrations/versions").glob("*.py")
    assert "drop_table('second" not in path.read_text().partition("def downgrade")[0]
    assert "cocopot_migrations" not in path.read_text()


@pytest.mark.parametrize("name", ["", "a b", "1st", "x" * 41, "shop.version", None])
def test_the_name_of_the_table(project: Project, name: object) -> None:
    """A name that not every database takes is refused."""
    with pytest.raises(PluginError, match="SQLALCHEMY_MIGRATIONS_TABLE is "):
        project.app(SQLALCHEMY_MIGRATIONS_TABLE=name).start()


def test_the_option_of_alembic(project: Project) -> None:
    """The table is not an option of `configure()`: the error has the key."""
    with pytest.raises(PluginError, match="the table has SQLALCHEMY_MIGRATIONS_TABLE"):
        project.app(SQLALCHEMY_MIGRATIONS_OPTIONS={"version_table": "mine"}).start()
