"""The notes example, with a database for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.examples.notes import EXAMPLE, create_app, create_token, sign_in

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet."""
    return tmp_path / "deep" / "notes.sqlite"


@pytest.fixture
def app(database: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    """Return the application."""
    monkeypatch.syspath_prepend(EXAMPLE)
    return create_app(database)


@pytest.fixture
def visitor(app: Cocopot) -> Client:
    """Return a client that is not signed in."""
    return app.test_client()


@pytest.fixture
def client(app: Cocopot) -> Client:
    """Return a client that is signed in, and that sends a token to the API."""
    client = app.test_client()
    sign_in(client)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {create_token(client)}"
    return client
