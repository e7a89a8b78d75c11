"""`cocopot db`: the commands that write, apply, undo and remove migrations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click
from alembic.util import rev_id

from cocopot import current_app
from cocopot.cli import AppGroup
from cocopot_sqlalchemy.command_reports import check, current, heads, history, status
from cocopot_sqlalchemy.command_texts import friendly, printable
from cocopot_sqlalchemy.migrations import removal
from cocopot_sqlalchemy.migrations.autogenerate import write_revision
from cocopot_sqlalchemy.migrations.migrator import Migrator
from cocopot_sqlalchemy.migrations.owners import APPLICATION, migrations_folder, versions_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cocopot_sqlalchemy.migrations.migrator import Done

_Function = TypeVar("_Function", bound="Callable[..., None]")

group = AppGroup("db", help="Manage the database: the migrations of the application and of its plugins.")

_README = """The migrations of this application, applied in the order that `cocopot db history` shows.

`cocopot db revision --autogenerate -m MESSAGE` writes one into `versions/`, and `cocopot db upgrade`
applies it. Those of plugins are in their packages.
"""


def _plugin_option(help_text: str) -> Callable[[_Function], _Function]:
    return click.option("--plugin", metavar="NAME", help=help_text)


def _list(verb: str, migrations: Sequence[Done]) -> None:
    """Print migrations that were applied or undone."""
    for done in migrations:
        click.echo(
            printable(f"{verb} {done.owner or '(application)'} {done.revision} {done.message}".rstrip())
        )


@group.command("init")
def init() -> None:
    """Create the folder of the application's migrations; plugins need none."""
    folder, versions = migrations_folder(current_app), versions_folder(current_app)
    if versions.is_dir():
        raise click.ClickException(f"{versions} exists already.")
    versions.mkdir(parents=True)
    readme = folder / "README.md"
    if not readme.exists():
        readme.write_text(_README, encoding="utf-8")
    click.echo(f"Created {versions}")


@group.command("revision")
@click.option("--message", "-m", default="", metavar="TEXT", help="What the migration does.")
@click.option("--autogenerate", is_flag=True, help="Fill it with how the models differ from the database.")
@_plugin_option("Write it for a plugin, into its package; by default it is one of the application.")
@click.option("--rev-id", metavar="ID", help="Its identifier; by default a random one.")
def revision(*, message: str, autogenerate: bool, plugin: str | None, rev_id: str | None) -> None:
    """Write a new migration."""
    with friendly():
        migrator = Migrator(current_app)
        path = write_revision(migrator, message, plugin=plugin, autogenerate=autogenerate, revision=rev_id)
    click.echo("Nothing differs, so no migration was written." if path is None else f"Wrote {path}")


@group.command("migrate")
@click.option("--message", "-m", default="", metavar="TEXT", help="What the migration does.")
@_plugin_option("Write it for a plugin, into its package; by default it is one of the application.")
@click.pass_context
def migrate(context: click.Context, /, *, message: str, plugin: str | None) -> None:
    """Write a new migration from the models: revision --autogenerate."""
    context.invoke(revision, message=message, autogenerate=True, plugin=plugin, rev_id=None)


@group.command("merge")
@click.option("--message", "-m", default="merge", show_default=True, metavar="TEXT", help="What it does.")
@_plugin_option("Merge those of a plugin; by default those of the application.")
def merge(*, message: str, plugin: str | None) -> None:
    """Join the last migrations, if there are several."""
    with friendly():
        migrator = Migrator(current_app)
        owner = migrator.owners[APPLICATION] if plugin is None else migrator.owner(plugin)
        history = migrator.read_code()
        heads = history.heads_in_code(owner.name)
        if len(heads) < 2 or owner.folder is None:
            raise click.ClickException(f"{owner.subject} has only one last migration.")
        script = history.generate_revision(rev_id(), message, head=heads, version_path=str(owner.folder))
    click.echo(f"Wrote {script.path if script is not None else ''}")


@group.command("upgrade")
@click.argument("target", metavar="[REVISION]", required=False)
@_plugin_option("Apply those of a plugin only, after those of what it requires.")
@click.option("--sql", is_flag=True, help="Print the SQL, and change nothing.")
def upgrade(*, target: str | None, plugin: str | None, sql: bool) -> None:
    """Apply the migrations that are pending, of the application and of all plugins.

    REVISION is the one to stop at: its first characters, LABEL@head for a branch, or +1 for the next one.
    """
    with friendly():
        done = Migrator(current_app).upgrade(target, plugin=plugin, sql=sys.stdout if sql else None)
    if not sql:
        _list("Applied", done)
        if not done:
            click.echo("Nothing is pending.")


@group.command("stamp")
@click.argument("target", metavar="[REVISION]", required=False)
@_plugin_option("Those of a plugin only.")
def stamp(*, target: str | None, plugin: str | None) -> None:
    """Record migrations as applied, without applying them, up to a revision."""
    with friendly():
        _list("Recorded", Migrator(current_app).upgrade(target, plugin=plugin, is_only_recorded=True))


@group.command("downgrade", context_settings={"ignore_unknown_options": True})
@click.argument("target", metavar="[REVISION]", default="-1")
@_plugin_option("Undo those of a plugin; by default those of the application, and with `base` all.")
@click.option("--cascade", is_flag=True, help="Undo those of others, too, that depend on them.")
@click.option("--sql", is_flag=True, help="Print the SQL, and change nothing.")
def downgrade(*, target: str, plugin: str | None, cascade: bool, sql: bool) -> None:
    """Undo migrations: the last one, or those after REVISION.

    REVISION is the one that remains: its first characters, -2 for two steps, or base for nothing.
    """
    with friendly():
        migrator, output = Migrator(current_app), sys.stdout if sql else None
        done = migrator.downgrade(target, plugin=plugin, sql=output, cascade=cascade)
    if not sql:
        _list("Undone", done)


@group.command("remove")
@click.argument("plugin")
@click.option("--archive", is_flag=True, help="Copy the rows into tables that nothing refers to.")
@click.option("--cascade", is_flag=True, help="Remove the plugins that depend on it, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(*, plugin: str, archive: bool, cascade: bool, yes: bool) -> None:
    """Drop or archive the tables of a plugin, also of one that is no longer installed.

    All its migrations are undone, with the SQL that the database has kept if their files are gone.
    """
    with friendly():
        migrator = Migrator(current_app)
        planned = removal.remove(migrator, plugin, archive=archive, cascade=cascade, dry_run=True)
        tables = ", ".join(planned.tables) or "no table"
        if not yes:
            what = "archived and dropped" if archive else "dropped, with all rows"
            click.confirm(f"{tables}: {what}. Go on?", abort=True)
        removed = removal.remove(migrator, plugin, archive=archive, cascade=cascade)
    _list("Undone", removed.migrations)
    for table in removed.tables:
        copy = f", archived as {removed.archived[table]}" if table in removed.archived else ""
        click.echo(f"Dropped {table}{copy}")


@group.command("forget")
@click.argument("plugin", required=False)
@click.option("--revision", metavar="REVISION", help="One migration, and those that depend on it.")
def forget(*, plugin: str | None, revision: str | None) -> None:
    """Remove the migrations of a plugin from the history, without touching its tables.

    If they have been dropped by hand, upgrade creates them again then.
    """
    if (plugin is None) is (revision is None):
        raise click.UsageError("Name a plugin, or a migration with --revision.")
    with friendly():
        _list("Forgot", removal.forget(Migrator(current_app), plugin=plugin, revision=revision))


for report in (status, current, heads, history, check):
    group.add_command(report)
