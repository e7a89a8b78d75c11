"""Which tables belong to whom, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from cocopot import PluginError, hookimpl

if TYPE_CHECKING:
    from migrations.conftest import Project

    from cocopot import Cocopot


def start_error(app: Cocopot) -> PluginError:
    """Return the error with which an application does not start."""
    with pytest.raises(PluginError) as caught:
        app.start()
    return caught.value


def test_a_table_without_the_prefix(project: Project) -> None:
    """The application does not start: the error names the plugin, and the name to use."""
    error = start_error(project.app(project.plugin("tags", "tags_tag", "tag")))
    assert error.plugin == "tags"
    assert "Plugin 'tags' has a table 'tag', whose name does not begin with 'tags_'." in str(error)
    assert "Name it 'tags_tag'" in str(error)
    assert "def sqlalchemy_metadata" in str(error)


def test_the_prefix_of_other_characters(project: Project) -> None:
    """Letters and digits remain; the name alone is a valid one, too."""
    project.app(project.plugin("notes-Tags.2", "notes_tags_2_tag", "notes_tags_2")).start()
    assert "notes_tags_2_" in str(start_error(project.app(project.plugin("notes-Tags.2", "notes_tag"))))


def test_one_table_of_two_plugins(project: Project) -> None:
    """The error names both plugins."""
    plugins = project.plugin("tags", "tags_more_tag"), project.plugin("tags_more", "tags_more_tag")
    text = str(start_error(project.app(*plugins)))
    assert "Plugin 'tags_more' has the table 'tags_more_tag', which plugin 'tags' has, too." in text


def test_one_table_of_a_plugin_and_the_application(project: Project) -> None:
    """The error is that of the plugin, and names the application."""
    own = project.plugin("tags", "tags_tag").metadata
    text = str(start_error(project.app(project.plugin("tags", "tags_tag"), SQLALCHEMY_METADATA=own)))
    assert "Plugin 'tags' has the table 'tags_tag', which the application has, too." in text


def test_a_plugin_that_shares_metadata(project: Project, notes: MetaData) -> None:
    """Its own tables are those with its prefix, the others those of the application."""
    plugin = project.plugin("tags")
    plugin.metadata = notes
    Table("tags_tag", notes, Column("id", Integer, primary_key=True))
    app = project.app(plugin, SQLALCHEMY_METADATA=notes)
    app.start()
    project.run(app, "revision", "--autogenerate", "--plugin", "tags")
    (file,) = plugin.folder.glob("*.py")
    assert "'tags_tag'" in file.read_text()
    assert "'note'" not in file.read_text()


def test_shared_metadata_without_the_application(project: Project, notes: MetaData) -> None:
    """A table without the prefix is an error then, as it belongs to no one."""
    plugin = project.plugin("tags")
    plugin.metadata = notes
    assert "has a table 'note'" in str(start_error(project.app(plugin)))


def test_the_longest_prefix_decides(project: Project) -> None:
    """Of two plugins with one metadata, a table is that of the plugin with the longer name."""
    one, two = project.plugin("notes", "notes_note", "notes_tags_tag"), project.plugin("notes_tags")
    two.metadata = one.metadata
    app = project.app(one, two)
    app.start()
    project.run(app, "revision", "--autogenerate", "--plugin", "notes_tags")
    (file,) = two.folder.glob("*.py")
    assert "notes_note" not in file.read_text()


class Folder:
    """A plugin that returns a value from `sqlalchemy_migrations`."""

    plugin_name = "tags"

    def __init__(self, value: object) -> None:
        self.value = value

    @hookimpl
    def sqlalchemy_migrations(self) -> object:
        """Return the value."""
        return self.value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (("migrations", "tags"), "Plugin 'tags' returned the folder 'migrations' of its migrations"),
        ((Path("/nonexistent"), "tags"), "Return the absolute path of a folder of the package"),
        ((Path("/"), "tags@head"), "returned 'tags@head', which cannot be the label of a branch"),
        ((Path("/"), "head"), "returned 'head', which cannot be the label of a branch"),
        ((Path("/"),), "which is not a folder and a label"),
        ((1, "tags"), "which is not a folder and a label"),
    ],
)
def test_what_cannot_be_a_folder_and_a_label(project: Project, value: object, message: str) -> None:
    """The application does not start: the error names the plugin."""
    assert message in str(start_error(project.app(Folder(value))))


def test_results_of_another_type(project: Project) -> None:
    """They are blamed on the plugin that returned them."""
    plugin = project.plugin("tags")
    plugin.metadata = "Base.metadata"  # type: ignore[assignment]
    with pytest.raises(
        TypeError, match="Plugin 'tags' returned a 'str' from sqlalchemy_metadata; return a sqlalchemy"
    ):
        project.app(plugin).start()


def test_one_label_of_two_plugins(project: Project) -> None:
    """The error names both plugins."""
    tags, labels = project.plugin("tags"), Folder((project.folder, "tags"))
    labels.plugin_name = "labels"
    text = str(start_error(project.app(tags, labels)))
    assert "Plugin 'tags' has the label 'tags' for its migrations, which plugin 'labels' has, too." in text


def test_one_revision_of_two_plugins(project: Project) -> None:
    """The error names both files."""
    project.write("tags", "a1")
    project.write("labels", "a1")
    text = str(start_error(project.app(project.plugin("tags"), project.plugin("labels"))))
    assert f"The migration 'a1' of plugin 'tags' at {project.folder}/tags/a1.py has the revision" in text
    assert f"plugin 'labels' at {project.folder}/labels/a1.py" in text


def test_a_first_revision_without_the_label(project: Project) -> None:
    """The error names the line to write, and the file."""
    project.write("tags", "a1")
    file = project.folder / "tags/a1.py"
    file.write_text(file.read_text().replace("branch_labels = 'tags'", "branch_labels = None"))
    text = str(start_error(project.app(project.plugin("tags"))))
    assert f"Write branch_labels = ('tags',) into the first one, {file}." in text


def test_a_revision_that_depends_on_a_missing_one(project: Project) -> None:
    """The error names the revision that does not exist."""
    project.write("", "n1", depends_on="t1")
    text = str(start_error(project.app()))
    assert "depends on, revision 't1', which does not exist" in text


class Base:
    """A base class of models, as far as it is looked at."""

    metadata = MetaData()


@pytest.mark.parametrize("value", [Base, Base.metadata, [Base], (Base.metadata, Base)])
def test_models_of_the_application(project: Project, value: object) -> None:
    """A base class, its metadata, and several of them are possible."""
    project.app(SQLALCHEMY_METADATA=value).start()


@pytest.mark.parametrize("value", ["nonexistent:Base", "pathlib:Base", "pathlib", "pathlib:Path", 7, ":"])
def test_invalid_models_of_the_application(project: Project, value: object) -> None:
    """The error names the key, the value and where it was set."""
    text = str(start_error(project.app(SQLALCHEMY_METADATA=value)))
    assert f"SQLALCHEMY_METADATA is {value!r} (set by code " in text
    assert "Give the base class of the models" in text


def test_models_by_name(project: Project) -> None:
    """A text names a module, and what is in it."""
    project.app(SQLALCHEMY_METADATA="cocopot_sqlalchemy.migrations.store:STORE").start()


def test_tables_of_another_database(project: Project, notes: MetaData) -> None:
    """What the key `bind_key` of a metadata or a table names is not part of the migrations."""
    project.write("", "n1")
    notes.info["bind_key"] = "archive"
    plugin = project.plugin("tags", "tags_tag")
    plugin.metadata.tables["tags_tag"].info["bind_key"] = "archive"
    app = project.app(plugin, SQLALCHEMY_METADATA=notes, SQLALCHEMY_BINDS={"archive": "sqlite://"})
    project.run(app, "upgrade")
    assert project.run(app, "check").startswith("The database is current")


@pytest.mark.parametrize("source", ["revision = (", "import nonexistent", "raise ValueError('no')", "x = 1"])
def test_a_file_that_cannot_be_imported(project: Project, source: str) -> None:
    """The error names the plugin, the file, and what it raised."""
    plugin = project.plugin("tags")
    (plugin.folder / "t1.py").write_text(source)
    error = start_error(project.app(plugin))
    if source == "x = 1":
        assert "Could not determine revision id from filename t1.py" in str(error)
    else:
        assert f"The migration {plugin.folder}/t1.py of plugin 'tags' cannot be imported" in str(error)
        assert error.plugin == "tags"
