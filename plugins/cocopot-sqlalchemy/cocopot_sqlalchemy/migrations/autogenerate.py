"""Comparing the models with the database, and writing new revisions."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import RevisionContext, compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext

from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.owners import APPLICATION, title_of
from cocopot_sqlalchemy.migrations.removal import tables_by_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alembic.script import Script

    from cocopot_sqlalchemy.migrations.migrator import Database, Migrator
    from cocopot_sqlalchemy.migrations.owners import Owner


def differences(migrator: Migrator, database: Database, owner: str | None = None) -> list[str]:
    """Return how the models differ from the tables of the database, as a list of texts.

    Args:
        migrator: The migrations.
        database: The database.
        owner: Whose tables are compared; by default those of all that have migrations.
    """
    names = (
        {owner} if owner is not None else {o.name for o in migrator.owners.values() if o.folder is not None}
    )
    options = {**migrator.options, "include_object": _included(migrator, database, names)}
    context = MigrationContext.configure(database.connection, opts=options)
    return [_shown(found) for found in compare_metadata(context, migrator.models.metadata)]


def _shown(found: Any) -> str:
    """Return a difference as a text: those of a column are a list of tuples."""
    if isinstance(found, list):
        return "; ".join(map(_shown, found))
    kind, *rest = found
    names = [
        getattr(each, "name", None) or str(each)
        for each in rest
        if not isinstance(each, dict) and each is not None
    ]
    return f"{kind}: {' '.join(map(str, names))}"


def _included(migrator: Migrator, database: Database, names: set[str]) -> Callable[..., bool]:
    """Return a function that selects the tables of some owners, and what Alembic's own option selects."""
    by_owner = tables_by_owner(migrator, database)
    models, chosen = migrator.models.owners, migrator.options.get("include_object")

    def include(found: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        table = found if kind == "table" else getattr(found, "table", None)
        if table is not None:
            owner = models.get(table.key, by_owner.get(table.name))
            if owner is None or owner not in names:
                return False
        return chosen is None or bool(chosen(found, name, kind, reflected, other))

    return include


def write_revision(
    migrator: Migrator,
    message: str,
    *,
    plugin: str | None = None,
    autogenerate: bool = False,
    revision: str | None = None,
    allow_empty: bool = False,
) -> Path | None:
    """Write a new revision into the folder of a plugin, or of the application.

    The first one of a plugin gets the label of its branch; each depends on the last ones of the plugins that
    this one requires, and of the owners of the tables that its foreign keys refer to.

    Args:
        migrator: The migrations.
        message: What it does.
        plugin: The plugin; by default it is one of the application.
        autogenerate: Whether to fill it with how the models differ from the database.
        revision: The identifier; by default a random one.
        allow_empty: Whether to write one with `autogenerate`, too, if nothing differs.

    Returns:
        The path of the file, or `None` if nothing differs.

    Raises:
        MigrationError: There is no folder, or no model, or migrations are pending.
    """
    owner = _owner(migrator, plugin, autogenerate=autogenerate)
    if autogenerate:
        with migrator.open() as database:
            _check_current(database, owner)
            return _write(
                migrator, owner, database.history, message, revision, database, allow_empty=allow_empty
            )
    return _write(migrator, owner, migrator.read_code(), message, revision, None, allow_empty=True)


def _owner(migrator: Migrator, plugin: str | None, *, autogenerate: bool) -> Owner:
    owner = migrator.owners[APPLICATION] if plugin is None else migrator.owner(plugin)
    if owner.folder is None:
        if plugin is None:
            raise MigrationError("The application has no migrations: `cocopot db init` creates their folder.")
        raise MigrationError(
            f"{owner.subject} has no migrations: return their folder and label from its "
            "sqlalchemy_migrations."
        )
    if plugin is not None and any(owner.folder.is_relative_to(folder) for folder in _installed_folders()):
        raise MigrationError(
            f"{owner.subject} is installed, and its next release would not have the migration: install its "
            "project with `pip install --editable` to write one."
        )
    if autogenerate and not migrator.models.of(owner.name):
        cure = (
            "set SQLALCHEMY_METADATA, such as 'shop.models:Base'"
            if plugin is None
            else "import the modules with the models in its sqlalchemy_metadata, and return their metadata"
        )
        raise MigrationError(f"There are no models of {owner.title}: {cure}.")
    return owner


def _installed_folders() -> set[Path]:
    return {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}


def _check_current(database: Database, owner: Owner) -> None:
    """Reject a database in which migrations are pending that the new one would repeat."""
    for name in (owner.name, *owner.requires):
        history = database.history
        pending = [s.revision for s in history.in_code(name) if s.revision not in history.applied]
        if pending:
            raise MigrationError(
                f"The migration {pending[0]!r} of {title_of(name)} is pending. Run `cocopot db upgrade` "
                "first: the models are compared with the database."
            )


def _write(
    migrator: Migrator,
    owner: Owner,
    history: Any,
    message: str,
    revision: str | None,
    database: Database | None,
    *,
    allow_empty: bool,
) -> Path | None:
    heads = history.heads_in_code(owner.name)
    if len(heads) > 1:
        raise MigrationError(
            f"{owner.subject} has several last migrations: {', '.join(heads)}. `cocopot db merge` joins them."
        )
    arguments: dict[str, Any] = {
        "message": message,
        "sql": False,
        "head": heads[0] if heads else "base",
        "splice": False,
        "branch_label": owner.label if owner.label and not heads else None,
        "version_path": str(owner.folder),
        "rev_id": revision,
        "depends_on": _needed(migrator, history, owner),
    }
    context = RevisionContext(Config(), history, arguments)
    if database is not None:
        _fill(migrator, context, database, owner)
        if context.generated_revisions[0].upgrade_ops is None or (
            context.generated_revisions[0].upgrade_ops.is_empty() and not allow_empty
        ):
            return None
    scripts: list[Script | None] = list(context.generate_scripts())
    return Path(scripts[0].path) if scripts and scripts[0] is not None else None


def _fill(migrator: Migrator, context: RevisionContext, database: Database, owner: Owner) -> None:
    """Fill a new revision with how the models differ from the database."""
    history = database.history

    def compare(_rev: Any, migration_context: MigrationContext) -> Sequence[Any]:
        # Alembic requires all branches to be current; those of others do not matter here.
        heads = tuple(script.revision for script in history.get_revisions("heads"))
        context.run_autogenerate(heads, migration_context)
        return []

    include = _included(migrator, database, {owner.name})
    options = {"render_as_batch": True, **migrator.options, "include_object": include}
    with EnvironmentContext(
        Config(), history, fn=compare, template_args=context.template_args
    ) as environment:
        environment.configure(connection=database.connection, dont_mutate=True, **options)
        environment.run_migrations()


def _needed(migrator: Migrator, history: Any, owner: Owner) -> list[str] | None:
    """Return the last revisions of the owners that this one needs, without those that it has already."""
    referred = migrator.models.referred().get(owner.name, set())
    known = {needed for script in history.in_code(owner.name) for needed in history.needed_by(script)}
    found = [
        head
        for name in migrator.owners
        if name != owner.name and (name in owner.requires or name in referred)
        for head in history.heads_in_code(name)
        if head not in known
    ]
    return found or None
