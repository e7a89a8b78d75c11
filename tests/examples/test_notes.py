"""The API of the notes example, through its test client and through its own server."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from cocopot_sqlalchemy import db

from cocopot import PluginError
from tests.examples.notes import EXAMPLE, PASSWORD, add, create_app, json_of
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cocopot import Cocopot
    from cocopot.testing import Client


class TestConfiguration:
    def test_instance_folder(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
        """The database is in the instance folder unless another path is configured."""
        monkeypatch.delenv("COCOPOT_NOTES_DATABASE", raising=False)
        default = importlib.import_module("noteboard").create_app({"SECRET_KEY": "key"})
        assert default.config["NOTES_DATABASE"] == str(EXAMPLE / "instance" / "notes.sqlite")

    def test_environment(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment may name another file."""
        monkeypatch.setenv("COCOPOT_NOTES_DATABASE", "/srv/notes.sqlite")
        other = importlib.import_module("noteboard").create_app({"SECRET_KEY": "key"})
        assert other.config["NOTES_DATABASE"] == "/srv/notes.sqlite"

    def test_created_on_startup(self, app: Cocopot, tmp_path: Path) -> None:
        """The file and its folder are created when the application starts."""
        path = tmp_path / "new" / "notes.sqlite"
        visitor = create_app(path).test_client()
        assert not path.exists()
        assert json_of(visitor.get("/api/notes"))["total"] == 0
        assert path.exists()

    @pytest.mark.parametrize("plugin", ["csrf", "headers", "jinja", "session", "sqlalchemy"])
    def test_required_plugins(self, app: Cocopot, monkeypatch: pytest.MonkeyPatch, plugin: str) -> None:
        """Without a plugin that makes its pages or secures them, the application is not created."""
        monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", plugin)
        with pytest.raises(PluginError, match=f"'{plugin}'"):
            importlib.import_module("noteboard").create_app({"SECRET_KEY": "key"})

    def test_only_the_api_has_cors_headers(self, client: Client) -> None:
        """A page of another origin may use the API with a token, and reads no page of this one."""
        origin = {"Origin": "https://elsewhere.example"}
        assert client.get("/api/notes", headers=origin).headers["Access-Control-Allow-Origin"] == "*"
        for path in ("/", "/account", "/static/board.css"):
            with client.get(path, headers=origin) as response:
                assert "Access-Control-Allow-Origin" not in response.headers


class TestTokens:
    CHANGES = (
        ("POST", "/api/notes"),
        ("PUT", "/api/notes/1"),
        ("PATCH", "/api/notes/1"),
        ("DELETE", "/api/notes/1"),
    )

    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic ZGVtbzpmZXJuIGFuZCBtb3Nz", "x"])
    def test_refused(self, client: Client, header: str | None) -> None:
        """Without a valid token nothing is changed, even by a client that is signed in: it is a 401."""
        note = add(client)
        del client.environ_base["HTTP_AUTHORIZATION"]
        headers = {"Authorization": header} if header else {}
        for method, path in self.CHANGES:
            response = client.open(path, method=method, json={"title": "Tea"}, headers=headers)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer realm=notes"
            assert response.content_type == "application/problem+json"
        assert json_of(client.get("/api/notes"))["notes"] == [note]

    def test_from_another_site(self, client: Client, visitor: Client) -> None:
        """A script of another site that has a token may change notes: it sends no cookie."""
        visitor.environ_base["HTTP_AUTHORIZATION"] = client.environ_base["HTTP_AUTHORIZATION"]
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
        assert visitor.post("/api/notes", json={"title": "Tea"}, headers=headers).status_code == 201

    def test_replaced(self, client: Client) -> None:
        """A new token replaces the one before, is shown once, and is stored as a hash only."""
        page = client.post("/account/token")
        assert page.headers["Cache-Control"] == "no-store"
        assert client.post("/api/notes", json={"title": "Tea"}).status_code == 401
        token = re.search(r'id="token">([^<]+)<', page.text)
        assert token
        assert token[1] not in client.get("/account").text
        headers = {"Authorization": f"Bearer {token[1]}"}
        assert client.post("/api/notes", json={"title": "Tea"}, headers=headers).status_code == 201


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

    def test_rolled_back(self, app: Cocopot) -> None:
        """A request that fails after a change leaves nothing behind, and no connection in use."""

        @app.post("/fail")
        def fail() -> None:
            importlib.import_module("noteboard.store").add("half", "done")
            raise RuntimeError("too late")

        visitor = app.test_client()
        assert visitor.post("/fail").status_code == 500
        assert json_of(visitor.get("/api/notes"))["total"] == 0
        assert db(app).engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # as QueuePool has it

    def test_failed_commit(self, app: Cocopot) -> None:
        """A change that cannot be committed is a 500, not a success that the file knows nothing of."""

        @app.post("/orphan")
        def orphan() -> str:
            connection = db().session.connection()
            connection.exec_driver_sql(
                "CREATE TABLE tag (note REFERENCES note DEFERRABLE INITIALLY DEFERRED)"
            )
            connection.exec_driver_sql("INSERT INTO tag VALUES (7)")
            return "done"

        assert app.test_client().post("/orphan").status_code == 500


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

    def test_what_the_readme_lists(self, app: Cocopot) -> None:
        """The README has the plugins that the server prints, in their order."""
        text = (EXAMPLE.parents[2] / "README.md").read_text("utf-8")
        lines = text.partition(" * Plugins:\n")[2].partition("[...]")[0].splitlines()
        assert [line.split()[0] for line in lines] == [
            record.name for record in app.plugins.records("plugin") if record.name != "cocopot"
        ]

    def test_only_by_the_plugin(self, app: Cocopot, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the plugin they may not."""
        monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", "cors")
        alone = create_app(database).test_client()
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

    token = ""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.errors = folder / "stderr.txt"
        command = [sys.executable, str(EXAMPLE / "app.py"), "--host", "127.0.0.1", "--port", str(self.port)]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ
                | {
                    "COCOPOT_NOTES_DATABASE": str(folder / "notes.sqlite"),
                    "COCOPOT_NOTES_PASSWORD": PASSWORD,
                },
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

    def create_token(self) -> None:
        """Sign in, and create the token that `send` sends."""
        form = urlencode({"name": "demo", "password": PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        _, signed_in, _ = self.exchange("POST", "/sign-in", form, headers)
        cookie = signed_in["Set-Cookie"].partition(";")[0]
        _, _, page = self.exchange("POST", "/account/token", "", {"Cookie": cookie})
        match = re.search(r'id="token">([^<]+)<', page)
        assert match
        self.token = match[1]

    def send(
        self, method: str, path: str, data: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        """Send JSON, and return status, headers and the JSON that came back."""
        body = None if data is None else json.dumps(data)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}", **headers}
        status, received, text = self.exchange(method, path, body, headers)
        return status, received, json.loads(text) if text else None

    def exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Send a request, and return status, headers and text of the response."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    try:
        server.wait()
        server.create_token()
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


@pytest.mark.parametrize("store", ["", "redis://localhost"])
def test_make_run(store: str) -> None:
    """`make run SESSION_STORE=...` passes the place of the sessions on, and none without it."""
    command = ["make", "--no-print-directory", "--dry-run", "--assume-old", ".venv/installed", "run"]
    command.append(f"SESSION_STORE={store}")
    environ = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "PYTHON"}}
    line = subprocess.check_output(command, cwd=EXAMPLE.parents[2], env=environ, text=True)
    variable = f"COCOPOT_SESSION_STORE='{store}' " if store else ""
    assert line.splitlines()[-1].startswith(f"{variable}.venv/bin/python docs/examples/notes/app.py")


def test_each_response_is_logged(app: Cocopot, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A line has method, escaped path, status and duration; one that was not read to its end is marked."""
    with caplog.at_level("INFO", app.name):
        visitor.get("/api/notes")
        visitor.get("/no%0Awhere")
        visitor.get("/static/board.css").close()
    lines = [re.sub(r"\d+\.\d ms", "N ms", record.getMessage()) for record in caplog.records]
    assert lines[:2] == ["GET '/api/notes' 200 N ms", r"GET '/no\nwhere' 404 N ms"]
    assert lines[2].startswith("GET '/static/board.css' 200 N ms")
