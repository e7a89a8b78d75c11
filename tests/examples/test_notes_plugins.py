"""The plugins of the notes example: tags, and an audit trail; tests/distributions has them as wheels."""

from __future__ import annotations

import importlib
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cocopot_sqlalchemy import db, upgrade
from sqlalchemy import event, inspect

from cocopot import PluginError
from tests.examples.notes import EXAMPLE, add, create_app, enter, json_of

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client


@pytest.fixture
def bare(prepared: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    """Return the application with both plugins, whose migrations are pending."""
    monkeypatch.syspath_prepend(EXAMPLE)
    database.parent.mkdir()
    shutil.copy(prepared, database)
    app = create_app(database)
    for name in ("tags", "audit"):
        monkeypatch.syspath_prepend(EXAMPLE.with_name(f"notes-{name}"))
        plugin: Any = getattr(importlib.import_module(f"notes_{name}"), name.title())
        app.plugins.register(plugin(), name)
    return app


@pytest.fixture
def app(bare: Cocopot) -> Cocopot:
    """Return the application with both plugins, and their tables."""
    upgrade(bare)
    return bare


def shown_tags(html: str) -> list[str]:
    """Return the tags on a page."""
    return re.findall(r"<li>(.*)</li>", html)


def trail(client: Client, path: str = "/audit") -> list[tuple[str, ...]]:
    """Return user, action and title of the entries on a page of the audit trail."""
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in client.get(path).text.split("<tr>")[2:]
    ]
    return [tuple(re.sub(r"<[^>]*>", "", cell).strip() for cell in row[1:]) for row in cells]


class TestTags:
    def test_form(self, client: Client) -> None:
        """A user sets the tags of a note on its page; they are shown with it, and are a field of the API."""
        add(client)
        response = client.post("/notes/1/tags", data={"tags": " Moss,fern ,,<b>, moss,two  words"})
        assert (response.status_code, response.location) == (303, "/notes/1")
        wanted = ["<b>", "fern", "moss", "two words"]
        assert json_of(client.get("/api/notes/1"))["tags"] == wanted
        html = client.get("/notes/1").text
        assert shown_tags(html) == ["&lt;b&gt;", *wanted[1:]]
        assert 'value="&lt;b&gt;, fern, moss, two words"' in html
        client.post("/notes/1/tags", data={"tags": "tea"})
        assert shown_tags(client.get("/").text) == ["tea"]

    @pytest.mark.parametrize("tags", ["x" * 41, ",".join("abcdefghijk")])
    def test_refused(self, client: Client, tags: str) -> None:
        """Too many tags, or one that is too long, change nothing; the form has its text and the reason."""
        add(client)
        client.post("/notes/1/tags", data={"tags": "tea"})
        response = client.post("/notes/1/tags", data={"tags": tags})
        assert response.status_code == 422
        assert "at most 10 tags of 40 characters" in response.text
        assert f'value="{tags}"' in response.text
        assert shown_tags(response.text) == ["tea"]
        assert json_of(client.get("/api/notes/1"))["tags"] == ["tea"]

    def test_visitors(self, client: Client, visitor: Client) -> None:
        """Who is not signed in sees the tags, and no form, and sets none."""
        add(client)
        client.post("/notes/1/tags", data={"tags": "tea"})
        assert visitor.post("/notes/1/tags", data={"tags": "coffee"}).location == "/sign-in"
        html = visitor.get("/notes/1").text
        assert (shown_tags(html), "<form" in html.partition("<main")[2]) == (["tea"], False)

    def test_missing_note(self, client: Client) -> None:
        """Tags of a note that does not exist are a 404; those of a deleted note are gone."""
        assert client.post("/notes/1/tags", data={"tags": "tea"}).status_code == 404
        add(client)
        client.post("/notes/1/tags", data={"tags": "tea"})
        client.delete("/api/notes/1")
        with client.application.app_context():
            assert db().session.connection().exec_driver_sql("SELECT * FROM tags_tag").all() == []

    def test_one_query(self, client: Client, app: Cocopot) -> None:
        """The tags of all notes of a page, or of a response of the API, are read by one query."""
        for number in range(3):
            add(client, f"Note {number}")
        statements: list[str] = []
        event.listen(db(app).engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        for path in ("/", "/api/notes"):
            statements.clear()
            client.get(path)
            assert sum("tags_tag" in statement for statement in statements) == 1


class TestAudit:
    def test_trail(self, client: Client) -> None:
        """What a user adds, changes and deletes, in pages or through the API, is on a page, newest first."""
        client.post("/notes", data={"title": "<Milk>"})
        client.patch("/api/notes/1", json={"title": "Tea"})
        client.post("/notes/1/delete")
        assert trail(client) == [
            ("demo", "deleted", "Tea"),
            ("demo", "changed", "Tea"),
            ("demo", "added", "&lt;Milk&gt;"),
        ]
        assert '<a href="/audit">Audit</a>' in client.get("/").text

    def test_rolled_back(self, app: Cocopot) -> None:
        """A change that is not committed is not in the trail."""

        @app.post("/fail")
        def fail() -> tuple[str, int]:
            importlib.import_module("noteboard.store").add("half", "done")
            return "too late", 409

        client = app.test_client()
        enter(client, app)
        assert client.post("/fail").status_code == 409
        assert "Nothing has been changed yet." in client.get("/audit").text

    def test_pages(self, client: Client) -> None:
        """The trail has pages that lead to each other, which new entries do not move."""
        for number in range(25):
            add(client, f"Note {number}")
        first = client.get("/audit").text
        link = re.search(r'rel="next" href="([^"]*)"', first)
        assert link
        add(client, "a new one")
        older = client.get(link[1].replace("&amp;", "&")).text
        assert re.findall(r">(Note \d+)<", older) == [f"Note {number}" for number in range(4, -1, -1)]
        assert client.get("/audit?after=forged").status_code == 400

    def test_users_only(self, visitor: Client) -> None:
        """Who is not signed in does not see the trail."""
        assert visitor.get("/audit").location == "/sign-in?next=/audit"
        assert "Audit" not in visitor.get("/").text


def test_pending(bare: Cocopot) -> None:
    """With a database that lacks the tables of a plugin, the application does not start before an upgrade."""
    with pytest.raises(PluginError, match="1 migration is pending for plugin 'tags'") as caught:
        bare.start()
    assert "Run `cocopot db upgrade`." in str(caught.value)
    assert [done.revision for done in upgrade(bare)] == ["tags_1", "audit_1"]
    assert bare.test_client().get("/").status_code == 200


def test_first_start(bare: Cocopot, tmp_path: Path) -> None:
    """A new database gets the tables of all plugins."""
    bare.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'new'}"
    bare.start()
    tables = inspect(db(bare).engine).get_table_names()
    assert {"note", "user", "tags_tag", "audit_entry"} <= set(tables)
