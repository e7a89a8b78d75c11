"""The example application, through its test client and through its own server."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cocopot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from cocopot import Cocopot
    from cocopot.testing import Client

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "notes"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "notes.sqlite"


@pytest.fixture
def app(database: Path, monkeypatch: pytest.MonkeyPatch) -> Cocopot:
    monkeypatch.syspath_prepend(EXAMPLE)
    app: Cocopot = importlib.import_module("noteboard").create_app({"NOTES_DATABASE": database})
    return app


@pytest.fixture
def client(app: Cocopot) -> Client:
    return app.test_client()


def json_of(response: TestResponse) -> Any:
    return response.json


def add(client: Client, title: str = "Milk", body: str = "two bottles") -> Any:
    return json_of(client.post("/api/notes", json={"title": title, "body": body}))


class TestConfiguration:
    def test_instance_folder(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
        """The database is in the instance folder unless another path is configured."""
        monkeypatch.delenv("COCOPOT_NOTES_DATABASE", raising=False)
        default = importlib.import_module("noteboard").create_app()
        assert default.config["NOTES_DATABASE"] == str(EXAMPLE / "instance" / "notes.sqlite")

    def test_environment(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment may name another file."""
        monkeypatch.setenv("COCOPOT_NOTES_DATABASE", "/srv/notes.sqlite")
        other = importlib.import_module("noteboard").create_app()
        assert other.config["NOTES_DATABASE"] == "/srv/notes.sqlite"

    def test_made_on_startup(self, client: Client, database: Path) -> None:
        """The file and its folder are created when the application starts."""
        assert not database.exists()
        assert json_of(client.get("/api/notes"))["total"] == 0
        assert database.exists()


class TestAPI:
    def test_create(self, client: Client) -> None:
        """The response to a new note is a 201 with its Location."""
        response = client.post("/api/notes", json={"title": " Milk ", "body": "two bottles"})
        assert response.status_code == 201
        assert json_of(client.get(response.headers["Location"])) == response.json
        assert json_of(response)["title"] == "Milk"
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_kept(self, client: Client, database: Path) -> None:
        """What was created is in the SQLite file."""
        add(client)
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("SELECT title, body FROM note").fetchall() == [("Milk", "two bottles")]

    def test_put_and_patch(self, client: Client) -> None:
        """PUT replaces a whole note, PATCH changes the fields that it contains."""
        url = f"/api/notes/{add(client)['id']}"
        assert json_of(client.patch(url, json={"title": "Oat milk"}))["body"] == "two bottles"
        replaced = json_of(client.put(url, json={"title": "Tea"}))
        assert (replaced["title"], replaced["body"]) == ("Tea", "")
        assert json_of(client.get(url)) == replaced

    def test_delete(self, client: Client) -> None:
        """A deleted note does not exist any more, and its number is not reused."""
        first = add(client)["id"]
        response = client.delete(f"/api/notes/{first}")
        assert (response.status_code, response.data) == (204, b"")
        assert client.get(f"/api/notes/{first}").status_code == 404
        assert client.delete(f"/api/notes/{first}").status_code == 404
        assert add(client)["id"] > first

    def test_pages(self, client: Client) -> None:
        """Lists come in pages, newest first, that lead to each other."""
        for number in range(5):
            add(client, f"Note {number}")
        first = json_of(client.get("/api/notes?per_page=2"))
        assert [note["title"] for note in first["notes"]] == ["Note 4", "Note 3"]
        assert (first["total"], first["previous"]) == (5, None)
        second = json_of(client.get(first["next"]))
        assert [note["title"] for note in second["notes"]] == ["Note 2", "Note 1"]
        assert json_of(client.get(second["previous"])) == first
        assert json_of(client.get(second["next"]))["next"] is None

    def test_search(self, client: Client) -> None:
        """`q` finds text in title and body, whatever its case, and has no special characters."""
        add(client, "Save 100%", "no_wildcards")
        add(client, "Other")
        found = [
            json_of(client.get("/api/notes", query_string={"q": q}))["total"]
            for q in ("SAVE", "0%", "o_w", "%")
        ]
        assert found == [1, 1, 1, 1]
        assert json_of(client.get("/api/notes", query_string={"q": "x" * 60_000}))["total"] == 0

    def test_conditional(self, client: Client) -> None:
        """A client that has a note already gets 304, until the note changes."""
        url = f"/api/notes/{add(client)['id']}"
        tag = {"If-None-Match": client.get(url).headers["ETag"]}
        assert client.get(url, headers=tag).status_code == 304
        client.patch(url, json={"body": "three"})
        assert client.get(url, headers=tag).status_code == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("note", "field"),
        [
            ({}, "title"),
            ({"title": "  "}, "title"),
            ({"title": "x" * 201}, "title"),
            ({"title": "\ud800"}, "title"),
            ({"title": "a", "body": 3}, "body"),
            ({"title": "a", "body": None}, "body"),
            ({"title": "a", "colour": "red"}, "colour"),
            (["a"], "note"),
            (None, "note"),
        ],
    )
    def test_field(self, client: Client, note: Any, field: str) -> None:
        """What cannot be accepted is a 422 that names the field, and nothing is stored."""
        response = client.post("/api/notes", data=json.dumps(note), content_type="application/json")
        assert response.status_code == 422
        assert json_of(response)["errors"].keys() == {field}
        assert json_of(client.get("/api/notes"))["total"] == 0

    @pytest.mark.parametrize(
        "query", ["page=0", "page=-1", "page=two", "per_page=101", f"page={10**30}", "page=%D9%A1"]
    )
    def test_query(self, client: Client, query: str) -> None:
        """A parameter of the query string that makes no sense is named, too."""
        response = client.get(f"/api/notes?{query}")
        assert response.status_code == 422
        assert json_of(response)["errors"].keys() == {query.partition("=")[0]}

    @pytest.mark.parametrize(
        ("method", "path", "body", "content_type", "status"),
        [
            ("POST", "", "{", "application/json", 400),
            ("GET", "/7", "", "", 404),
            ("GET", f"/{2**63}", "", "", 404),
            ("GET", f"/{'9' * 5000}", "", "", 404),
            ("GET", "/7/more", "", "", 404),
            ("PUT", "", "{}", "application/json", 405),
            ("POST", "", "x" * 300_000, "application/json", 413),
            ("POST", "", "title=Milk", "application/x-www-form-urlencoded", 415),
        ],
    )
    def test_problem(
        self, client: Client, method: str, path: str, body: str, content_type: str, status: int
    ) -> None:
        """Every error of the API is JSON, those of routing and of parsing included."""
        response = client.open(f"/api/notes{path}", method=method, data=body, content_type=content_type)
        assert response.status_code == status
        assert response.content_type == "application/problem+json"
        assert json_of(response)["status"] == status

    def test_allow(self, client: Client) -> None:
        """The response to a method that is not allowed lists the allowed ones."""
        assert client.post("/api/notes/7").allow == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}

    def test_elsewhere(self, client: Client) -> None:
        """Outside of the API errors are pages; unknown paths beside `/api/notes` are not."""
        assert client.get("/nowhere").mimetype == "text/html"
        assert client.get("/api/nothing").mimetype == "application/problem+json"

    def test_rolled_back(self, app: Cocopot, database: Path) -> None:
        """A request that fails after a change leaves nothing behind, and no connection open."""
        connections = []

        @app.post("/fail")
        def fail() -> None:
            store = importlib.import_module("noteboard.store")
            store.add("half", "done")
            connections.append(importlib.import_module("cocopot").g.connection)
            raise RuntimeError("too late")

        client = app.test_client()
        assert client.post("/fail").status_code == 500
        assert json_of(client.get("/api/notes"))["total"] == 0
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connections[0].execute("SELECT 1")

    def test_failed_commit(self, app: Cocopot) -> None:
        """A change that cannot be committed is a 500, not a success that the file knows nothing of."""

        @app.post("/orphan")
        def orphan() -> str:
            connection = importlib.import_module("cocopot").g.connection
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("CREATE TABLE tag (note REFERENCES note DEFERRABLE INITIALLY DEFERRED)")
            connection.execute("INSERT INTO tag VALUES (7)")
            return "done"

        assert app.test_client().post("/orphan").status_code == 500


class TestPage:
    def test_escaped(self, client: Client) -> None:
        """What people write is shown as they wrote it, never run."""
        add(client, "<script>alert(1)</script>", "$body & <b>")
        for path in ("/?q=ALERT", "/notes/1/edit", "/notes/1/delete"):
            html = client.get(path).text
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
            assert "$body &amp; &lt;b&gt;" in html
        assert 'value="&#34;&gt;&lt;"' in client.get("/", query_string={"q": '"><'}).text
        assert "<script" not in client.get("/notes/<script>").text

    @pytest.mark.parametrize(
        ("number", "query", "words"),
        [
            *(
                (0, "", "There are no notes yet."),
                (0, "?q=tea", "There is no note with “tea”."),
                (1, "", "1 note<"),
            ),
            *(
                (2, "", "2 notes<"),
                (51, "", "1 to 50 of 51 notes<"),
                (51, "?page=2", "51 to 51 of 51 notes<"),
            ),
            (1, "?q=milk", '1 note with “milk” <a href="/">Show all notes</a>'),
        ],
    )
    def test_summary(self, client: Client, number: int, query: str, words: str) -> None:
        """The page shows which notes it has, and how to see all."""
        for _ in range(number):
            add(client)
        assert words in client.get(f"/{query}").text

    def test_pages(self, client: Client) -> None:
        """Pages lead to each other, with what was searched for."""
        for _ in range(101):
            add(client)
        first = client.get("/?q=milk").text
        assert 'rel="prev"' not in first
        assert '<a rel="next" href="/?q=milk&amp;page=2">' in first
        second = client.get("/?q=milk&page=2").text
        assert '<a rel="prev" href="/?q=milk">' in second
        assert 'rel="next"' not in client.get("/?q=milk&page=3").text

    def test_add(self, client: Client) -> None:
        """The form adds a note, and leads to a page that can be loaded again."""
        response = client.post("/notes", data={"title": "Milk", "body": "two\r\nbottles"})
        assert (response.status_code, response.location) == (303, "/?done=added")
        html = client.get(response.location).text
        assert '<p class="message" role="status">The note was added.</p>' in html
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
        """A note is changed by its form, which has its values and leads back to where it was opened."""
        add(client, "Milk", "\nafter an empty line")
        assert 'href="/notes/1/edit?q=milk"' in client.get("/?q=milk").text
        form = client.get("/notes/1/edit?q=milk").text
        assert 'action="/notes/1/edit?q=milk"' in form
        assert 'value="Milk"' in form
        assert ">\n\nafter an empty line</textarea>" in form
        response = client.post("/notes/1/edit?q=milk", data={"title": "Oat milk", "body": ""})
        assert (response.status_code, response.location) == (303, "/?done=changed&q=milk#note-1")
        assert json_of(client.get("/api/notes/1"))["title"] == "Oat milk"

    def test_delete(self, client: Client) -> None:
        """A note is deleted after a question, which shows it; GET deletes nothing."""
        add(client)
        question = client.get("/notes/1/delete")
        assert (question.status_code, "two bottles" in question.text) == (200, True)
        assert client.get("/api/notes/1").status_code == 200
        response = client.post("/notes/1/delete")
        assert (response.status_code, response.location) == (303, "/?done=deleted")
        assert client.get("/api/notes/1").status_code == 404
        assert client.post("/notes/1/delete").status_code == 303

    def test_delete_the_last_one_of_a_page(self, client: Client) -> None:
        """After the only note of a page has been deleted, the page before it is shown."""
        for _ in range(51):
            add(client)
        response = client.post("/notes/1/delete?page=2", follow_redirects=True)
        assert response.request.full_path == "/?done=deleted&page=1"
        assert "50 notes<" in response.text

    def test_time(self, client: Client) -> None:
        """A note has the time of its last change."""
        updated = add(client)["updated"]
        html = client.get("/").text
        assert re.search(rf'<time datetime="{updated}">\d\d \w+ \d{{4}}, {updated[11:16]} UTC</time>', html)

    @pytest.mark.parametrize("path", ["/nowhere", "/notes/7/edit", "/notes/7/delete", "/source/secret.py"])
    def test_not_found(self, client: Client, path: str) -> None:
        """What does not exist is a page that leads back."""
        response = client.get(path)
        assert (response.status_code, response.mimetype) == (404, "text/html")
        assert '<a href="/">All notes</a>' in response.text

    @pytest.mark.parametrize(("site", "status"), [(None, 303), ("same-origin", 303), ("cross-site", 403)])
    def test_other_sites(self, client: Client, site: str | None, status: int) -> None:
        """A form that a page of another site sends is refused."""
        headers = {} if site is None else {"Sec-Fetch-Site": site}
        assert client.post("/notes", data={"title": "Milk"}, headers=headers).status_code == status

    def test_no_script(self, client: Client) -> None:
        """The pages work without a script, and allow none."""
        add(client)
        for path in ("/", "/notes/1/edit", "/notes/1/delete", "/nowhere"):
            response = client.get(path)
            assert "<script" not in response.text
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]

    def test_links(self, client: Client) -> None:
        """Whatever the pages refer to is there, such as the code of the application."""
        add(client)
        links: set[str] = set()
        for path in ("/", "/notes/1/edit", "/notes/1/delete"):
            links.update(re.findall(r'(?:href|src)="(/[^"]*)"', client.get(path).text))
        for link in links:
            with client.get(link) as response:
                assert response.status_code == 200
        assert {"/static/board.css", "/api/notes", "/source/page.py", "/notes/1/edit"} <= links


class TestPlugins:
    PREFLIGHT = {  # noqa: RUF012 - not changed
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }

    def test_cross_origin(self, client: Client) -> None:
        """With cocopot-cors installed other origins may use the API."""
        response = client.get("/api/notes", headers={"Origin": "https://elsewhere.example"})
        assert response.headers["Access-Control-Allow-Origin"] in {"*", "https://elsewhere.example"}
        preflight = client.options("/api/notes/1", headers=self.PREFLIGHT)
        assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]

    def test_only_by_the_plugin(self, app: Cocopot, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the plugin they may not."""
        monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", "cors")
        alone = importlib.import_module("noteboard").create_app({"NOTES_DATABASE": database}).test_client()
        for response in (
            alone.get("/api/notes", headers={"Origin": "https://elsewhere.example"}),
            alone.options("/api/notes/1", headers=self.PREFLIGHT),
        ):
            assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


# -------------------------------------------------------------------------
# A real server
# -------------------------------------------------------------------------


class Server:
    """The example in a separate process.

    Args:
        folder: Where its database and what it prints go.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.errors = folder / "stderr.txt"
        command = [sys.executable, str(EXAMPLE / "app.py"), "--host", "127.0.0.1", "--port", str(self.port)]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | {"COCOPOT_NOTES_DATABASE": str(folder / "notes.sqlite")},
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )

    def wait(self) -> None:
        """Return when the server responds."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.send("GET", "/api/notes")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.errors.read_text())

    def send(
        self, method: str, path: str, data: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        """Send JSON, and return status, headers and the JSON that came back."""
        body = None if data is None else json.dumps(data)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            text = response.read()
            return response.status, response.headers, json.loads(text) if text else None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


class TestServer:
    def test_life_of_a_note(self, server: Server) -> None:
        """A note is created, read, changed and deleted over HTTP."""
        status, headers, note = server.send("POST", "/api/notes", {"title": "Milk"})
        assert status == 201
        url = headers["Location"]
        assert server.send("GET", url)[2] == note
        assert server.send("PATCH", url, {"body": "two"})[2]["body"] == "two"
        assert server.send("PUT", url, {"title": "Tea"})[2]["body"] == ""
        assert server.send("DELETE", url)[0] == 204
        assert server.send("GET", url)[0] == 404

    def test_banner(self, server: Server) -> None:
        """The banner of the server lists name, distribution and version of each plugin."""
        printed = server.errors.read_text()
        assert "Cocopot app 'noteboard', debug mode off" in printed
        assert re.search(r"^ +cors  \(cocopot-cors \d\S*\)$", printed, re.MULTILINE)

    def test_cross_origin(self, server: Server) -> None:
        """A browser's request from elsewhere is allowed, as the plugin is installed."""
        headers = server.send("GET", "/api/notes", Origin="https://elsewhere.example")[1]
        assert headers["Access-Control-Allow-Origin"]

    def test_at_once(self, server: Server) -> None:
        """Many clients that create notes at once all get a note of their own."""
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda n: server.send("POST", "/api/notes", {"title": f"Note {n}"}), range(40))
            )
        assert {status for status, _, _ in answers} == {201}
        assert len({note["id"] for _, _, note in answers}) == 40
        assert server.send("GET", "/api/notes")[2]["total"] == 40


def test_each_response_is_logged(app: Cocopot, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A line has method, escaped path, status and duration; one that was not read to its end is marked."""
    with caplog.at_level("INFO", app.name):
        client.get("/api/notes")
        client.get("/no%0Awhere")
        client.get("/static/board.css").close()
    lines = [re.sub(r"\d+\.\d ms", "N ms", record.getMessage()) for record in caplog.records]
    assert lines[:2] == ["GET '/api/notes' 200 N ms", r"GET '/no\nwhere' 404 N ms"]
    assert lines[2].startswith("GET '/static/board.css' 200 N ms")


@pytest.mark.parametrize(("number", "address"), [(0, "127.0.0.1"), (1, "10.0.0.7")])
def test_proxies(app: Cocopot, number: int, address: str) -> None:
    """The headers of proxies are trusted only as far as the configuration does."""
    app.config["NOTES_PROXIES"] = number
    app.add_url_rule("/address", "address", lambda: str(cocopot.request.remote_addr))
    headers = {"X-Forwarded-For": "192.0.2.1, 10.0.0.7"}
    assert app.test_client().get("/address", headers=headers).text == address


def test_a_wrong_number_of_proxies(app: Cocopot) -> None:
    """It stops the start, and the error names the key."""
    app.config["NOTES_PROXIES"] = "two"
    with pytest.raises(cocopot.PluginError, match="NOTES_PROXIES is 'two'"):
        app.start()
