"""What the tests of the notes example share."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_sqlalchemy import db

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from cocopot import Cocopot
    from cocopot.testing import Client

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "notes"
PASSWORD = "fern and moss"


def create_app(database: Path, **config: Any) -> Cocopot:
    """Create the application with a database of the test; its folder must be on the path."""
    config = {
        "NOTES_DATABASE": database,
        "JINJA_UNDEFINED": "strict",
        "SECRET_KEY": "a key for tests only",
        **config,
    }
    app: Cocopot = importlib.import_module("noteboard").create_app(config)
    return app


def sign_in(client: Client, **query: str) -> TestResponse:
    """Sign in as the user who may write."""
    form = {"name": "demo", "password": PASSWORD}
    return client.post("/sign-in", data=form, query_string=query)


def enter(client: Client, app: Cocopot) -> None:
    """Sign in without the password, whose verification takes a while."""
    with db(app).sessionmaker() as database:
        user = database.get(importlib.import_module("noteboard.models").User, "demo")
    assert user is not None
    with client.session_transaction() as session:
        session.user = user.name  # type: ignore[attr-defined]  # that of cocopot-session
        session["stamp"] = user.stamp


def create_token(client: Client) -> str:
    """Create the token of the user who is signed in."""
    match = re.search(r'id="token">([^<]+)<', client.post("/account/token").text)
    assert match
    return match[1]


def json_of(response: TestResponse) -> Any:
    """Return the JSON of a response."""
    return response.json


def add(client: Client, title: str = "Milk", body: str = "two bottles") -> Any:
    """Add a note through the API, and return it."""
    return json_of(client.post("/api/notes", json={"title": title, "body": body}))
