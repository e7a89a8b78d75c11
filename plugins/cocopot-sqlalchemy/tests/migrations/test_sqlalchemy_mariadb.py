"""Migrations of MariaDB, which commits each statement that changes the schema."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import db
from cocopot_sqlalchemy.migrations import locking
from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.locking import locked
from sqlalchemy import create_engine

from tests.services import running_mariadb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrations.conftest import Project

pytest.importorskip("pymysql")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a MariaDB."""
    with running_mariadb() as url:
        yield url.replace("mysql:", "mysql+pymysql:")


@pytest.fixture
def notes_project(project: Project, server: str) -> Project:
    """A project whose database is empty."""
    project.use_server(server, "DROP DATABASE shop", "CREATE DATABASE shop")
    return project


def test_applying_and_undoing(notes_project: Project) -> None:
    """Migrations of the application and of a plugin are applied, and undone."""
    project = notes_project
    project.write_table("", "n1", "note")
    project.write_table("tags", "t1", "tags_tag")
    app = project.app(project.plugin("tags", "tags_tag"), SQLALCHEMY_MIGRATIONS="refuse")
    project.run(app, "upgrade")
    assert project.tables(app) == {"note", "tags_tag"}
    app.start()
    project.run(app, "downgrade", "base")
    assert project.tables(app) == set()


def test_another_process_waits(notes_project: Project) -> None:
    """While one process changes the tables, another one waits, and has nothing to do then."""
    project = notes_project
    project.write_table("", "n1", "note")
    first, second = project.app(), project.app()
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(project.run(second, "upgrade")))
    with locked(db(first).engine) as connection:
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    thread.join(30)
    assert done == ["Applied (application) n1 the message of n1\n"]
    assert project.run(first, "upgrade") == "Nothing is pending.\n"


def test_a_process_that_waits_for_too_long(notes_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up with an error; the lock of another database of the server is another one."""
    project = notes_project
    project.write("", "n1")
    app, url = project.app(), project.url
    monkeypatch.setattr(locking, "BUSY_TIMEOUT", 0)
    with locked(db(app).engine):
        other = create_engine(url)
        with pytest.raises(MigrationError, match="for ten minutes"), locked(other):
            pass
        elsewhere = create_engine(url.replace("/shop", "/test_shop"))
        with other.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE IF NOT EXISTS test_shop")
        with locked(elsewhere):
            pass
        other.dispose()
        elsewhere.dispose()
