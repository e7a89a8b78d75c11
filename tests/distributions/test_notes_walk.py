"""The life of two plugins, as docs/plugins-with-data.md has it: its commands, and what the pages have."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.processes import serving
from tests.distributions.environments import CHECKOUT, Environment, run
from tests.processes import clean_environ

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Builder, MakeEnvironment

EXAMPLES = CHECKOUT / "docs" / "examples"
PAGE = CHECKOUT / "docs" / "plugins-with-data.md"
PLUGINS = ("csrf", "headers", "jinja", "session", "sqlalchemy")
APPLICATION = {"COCOPOT_APP": "noteboard:create_app", "COCOPOT_NOTES_PASSWORD": "fern and moss"}
#: A user writes a note with tags, and deletes the one before; printed is what the pages have then.
VISIT = """
import json
from noteboard import create_app

client = create_app().test_client()
client.post("/sign-in", data={"name": "demo", "password": "fern and moss"})
client.post("/notes", data={"title": "Water the fern"})
note = client.get("/api/notes").json["notes"][0]
url = f"/notes/{note['id']}"
client.post(f"/notes/{note['id'] - 1}/delete")
changed = client.post(f"{url}/tags", data={"tags": "plants, moss"})
found = {
    "form": f'action="{url}/tags"' in client.get(url).text,
    "tags": changed.status_code,
    "field": client.get("/api" + url).json.get("tags"),
    "shown": ">moss<" in client.get("/").text,
    "audit": client.get("/audit").status_code,
    "link": 'href="/audit"' in client.get("/").text,
    "titles": [note["title"] for note in client.get("/api/notes").json["notes"]],
}
print(json.dumps(found))
"""
WITHOUT = {"form": False, "tags": 404, "field": None, "shown": False, "audit": 404, "link": False}
WITH_BOTH = {**WITHOUT, "form": True, "tags": 303, "field": ["moss", "plants"], "shown": True}
WITH_BOTH |= {"audit": 200, "link": True}
#: What the plugins of the application need, which is installed from the index.
LIBRARIES = ("alembic", "itsdangerous", "jinja2", "msgspec", "pwdlib[argon2]", "sqlalchemy")


def commands(heading: str) -> list[tuple[str, str]]:
    """Return the commands of a section of the page, each with what it prints."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", section, re.DOTALL))
    found = re.split(r"^\$ ", blocks, flags=re.MULTILINE)[1:]
    return [(command, output.strip()) for command, _, output in (each.partition("\n") for each in found)]


class Walk:
    """The application in an environment, in a folder of its own."""

    def __init__(self, environment: Environment, folder: Path, wheels: dict[str, Path]) -> None:
        self.environment = environment
        self.folder = folder
        self.wheels = wheels
        shutil.copytree(EXAMPLES / "notes" / "noteboard", folder / "noteboard")

    def follow(self, heading: str) -> None:
        """Run the commands of a section, and compare what they print."""
        expected = commands(heading)
        assert expected
        assert [(command, self.run(*shlex.split(command))) for command, _ in expected] == expected

    def run(self, program: str, *arguments: str) -> str:
        """Run a command, and return what it prints; of one that fails the error, with another path."""
        if program == "pip":
            action, *rest = arguments
            options = ["--no-deps", "--no-index"] if action == "install" else []
            self.environment.run_pip(action, *options, *(self.wheels.get(each, each) for each in rest))
            return ""
        command = [str(self.environment.python), "-m", program, *arguments]
        process = subprocess.run(
            command,
            cwd=self.folder,
            env=clean_environ(**APPLICATION),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if not process.returncode:
            return process.stdout.strip()
        error = "".join(process.stderr.strip().partition("Error: ")[1:])
        return re.sub(rf"{re.escape(str(self.folder))}(/\S+):\d+", r"/srv/notes\1:38", error)

    def visit(self) -> dict[str, Any]:
        """Let a user write a note and set tags, and return what the pages have."""
        found: dict[str, Any] = json.loads(
            run(self.environment.python, "-c", VISIT, cwd=self.folder, environ=APPLICATION).stdout
        )
        assert found.pop("titles") == ["Water the fern"]
        return found

    def tables(self) -> dict[str, int]:
        """Return the tables of the database that are not SQLite's own, with the number of their rows."""
        with closing(sqlite3.connect(self.folder / "instance" / "notes.sqlite")) as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            names = [name for (name,) in connection.execute(query)]
            return {
                name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names
            }


@pytest.fixture
def walk(environment: MakeEnvironment, builder: Builder, tmp_path: Path) -> Walk:
    """The application in a new environment, with the plugins that it requires, as wheels."""
    made = environment(*(CHECKOUT / "plugins" / f"cocopot-{name}" for name in PLUGINS))
    made.install(*LIBRARIES, dependencies=True)
    projects = [EXAMPLES / "notes-tags", EXAMPLES / "notes-audit"]
    names = [f"./{project.relative_to(CHECKOUT)}" for project in projects]
    return Walk(made, tmp_path, dict(zip(names, builder.wheels(*projects), strict=True)))


def test_walk(walk: Walk) -> None:
    """Each command prints what the document has, pages have what is installed, and no table is left."""
    walk.follow("Before")
    assert walk.visit() == WITHOUT
    own = walk.tables()
    assert own.keys() == {"note", "user", "alembic_version", "cocopot_migrations"}
    walk.follow("Install")
    assert walk.visit() == WITH_BOTH
    assert walk.tables().keys() == own.keys() | {"tags_tag", "audit_entry"}
    walk.follow("Uninstall")
    assert (walk.tables()["tags_tag"], walk.tables()["audit_entry"]) == (2, 2)
    assert walk.visit() == WITHOUT
    assert (walk.tables()["tags_tag"], walk.tables()["audit_entry"]) == (0, 2)
    walk.follow("Remove")
    assert walk.tables() == own
    command = [str(walk.environment.python), "-m", "cocopot", "run"]
    with serving(walk.folder, command=command, **APPLICATION) as server:
        assert "Water the fern" in server.get("/")[1]
    walk.follow("Install again")
    assert walk.visit() == WITH_BOTH
