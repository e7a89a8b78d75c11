"""The pages of the notes example, through its test client; tests/servers has those in a browser."""

from __future__ import annotations

import re
from secrets import token_urlsafe
from typing import TYPE_CHECKING

import pytest
from cocopot_sqlalchemy import db

from cocopot import hookimpl, request
from cocopot.exceptions import ServiceUnavailable
from tests.examples.notes import add, create_app, enter, json_of, sign_in
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client

#: The number of notes on a page.
PAGE_SIZE = 24


def messages(html: str) -> list[tuple[str, str]]:
    """Return category and text of the flash messages of a page."""
    return re.findall(r'<p class="message (\w+)" role="status">(.*)</p>', html)


def summary(html: str) -> str:
    """Return the text above the notes, or in place of them."""
    match = re.search(r'<p class="summary">(.*?)</p>|<div class="empty">\s*<h2>(.*?)</h2>', html, re.DOTALL)
    assert match
    return " ".join((match[1] or match[2]).split())


class TestReading:
    def test_escaped(self, client: Client) -> None:
        """What people write is shown as they wrote it, never run."""
        add(client, "<script>alert(1)</script>", "{{ 7 * 7 }} & <b>")
        for path in ("/?q=ALERT", "/notes/1", "/notes/1/edit", "/notes/1/delete"):
            html = client.get(path).text
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
            assert "{{ 7 * 7 }} &amp; &lt;b&gt;" in html
        assert 'value="&#34;&gt;&lt;"' in client.get("/", query_string={"q": '"><'}).text
        assert "<script>" not in client.get("/notes/<script>").text

    @pytest.mark.parametrize(
        ("number", "query", "words"),
        [
            (0, "", "There are no notes yet."),
            (0, "?q=<tea>", "There is no note with “&lt;tea&gt;”."),
            (1, "", "1 note"),
            (2, "", "2 notes"),
            (25, "", "1 to 24 of 25 notes"),
            (25, "?page=2", "25 to 25 of 25 notes"),
            (1, "?q=milk", '1 note with “milk” <a href="/">Show all notes</a>'),
        ],
    )
    def test_summary(self, client: Client, number: int, query: str, words: str) -> None:
        """The page shows which notes it has, and how to see all."""
        for _ in range(number):
            add(client)
        assert summary(client.get(f"/{query}").text) == words

    def test_pages(self, client: Client) -> None:
        """Pages lead to each other, with what was searched for."""
        for _ in range(2 * PAGE_SIZE + 1):
            add(client)
        first = client.get("/?q=milk").text
        assert 'rel="prev"' not in first
        assert 'rel="next" href="/?q=milk&amp;page=2">' in first
        assert 'rel="prev" href="/?q=milk">' in client.get("/?q=milk&page=2").text
        last = client.get("/?q=milk&page=3").text
        assert 'rel="prev" href="/?q=milk&amp;page=2">' in last
        assert 'rel="next"' not in last
        assert client.get("/?page=9").location == "/?page=3"

    def test_note(self, client: Client) -> None:
        """A note has a page, with the time of its last change, and a link to where it was opened."""
        updated = add(client)["updated"]
        assert '<a href="/notes/1?q=milk">Milk</a>' in client.get("/?q=milk").text
        html = client.get("/notes/1?q=milk").text
        assert '<a href="/?q=milk#note-1">All notes</a>' in html
        assert re.search(rf'<time datetime="{updated}">\d\d \w+ \d{{4}}, {updated[11:16]} UTC</time>', html)

    def test_visitors(self, client: Client, visitor: Client) -> None:
        """Who is not signed in reads everything, and sees no link that needs a user."""
        add(client)
        for path in ("/", "/notes/1"):
            html = visitor.get(path).text
            assert "two bottles" in html
            assert 'href="/sign-in"' in html
            assert not re.search(r'href="[^"]*(/edit|/delete|/new)', html)

    def test_links(self, client: Client) -> None:
        """Whatever the pages refer to exists, such as the code of the application."""
        add(client)
        links: set[str] = set()
        for path in ("/", "/notes/1", "/notes/1/edit", "/notes/1/delete", "/account", "/about", "/nowhere"):
            links.update(re.findall(r'(?:href|src)="(/[^"]*)"', client.get(path).text))
        for link in links:
            with client.get(link) as response:
                assert response.status_code == 200
        assert {"/static/board.css", "/api/notes", "/source/page.py", "/notes/1/edit"} <= links

    def test_about(self, app: Cocopot, visitor: Client) -> None:
        """A page shows each plugin that is loaded, with the distribution that it comes from."""
        html = " ".join(visitor.get("/about").text.split())
        for record in app.plugins.records("plugin"):
            origin = f"{record.distribution} {record.version}" if record.distribution else "this application"
            assert f'<th scope="row">{record.name}</th> <td>{origin}</td>' in html


class TestWriting:
    def test_add(self, client: Client) -> None:
        """The form adds a note, and leads to a page with a message, which the next page does not have."""
        assert 'action="/notes"' in client.get("/notes/new").text
        response = client.post("/notes", data={"title": "Milk", "body": "two\r\nbottles"})
        assert (response.status_code, response.location) == (303, "/#note-1")
        assert messages(client.get("/").text)[-1] == ("success", "The note was added.")
        assert messages(client.get("/").text) == []
        assert json_of(client.get("/api/notes/1"))["body"] == "two\nbottles"

    @pytest.mark.parametrize("path", ["/notes", "/notes/1/edit"])
    @pytest.mark.parametrize(
        ("title", "error"), [("  ", "must not be empty"), ("x" * 201, "must have at most 200")]
    )
    def test_invalid(self, client: Client, path: str, title: str, error: str) -> None:
        """A form with a mistake is shown again, with what was written, and the reason at its field."""
        add(client)
        response = client.post(path, data={"title": title, "body": "a long text"})
        assert response.status_code == 422
        assert f'id="title-error">The title {error}' in response.text
        assert 'aria-invalid="true" aria-describedby="title-error"' in response.text
        assert "a long text</textarea>" in response.text
        assert [note["title"] for note in json_of(client.get("/api/notes"))["notes"]] == ["Milk"]

    def test_edit(self, client: Client) -> None:
        """A note is changed by its form, which has its values, and keeps where it was opened."""
        add(client, "Milk", "\nafter an empty line")
        assert 'href="/notes/1/edit?q=milk"' in client.get("/?q=milk").text
        form = client.get("/notes/1/edit?q=milk").text
        assert 'action="/notes/1/edit?q=milk"' in form
        assert 'value="Milk"' in form
        assert ">\n\nafter an empty line</textarea>" in form
        response = client.post("/notes/1/edit?q=milk", data={"title": "Oat milk", "body": ""})
        assert (response.status_code, response.location) == (303, "/notes/1?q=milk")
        assert messages(client.get("/").text)[-1] == ("success", "The note was changed.")
        assert json_of(client.get("/api/notes/1"))["title"] == "Oat milk"

    def test_delete(self, client: Client) -> None:
        """A note is deleted after a question, which shows it; GET deletes nothing."""
        add(client)
        question = client.get("/notes/1/delete")
        assert (question.status_code, "two bottles" in question.text) == (200, True)
        assert client.get("/api/notes/1").status_code == 200
        for _ in range(2):  # the second one by another tab
            response = client.post("/notes/1/delete?q=milk")
            assert (response.status_code, response.location) == (303, "/?q=milk")
        assert [text for _, text in messages(client.get("/").text)].count("The note was deleted.") == 1
        assert client.get("/api/notes/1").status_code == 404

    def test_delete_the_last_one_of_a_page(self, client: Client) -> None:
        """After the only note of a page has been deleted, the page before it is shown."""
        for _ in range(PAGE_SIZE + 1):
            add(client)
        response = client.post("/notes/1/delete?page=2", follow_redirects=True)
        assert response.request.full_path == "/?page=1"
        assert summary(response.text) == "24 notes"

    @pytest.mark.parametrize(
        ("method", "path", "wanted"),
        [
            ("GET", "/notes/new", "/sign-in?next=/notes/new"),
            ("GET", "/notes/1/edit?q=a%26b", "/sign-in?next=/notes/1/edit?q%3Da%2526b"),
            ("GET", "/account", "/sign-in?next=/account"),
            ("POST", "/notes", "/sign-in"),
            ("POST", "/notes/1/edit", "/sign-in"),
            ("POST", "/notes/1/delete", "/sign-in"),
            ("POST", "/account/token", "/sign-in"),
        ],
    )
    def test_users_only(self, client: Client, visitor: Client, method: str, path: str, wanted: str) -> None:
        """Who is not signed in is sent to the sign-in, which leads back, and changes nothing."""
        add(client)
        response = visitor.open(path, method=method, data={"title": "Tea"})
        assert (response.status_code, response.location) == (303, wanted)
        assert messages(visitor.get(wanted).text) == [("info", "Please sign in first.")]
        assert [note["title"] for note in json_of(client.get("/api/notes"))["notes"]] == ["Milk"]

    def test_other_sites(self, client: Client) -> None:
        """A form that a page of another site sends is refused with a page that explains it."""
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        del client.environ_base["HTTP_AUTHORIZATION"]
        response = client.post("/notes", data={"title": "Milk"}, headers=headers)
        assert (response.status_code, response.mimetype) == (403, "text/html")
        assert "a page of another site has sent it" in response.text
        assert json_of(client.get("/api/notes"))["total"] == 0


class TestErrorPages:
    @pytest.mark.parametrize("path", ["/nowhere", "/notes/7", "/notes/7/edit", "/source/secret.py"])
    def test_not_found(self, client: Client, path: str) -> None:
        """What does not exist is a page that leads back."""
        response = client.get(path)
        assert (response.status_code, response.mimetype) == (404, "text/html")
        assert 'href="/">All notes</a>' in response.text

    def test_database_fails(self, app: Cocopot, client: Client, database: Path) -> None:
        """Without the database each page is a 500 that looks like the others."""
        client.get("/")
        db(app).engine.dispose()
        database.write_bytes(b"not a database" * 100)
        response = client.get("/")
        assert (response.status_code, response.mimetype) == (500, "text/html")
        assert 'href="/static/board.css"' in response.text

    def test_session_store_fails(self, app: Cocopot, database: Path) -> None:
        """Without the store of the sessions, pages of those who have one, and the sign-in, are a 503."""
        app = create_app(database, SESSION_STORE=f"redis://127.0.0.1:{free_port()}")
        client, visitor = app.test_client(), app.test_client()
        client.set_cookie("__Host-session", token_urlsafe(32))
        for response in (client.get("/"), client.get("/nowhere"), sign_in(visitor)):
            assert (response.status_code, response.mimetype) == (503, "text/html")
            assert "Service Unavailable" in response.text
        assert client.get("/api/notes").status_code == 200
        assert visitor.get("/").status_code == 200

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_unavailable(self, app: Cocopot, method: str) -> None:
        """A 503 passes on when to try again, and links to the same page if that changes nothing."""

        class Overloaded:
            """Refuses every page, as a plugin without its server does."""

            @hookimpl
            def cocopot_before_request(self) -> None:
                raise ServiceUnavailable(retry_after=7)

        app.plugins.register(Overloaded(), "overloaded")
        response = app.test_client().open("/sign-in", method=method)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
        assert ("Try again" in response.text) == (method == "GET")

    @pytest.mark.parametrize("path", ["/", "/nowhere", "/notes/1", "/sign-in", "/about", "/account"])
    def test_policy(self, client: Client, path: str) -> None:
        """No page has inline scripts or styles, and the policy of each allows none."""
        add(client)
        response = client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert {"script-src 'self'", "style-src 'self'"} <= set(policy.split("; "))
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\s(style|on\w+)=", response.text)


class Tags:
    """A plugin that contributes to the slots of the pages."""

    plugin_name = "tags"

    @hookimpl
    def jinja_slot(self, slot: str, context: Mapping[str, object]) -> str | None:
        """Show which note it is asked about."""
        if slot in {"note", "note_form", "note_page"}:
            return f"[{slot}: {getattr(context['note'], 'title', None)}]"
        if slot in {"head", "nav", "list", "footer", "account", "about"}:
            return f"[{slot} {request.path}]"
        return None


def test_slots(database: Path, app: Cocopot) -> None:
    """Plugins contribute to every page, to each note, to its form, and to the lists."""
    app = create_app(database)
    app.plugins.register(Tags(), "tags")
    client = app.test_client()
    enter(client, app)
    client.post("/notes", data={"title": "Milk"})
    assert all(f"[{slot} /]" in client.get("/").text for slot in ("head", "nav", "list", "footer"))
    assert "[note: Milk]" in client.get("/").text
    assert "[note: Milk]" in client.get("/notes/1").text
    assert "[note_page: Milk]" in client.get("/notes/1").text
    assert "[note_form: Milk]" in client.get("/notes/1/edit").text
    assert "[note_form: None]" in client.get("/notes/new").text
    assert "[account /account]" in client.get("/account").text
    assert "[about /about]" in client.get("/about").text
