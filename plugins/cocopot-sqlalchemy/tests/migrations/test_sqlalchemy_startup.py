"""The start of an application whose database is behind or ahead of the code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot import PluginError
from cocopot.cli import CocopotGroup

if TYPE_CHECKING:
    from migrations.conftest import Project


def test_a_database_that_is_behind(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """By default it is a warning with the command to run."""
    project.write("tags", "t1")
    project.app(project.plugin("tags")).start()
    (record,) = [record.getMessage() for record in caplog.records if "sqlalchemy" in record.getMessage()]
    assert record == (
        "sqlalchemy: The database is behind the code: 1 migration is pending for plugin 'tags'. "
        "Run `cocopot db upgrade`."
    )


def test_refusing_to_start(project: Project) -> None:
    """The error names the plugin, the key that demands it, and the cure."""
    project.write("tags", "t1")
    app = project.app(project.plugin("tags"), SQLALCHEMY_MIGRATIONS="refuse")
    with pytest.raises(PluginError, match="is behind the code") as caught:
        app.start()
    assert caught.value.plugin == "tags"
    assert "SQLALCHEMY_MIGRATIONS is 'refuse', set by code" in str(caught.value)
    assert "Run `cocopot db upgrade`." in str(caught.value)
    project.run(app, "upgrade")
    app.start()


def test_a_database_that_is_ahead(project: Project) -> None:
    """An older release than that of the migrations is refused, too."""
    project.write("tags", "t1")
    project.write("tags", "t2", follows="t1")
    project.run(project.app(project.plugin("tags")), "upgrade")
    (project.folder / "tags/t2.py").unlink()
    with pytest.raises(PluginError, match="ahead of the code: the installed plugin 'tags' does not have its"):
        project.app(project.plugin("tags"), SQLALCHEMY_MIGRATIONS="refuse").start()


def test_ignoring_the_database(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is compared, and the database is not opened."""
    project.write("tags", "t1")
    project.app(project.plugin("tags"), SQLALCHEMY_MIGRATIONS="ignore").start()
    assert not caplog.records
    assert not (project.folder / "app.sqlite").exists()


def test_a_database_that_cannot_be_reached(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """It is a warning: requests will have their own errors; unless migrations are required."""
    project.write("tags", "t1")
    url = f"sqlite:///file:{project.folder}/missing/app.sqlite?uri=true&mode=ro"
    project.app(project.plugin("tags"), SQLALCHEMY_DATABASE_URI=url).start()
    assert "the migrations are not compared" in caplog.text
    app = project.app(project.plugin("tags"), SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_MIGRATIONS="refuse")
    with pytest.raises(Exception, match="unable to open database file"):
        app.start()


def test_a_command_without_a_database(project: Project) -> None:
    """The error has no traceback, and no password."""
    url = "postgresql+psycopg://ada:hidden@127.0.0.1:1/shop"
    output = project.run(project.app(SQLALCHEMY_DATABASE_URI=url), "upgrade", status=1)
    assert output.startswith("Error: The database cannot be used: connection failed")
    assert "hidden" not in output


def test_cocopot_check(project: Project) -> None:
    """It reports what is pending, and what plugins have left, with their names."""
    project.write("tags", "t1")
    project.write("labels", "l1")
    project.run(project.app(project.plugin("labels")), "upgrade")
    app = project.app(project.plugin("tags"))
    result = CliRunner().invoke(CocopotGroup(create_app=lambda: app), ["check", "--json"])
    findings = json.loads(result.stdout)["findings"]
    found = {
        (f["severity"], f["plugin"]): f["problem"] for f in findings if f["plugin"] in {"tags", "labels"}
    }
    assert "1 migration is pending for plugin 'tags'" in found["warning", "tags"]
    assert "Plugin 'labels' is not loaded, and its tables are in the database" in found["warning", "labels"]


def test_alembic_is_imported_when_it_is_needed() -> None:
    """An application without migrations starts without it."""
    code = (
        "import sys; from cocopot import Cocopot; from cocopot_sqlalchemy import SQLAlchemy\n"
        "app = Cocopot('shop', autoload=False, plugins=[SQLAlchemy])\n"
        "app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite://'\n"
        "app.start(); assert 'sqlalchemy' in sys.modules; assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
