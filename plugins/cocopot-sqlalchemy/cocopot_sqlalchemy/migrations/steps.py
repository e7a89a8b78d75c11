"""Running migrations: steps of Alembic, with the record of each."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.util import CommandError
from sqlalchemy import inspect
from sqlalchemy.schema import CreateTable

from cocopot_sqlalchemy.migrations.errors import MigrationError
from cocopot_sqlalchemy.migrations.history import depends_on_of, down_revisions_of
from cocopot_sqlalchemy.migrations.owners import title_of
from cocopot_sqlalchemy.migrations.store import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from alembic.script import Script
    from sqlalchemy import Connection, Dialect

    from cocopot_sqlalchemy.migrations.history import History
    from cocopot_sqlalchemy.migrations.owners import Owner
    from cocopot_sqlalchemy.migrations.store import Store


@dataclass(frozen=True, slots=True)
class Options:
    """How migrations are run.

    Args:
        configure: Arguments of Alembic's `configure`, from SQLALCHEMY_MIGRATIONS_OPTIONS.
        store: The tables of the bookkeeping.
        sql: Where the SQL is written, instead of executing it.
        is_only_recorded: Whether to record the steps, without executing them.
    """

    configure: Mapping[str, Any]
    store: Store
    sql: TextIO | None = None
    is_only_recorded: bool = False


def current_heads(connection: Connection, versions: str) -> tuple[str, ...]:
    """Return the current revisions of a database.

    Args:
        connection: The connection.
        versions: The table that has them.
    """
    if not inspect(connection).has_table(versions):
        return ()
    context = MigrationContext.configure(connection, opts={"version_table": versions})
    return context.get_current_heads()


class Runner:
    """Runs migrations.

    Args:
        connection: The connection, which has the lock.
        history: The history.
        owners: The owners by name.
        records: The applied migrations; changed with each step.
        options: How they are run.
    """

    def __init__(
        self,
        connection: Connection,
        history: History,
        owners: Mapping[str, Owner],
        records: dict[str, Record],
        options: Options,
    ) -> None:
        self._connection = connection
        self._history = history
        self._owners = owners
        self._records = records
        self._options = options
        self._store = options.store
        self._tables: set[str] = set()
        self._had_store = False

    def upgrade(self, scripts: Sequence[Script]) -> None:
        """Apply migrations, in this order, and record them."""
        self._run(scripts, is_upgrade=True)

    def downgrade(self, scripts: Sequence[Script]) -> None:
        """Undo migrations, in this order, and remove their records."""
        self._run(scripts, is_upgrade=False)

    def _run(self, scripts: Sequence[Script], *, is_upgrade: bool) -> None:
        if not scripts:
            return
        make = MigrationStep.upgrade_from_script if is_upgrade else MigrationStep.downgrade_from_script
        steps = [make(self._history.revision_map, script) for script in scripts]
        kept = {
            s.revision: render_downgrade(self._history, s, self._connection.dialect)
            for s in scripts
            if is_upgrade
        }
        for step, script in zip(steps, scripts, strict=True):
            function = _do_nothing if self._options.is_only_recorded else step.migration_fn
            step.migration_fn = self._named(function, script)
        if self._options.sql is None:
            self._store.table.create(self._connection, checkfirst=True)
            self._tables = set(inspect(self._connection).get_table_names())
        elif not self._has_store():
            text = str(CreateTable(self._store.table).compile(dialect=self._connection.dialect)).strip()
            self._options.sql.write(f"{text};\n\n")
        is_sqlite = self._connection.dialect.name == "sqlite"
        if not is_sqlite:
            self._connection.commit()  # so that Alembic begins and commits a transaction for each step

        def record(ctx: MigrationContext, step: Any, **_: object) -> None:
            if step.is_upgrade:
                self._record(ctx, step.up_revision, *kept[step.up_revision_id])
            elif step.up_revision_id in self._records:
                del self._records[step.up_revision_id]
                ctx.execute(self._store.forget(step.up_revision_id))

        as_sql = self._options.sql is not None
        context = EnvironmentContext(Config(), self._history, fn=lambda _rev, _ctx: steps, as_sql=as_sql)
        with context as environment:
            self._configure(environment, record)
            with nullcontext() if is_sqlite and not as_sql else environment.begin_transaction():
                environment.run_migrations()
        self._history.mark(scripts, is_applied=is_upgrade)

    def _named(self, function: Callable[..., None], script: Script) -> Callable[..., None]:
        """Return the function of a migration; its errors are those of the migration."""
        name = self._history.owner_of[script.revision]
        owner = self._owners.get(name or "")
        title = title_of(name or "") if owner is None else owner.title

        @wraps(function)
        def run(**kwargs: object) -> None:
            try:
                function(**kwargs)
            except (CommandError, MigrationError):
                raise
            except Exception as error:
                raise MigrationError(
                    f"The migration {script.revision!r} ({script.doc}) of {title} ({script.path}) failed, "
                    f"and is not done: {type(error).__name__}: {error}"
                ) from error

        return run

    def _has_store(self) -> bool:
        """Whether the table of the records exists, or its creation has been written."""
        had, self._had_store = self._had_store, True
        return had or self._store.exists(self._connection)

    def _configure(self, environment: EnvironmentContext, record: Any) -> None:
        options: dict[str, Any] = {**self._options.configure, "on_version_apply": record}
        if self._options.sql is None:
            options |= {"connection": self._connection, "transaction_per_migration": True}
        else:
            name = self._connection.dialect.name
            options |= {
                "dialect_name": name,
                "dialect_opts": {"paramstyle": "named"},
                "literal_binds": True,
                "output_buffer": self._options.sql,
                "starting_rev": self._history.current,
            }
        environment.configure(**options)

    def _record(self, context: MigrationContext, script: Any, kept: tuple[str, ...] | None, why: str) -> None:
        name = self._history.owner_of[script.revision] or ""
        owner = self._owners[name]
        created: set[str] = set()
        if self._options.sql is None:
            tables = set(inspect(self._connection).get_table_names())
            created, self._tables = tables - self._tables, tables
        found = Record(
            script.revision,
            1 + max((record.position for record in self._records.values()), default=0),
            name,
            label=owner.label,
            distribution=owner.distribution,
            version=owner.version,
            message=script.doc,
            down_revisions=down_revisions_of(script),
            depends_on=depends_on_of(script),
            requires=owner.requires,
            tables=tuple(sorted(self._store.without_bookkeeping(created))),
            downgrade=kept,
            not_kept=why,
        )
        if script.revision in self._records:  # undone by another tool
            context.execute(self._store.forget(script.revision))
        self._records[script.revision] = found
        context.execute(self._store.insert(found))


def _do_nothing(**_: object) -> None:
    """Stand for a migration that is only recorded."""


#: SQL statements, or `None` and why they cannot be rendered.
Rendered: TypeAlias = tuple[tuple[str, ...] | None, str]


class _Statements(list[str]):
    """Collects the statements that Alembic writes, each by one call."""

    def write(self, text: str) -> None:
        """Add a statement, without the semicolon and blank lines after it."""
        self.append(text.strip().removesuffix(";"))

    def flush(self) -> None:
        """Do nothing, as there is no buffer."""


def render_downgrade(
    history: History, script: Script, dialect: Dialect
) -> tuple[tuple[str, ...] | None, str]:
    """Return the SQL statements that undo a migration, or `None` and why they cannot be rendered.

    They cannot if its downgrade reads from the database, as a batch operation of SQLite does.

    Args:
        history: The history.
        script: The migration.
        dialect: The dialect of the database.
    """
    statements = _Statements()
    with EnvironmentContext(Config(), history, as_sql=True) as environment:
        environment.configure(
            dialect_name=dialect.name,
            dialect_opts={"paramstyle": "named"},
            output_buffer=statements,  # type: ignore[arg-type]  # Alembic writes and flushes it
            literal_binds=True,
        )
        try:
            with Operations.context(environment.get_context()):
                script.module.downgrade()
        except Exception as error:  # noqa: BLE001 - whatever the code of a migration raises
            return None, " ".join(str(error).split()) or type(error).__name__
    return tuple(statements), ""
