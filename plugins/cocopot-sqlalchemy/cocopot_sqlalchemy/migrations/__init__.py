"""Migrations of the application and of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from cocopot import PluginError, hookimpl
from cocopot.cli import Finding
from cocopot_sqlalchemy.hooks_migrations import MigrationHooks
from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.owners import collect_owners
from cocopot_sqlalchemy.migrations.tables import Models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import click

    from cocopot import Cocopot, PluginManager
    from cocopot_sqlalchemy.migrations.migrator import Done
    from cocopot_sqlalchemy.migrations.states import State

__all__ = ["MigrationError", "Migrations", "upgrade"]

_KEY = "SQLALCHEMY_MIGRATIONS"


class Migrations:
    """The part of the plugin that is about migrations; its base class."""

    @hookimpl(specname="cocopot_addhooks")
    def add_migration_hooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks with which plugins provide tables and migrations."""
        pluginmanager.add_hookspecs(MigrationHooks)

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        """Add `cocopot db`."""
        from cocopot_sqlalchemy.command import group

        cli.add_command(group)

    @hookimpl(specname="cocopot_startup")
    def check_migrations(self, app: Cocopot) -> None:
        """Check tables and migrations of plugins, and compare the migrations with the database.

        Raises:
            PluginError: What a plugin provides cannot be used; or the database is behind or ahead of the
                code, and the configuration demands to refuse it.
        """
        states = _states(app)
        mode = app.config[_KEY]
        # Unknown revisions first: those of others are not applied before these are dealt with.
        for state in sorted(states, key=lambda state: state.kind != "unknown"):
            problem = state.problem()
            if problem is not None and mode == "refuse":
                raise PluginError(
                    f"{problem} {_KEY} is 'refuse', set by {app.config.origin(_KEY)}.",
                    plugin=state.owner or "sqlalchemy",
                    hook="cocopot_startup",
                    cure=state.cure(),
                )
            if problem is not None and mode == "warn":
                app.logger.warning("sqlalchemy: %s %s", problem, state.cure())
            if state.kind == "orphaned" and mode != "ignore":
                app.logger.warning("sqlalchemy: %s", state.left_over())

    @hookimpl
    def cocopot_check(self, app: Cocopot) -> list[Finding]:
        """Report a database that is behind or ahead of the code, and what plugins have left in it."""
        return list(_findings(_states(app)))

    @hookimpl
    def cocopot_inventory(self, app: Cocopot) -> Mapping[str, Sequence[str]]:
        """List the migrations of all plugins and of the application, for `cocopot plan`."""
        if not any(owner.folder for owner in collect_owners(app)):
            return {}
        from cocopot_sqlalchemy.migrations.migrator import Migrator

        migrator = Migrator(app)
        history = migrator.read_code()
        return {
            "Migrations": [
                f"{script.revision} {script.doc} ({f'plugin {name}' if name else 'application'})"
                for name in migrator.owners
                for script in history.in_code(name)
            ]
        }


def upgrade(app: Cocopot, target: str | None = None, *, plugin: str | None = None) -> list[Done]:
    """Apply the migrations that are pending, as `cocopot db upgrade` does.

    It is for tests, and for an application that creates its database at the first start. The application need
    not be started. Several processes may call it at once: one applies the migrations, the others wait.

    Args:
        app: The application.
        target: The revision to stop at, as Alembic writes it; by default all are applied.
        plugin: Apply those of a plugin only, after those of what it requires.

    Returns:
        What was applied, in this order: tuples of the plugin, empty for the application, the revision, and
        what it does.

    Raises:
        PluginError: What a plugin provides cannot be used.
        MigrationError: A migration cannot be applied; those before it are, except with SQLite.
    """
    from cocopot_sqlalchemy.migrations.migrator import Migrator

    return Migrator(app).upgrade(target, plugin=plugin)


def _findings(states: Sequence[State]) -> Iterator[Finding]:
    for state in states:
        if (problem := state.problem()) is not None:
            yield Finding("warning", "plugin", problem, state.cure(), state.owner or None)
        if state.kind == "orphaned":
            yield Finding("warning", "plugin", state.left_over(), "", state.owner or None)


def _states(app: Cocopot) -> Sequence[State]:
    """Return how the database and the code compare; nothing without migrations, or if that is ignored.

    Raises:
        PluginError: What a plugin provides cannot be used.
        SQLAlchemyError: The database cannot be read, and the configuration demands to refuse it.
    """
    owners = collect_owners(app)
    Models(app, owners)
    if app.config[_KEY] == "ignore" or not any(owner.folder for owner in owners):
        return ()
    # Alembic is imported by applications with migrations only.
    from cocopot_sqlalchemy.migrations.migrator import Migrator
    from cocopot_sqlalchemy.migrations.states import compare

    migrator = Migrator(app)
    try:
        with migrator.open() as database:
            return compare(migrator, database)
    except SQLAlchemyError as error:
        if app.config[_KEY] == "refuse":
            raise
        app.logger.warning("sqlalchemy: the migrations are not compared: %s", error)
    return ()
