"""The notes example, with a database for each test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.examples.notes import EXAMPLE, PASSWORD, create_app, create_token, enter

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet."""
    return tmp_path / "deep" / "notes.sqlite"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the user: to hash a password takes a while, and is done once."""
    path = tmp_path_factory.mktemp("notes") / "notes.sqlite"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(EXAMPLE)
        app = create_app(path, NOTES_PASSWORD=PASSWORD)
        app.start()
        app.close()  # the file has all then, and can be copied
    return path


@pytest.fixture
def app(prepared: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    """Return the application."""
    monkeypatch.syspath_prepend(EXAMPLE)
    database.parent.mkdir()
    shutil.copy(prepared, database)
    return create_app(database)


@pytest.fixture
def visitor(app: Cocopot) -> Client:
    """Return a client that is not signed in."""
    return app.test_client()


@pytest.fixture
def client(app: Cocopot) -> Client:
    """Return a client that is signed in, and that sends a token to the API."""
    client = app.test_client()
    enter(client, app)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {create_token(client)}"
    return client
