"""Plugins with tables: installed as wheels, migrated, uninstalled, removed, and installed again."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.distributions.environments import CHECKOUT, DEVTOOLS, PYPROJECT, Environment, run
from tests.processes import clean_environ
from tests.services import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.distributions.environments import Builder, MakeEnvironment

PLUGIN = '''
from pathlib import Path

from cocopot import hookimpl
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables of the plugin."""


class Model(Base):
    __tablename__ = "{name}_{name}"

    id: Mapped[int] = mapped_column(primary_key=True)
    {column}


class Plugin:
    plugin_name = "{name}"
    requires = {requires}

    @hookimpl
    def sqlalchemy_metadata(self):
        return Base.metadata

    @hookimpl
    def sqlalchemy_migrations(self):
        return Path(__file__).parent / "migrations", "{name}"
'''
MIGRATION = '''
"""create {name}"""

import sqlalchemy as sa
from alembic import op

revision = "{name}1"
down_revision = None
branch_labels = ("{name}",)
depends_on = {depends_on}


def upgrade():
    op.create_table("{name}_{name}", sa.Column("id", sa.Integer, primary_key=True){column})


def downgrade():
    op.drop_table("{name}_{name}")
'''
#: Runs commands in one process, and prints as JSON what each prints.
COMMANDS = """
import json, sys
from click.testing import CliRunner
from cocopot.cli import main

results = [CliRunner().invoke(main, ["--app", "application", *each.split()]) for each in sys.argv[1:]]
print(json.dumps([result.output for result in results if result.exit_code == 0]))
"""


def write_plugin(folder: Path, name: str, other: str = "") -> Path:
    """Write the project of a plugin with a table, which refers to that of another plugin."""
    package = folder / f"cocopot-{name}" / f"cocopot_{name}"
    (package / "migrations").mkdir(parents=True)
    model = f"other: Mapped[int] = mapped_column(ForeignKey('{other}_{other}.id'))" if other else ""
    foreign = f"sa.ForeignKey('{other}_{other}.id'), nullable=False"
    column = f", sa.Column('other', sa.Integer, {foreign})" if other else ""
    source = PLUGIN.format(name=name, column=model, requires=(other,) if other else ())
    package.joinpath("__init__.py").write_text(source)
    depends_on = (f"{other}1",) if other else None
    migration = MIGRATION.format(name=name, column=column, depends_on=depends_on)
    package.joinpath("migrations", f"{name}1.py").write_text(migration)
    toml = PYPROJECT.format(
        distribution=f"cocopot-{name}",
        version="1.2",
        group="cocopot.plugins",
        name=name,
        value=f"cocopot_{name}:Plugin",
    ).replace('include = ["*.py"]', f'packages = ["cocopot_{name}"]')
    package.parent.joinpath("pyproject.toml").write_text(toml)
    return package.parent


class Shop:
    """An application in an environment, and its database."""

    def __init__(self, environment: Environment, url: str, wheels: dict[str, Path]) -> None:
        self.environment = environment
        self.wheels = wheels
        self.folder = environment.write_application(f"app.config['SQLALCHEMY_DATABASE_URI'] = {url!r}")

    def cocopot(self, *commands: str) -> list[str]:
        """Run commands in one process, and return what they print."""
        process = run(self.environment.python, "-c", COMMANDS, *commands, cwd=self.folder)
        outputs: list[str] = json.loads(process.stdout)
        assert len(outputs) == len(commands), outputs
        return outputs

    def upgrade_at_once(self) -> list[str]:
        """Run three upgrades at once, and return what they print."""
        command = [str(self.environment.python), "-m", "cocopot", "--app", "application", "db", "upgrade"]
        options: dict[str, Any] = {"cwd": self.folder, "env": clean_environ(), "text": True}
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, **options) for _ in range(3)]
        outputs = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0]
        return sorted(outputs)


@pytest.fixture(scope="module")
def wheels(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of two plugins, one of which requires the other."""
    folder = tmp_path_factory.mktemp("projects")
    projects = {"tags": write_plugin(folder, "tags"), "labels": write_plugin(folder, "labels", "tags")}
    return dict(zip(projects, builder.wheels(*projects.values()), strict=True))


@pytest.fixture(scope="module")
def installed(environment: MakeEnvironment) -> Environment:
    """An environment with the plugin of this checkout, built as a wheel, and its dependencies."""
    made = environment(CHECKOUT / "plugins" / "cocopot-sqlalchemy", DEVTOOLS)
    made.install("sqlalchemy", "alembic", "psycopg[binary]", dependencies=True)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(
    request: pytest.FixtureRequest, installed: Environment, wheels: dict[str, Path], tmp_path: Path
) -> Iterator[Shop]:
    """An application with each of the databases."""
    if request.param == "sqlite":
        yield Shop(installed, f"sqlite:///{tmp_path / 'shop.sqlite'}", wheels)
    else:
        with running_postgresql() as url:
            yield Shop(installed, url.replace("postgresql:", "postgresql+psycopg:"), wheels)


def states(output: str) -> dict[str, str]:
    """Return the state of each plugin."""
    return {state["owner"]: state["kind"] for state in json.loads(output)}


STATUS = "db status --json"


def test_the_life_of_two_plugins(shop: Shop) -> None:
    """Installed, migrated by three processes at once, uninstalled, reinstalled, downgraded, and removed."""
    shop.environment.install(*shop.wheels.values())
    assert shop.upgrade_at_once() == [
        "Applied tags tags1 create tags\nApplied labels labels1 create labels\n",
        "Nothing is pending.\n",
        "Nothing is pending.\n",
    ]
    shop.environment.run_pip("uninstall", "--yes", "cocopot-labels", "cocopot-tags")
    status, upgraded = shop.cocopot(STATUS, "db upgrade")
    assert states(status) == {"tags": "orphaned", "labels": "orphaned"}
    assert upgraded == "Nothing is pending.\n"
    shop.environment.install(*shop.wheels.values())
    writing = ("-m", "cocopot", "--app", "application", "db", "revision", "--plugin", "tags")
    with pytest.raises(RuntimeError, match="install its project with `pip install --editable`"):
        run(shop.environment.python, *writing, cwd=shop.folder)
    checked, undone, status, applied = shop.cocopot(
        "db check", "db downgrade -1 --plugin labels", STATUS, "db upgrade"
    )
    assert checked == "The database is current, and the models are as in the database.\n"
    assert undone == "Undone labels labels1 create labels\n"
    assert states(status) == {"tags": "current", "labels": "new"}
    assert applied == "Applied labels labels1 create labels\n"
    shop.environment.run_pip("uninstall", "--yes", "cocopot-labels", "cocopot-tags")
    archived, removed, status = shop.cocopot(
        "db remove labels --archive --yes", "db remove tags --yes", STATUS
    )
    assert "Dropped labels_labels, archived as cocopot_archived_labels_labels" in archived
    assert "Dropped tags_tags" in removed
    assert states(status) == {}


def test_the_plan_of_an_installation(installed: Environment, wheels: dict[str, Path], tmp_path: Path) -> None:
    """It shows the migrations that the installation would add."""
    shop = Shop(installed, f"sqlite:///{tmp_path / 'shop.sqlite'}", wheels)
    (output,) = shop.cocopot(f"plan {wheels['tags']}")
    assert "\nMigrations\n  + tags1 create tags (plugin tags)\n" in output


def test_a_new_migration(installed: Environment, tmp_path: Path) -> None:
    """The template of the wheel is used to write it."""
    shop = Shop(installed, f"sqlite:///{tmp_path / 'shop.sqlite'}", {})
    assert "_notes.py" in shop.cocopot("db init", "db revision -m notes")[1]
