"""The history: the revisions of all folders, and those that are known from the database alone."""

from __future__ import annotations

import heapq
import traceback
import types
import warnings
from functools import cached_property
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alembic import op
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import DDL

from cocopot import PluginError
from cocopot_sqlalchemy.migrations.owners import APPLICATION, title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cocopot_sqlalchemy.migrations.owners import Owner
    from cocopot_sqlalchemy.migrations.store import Record

#: The folder with the template of new revisions.
TEMPLATES: Final = Path(__file__).parent / "templates"
#: Where a revision comes from that is known from the database alone.
KEPT: Final = "kept in the database"


class History(ScriptDirectory):
    """The revisions of all owners, as Alembic's script directory.

    An applied revision without a file is one, too: its downgrade executes the statements that the database
    has kept. So revisions of a plugin that is no longer installed do not stop those of others.

    Args:
        owners: The owners, in the order in which their migrations are applied.
        records: The applied migrations.
        heads: The current revisions of the database.
        is_lenient: Whether to skip a downgrade that was not kept, instead of raising.
    """

    def __init__(
        self,
        owners: Sequence[Owner],
        records: Mapping[str, Record],
        heads: Sequence[str],
        *,
        is_lenient: bool = False,
    ) -> None:
        self._owners = [owner for owner in owners if owner.folder is not None]
        self._records = records
        self._is_lenient = is_lenient
        #: The name of the owner of each revision; `None` if it is unknown.
        self.owner_of: dict[str, str | None] = {}
        #: The current revisions of the database.
        self.current = tuple(heads)
        folders = [str(owner.folder) for owner in self._owners]
        super().__init__(TEMPLATES, version_locations=folders, messaging_opts={"quiet": True})
        self._read()
        #: The applied revisions in the order in which they were applied.
        self.applied: dict[str, Script] = {s.revision: s for s in self.up_to(self.current)}

    def _sorted(self, scripts: Sequence[Script]) -> Iterator[Script]:
        """Yield revisions in the order in which they were applied, but each after those that it needs."""
        by_name = {script.revision: script for script in scripts}
        needs = {name: set(self.needed_by(script)) & by_name.keys() for name, script in by_name.items()}
        needing: dict[str, list[str]] = {name: [] for name in by_name}
        for name, needed in needs.items():
            for other in needed:
                needing[other].append(name)
        ready = [self._place(name) for name, needed in needs.items() if not needed]
        heapq.heapify(ready)
        while ready:
            _, name = heapq.heappop(ready)
            yield by_name[name]
            for other in needing[name]:
                needs[other].discard(name)
                if not needs[other]:
                    heapq.heappush(ready, self._place(other))

    def _place(self, revision: str) -> tuple[float, str]:
        record = self._records.get(revision)
        return inf if record is None else record.position, revision

    def _read(self) -> None:
        """Read the files.

        Raises:
            PluginError: A revision is there twice, or depends on one that does not exist, or lacks its label.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # before the errors that follow
                is_empty = not self.revision_map.heads
        except PluginError:
            raise
        except (KeyError, RevisionError) as error:
            problem = str(error)
            if isinstance(error, KeyError):
                problem = f"one of them follows, or depends on, revision {error}, which does not exist"
            raise PluginError(
                f"The migrations cannot be read: {problem}. Install the plugin that has it, or correct the "
                "file.",
                reason="other",
            ) from error
        except Exception as error:
            raise self._unreadable(error) from error
        if not is_empty:
            self._check_labels()

    def _load_revisions(self) -> Iterator[Script]:
        """Yield the revisions of the files, then the others."""
        found: dict[str, Script] = {}
        for script in super()._load_revisions():
            owner = self._owner_of_file(script)
            if script.revision in found:
                raise self._is_twice(script, found[script.revision], owner)
            found[script.revision] = script
            self.owner_of[script.revision] = owner.name
            yield script
        known = {label for script in found.values() for label in script.branch_labels}
        missing = {revision: record for revision, record in self._records.items() if revision not in found}
        for revision in self.current:
            if revision not in found and revision not in missing:
                self.owner_of[revision] = None
                yield _kept_script(revision, None, set(), known, lenient=False)
        for revision, record in missing.items():
            self.owner_of[revision] = record.owner
            yield _kept_script(revision, record, {*found, *missing}, known, lenient=self._is_lenient)

    def _owner_of_file(self, script: Script) -> Owner:
        path = Path(script.path)
        return next(
            owner for owner in self._owners if owner.folder is not None and path.is_relative_to(owner.folder)
        )

    def _unreadable(self, error: Exception) -> PluginError:
        """Return the error about a file that cannot be imported, with the plugin whose folder has it."""
        files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
        files.append(str(getattr(error, "filename", None) or ""))  # of a syntax error
        for owner in self._owners:
            for file in reversed(files):
                if owner.folder is not None and Path(file).is_relative_to(owner.folder):
                    return PluginError(
                        f"The migration {file} of {owner.title} cannot be imported: "
                        f"{type(error).__name__}: {error}",
                        plugin=owner.name or None,
                        reason="import",
                    )
        return PluginError(f"The migrations cannot be read: {type(error).__name__}: {error}", reason="other")

    def _is_twice(self, script: Script, other: Script, owner: Owner) -> PluginError:
        rival = self._owner_of_file(other)
        return PluginError(
            f"The migration {script.revision!r} of {owner.title} at {script.path} has the revision of one of "
            f"{rival.title} at {other.path}. Give one of them another revision.",
            plugin=owner.name or rival.name or None,
            reason="conflict",
        )

    def _check_labels(self) -> None:
        """Reject a plugin whose first revision lacks the label of its branch."""
        for owner in self._owners:
            own = self.in_code(owner.name)
            if owner.label and own and not any(owner.label in script.branch_labels for script in own):
                raise PluginError(
                    f"The migrations of {owner.title} have no label {owner.label!r}. Write branch_labels = "
                    f"({owner.label!r},) into the first one, {own[0].path}.",
                    plugin=owner.name,
                    reason="conflict",
                )

    def mark(self, scripts: Sequence[Script], *, is_applied: bool) -> None:
        """Remember that revisions have been applied, or undone."""
        for script in scripts:
            if is_applied:
                self.applied[script.revision] = script
            else:
                self.applied.pop(script.revision, None)
        followed = {down for script in self.applied.values() for down in self.needed_by(script)}
        self.current = tuple(revision for revision in self.applied if revision not in followed)

    # -- queries -------------------------------------------------------

    def up_to(self, targets: Sequence[str]) -> list[Script]:
        """Return revisions and all that they need, each after those that it needs."""
        if not targets:
            return []
        return list(self._sorted(list(self.iterate_revisions(tuple(targets), "base"))))

    def needed_by(self, script: Script) -> list[str]:
        """Return the revisions that a revision follows or depends on."""
        found = (self.get_revision(name) for name in (*down_revisions_of(script), *depends_on_of(script)))
        return [needed.revision for needed in found]

    def in_code(self, owner: str) -> list[Script]:
        """Return the revisions of an owner that have files, each after those that it depends on."""
        return [
            script for script in self._all if self.owner_of[script.revision] == owner and script.path != KEPT
        ]

    @cached_property
    def _all(self) -> list[Script]:
        """All revisions, each after those that it needs."""
        return list(self._sorted(list(self.walk_revisions())))

    def heads_in_code(self, owner: str) -> list[str]:
        """Return the last revisions of an owner that have files."""
        own = self.in_code(owner)
        followed = {down for script in own for down in down_revisions_of(script)}
        return [script.revision for script in own if script.revision not in followed]

    def applied_of(self, owner: str | None) -> list[Script]:
        """Return the applied revisions of an owner, each after those that it depends on."""
        return [script for script in self.applied.values() if self.owner_of[script.revision] == owner]

    def is_kept(self, script: Script) -> bool:
        """Whether a revision is known from the database alone."""
        return script.path == KEPT


def down_revisions_of(script: Any) -> tuple[str, ...]:
    """Return the revisions that a revision follows, without those that it only depends on."""
    down = script.down_revision
    return () if down is None else (down,) if isinstance(down, str) else tuple(down)


def depends_on_of(script: Any) -> tuple[str, ...]:
    """Return the revisions that a revision depends on, without those that it follows."""
    found = script.dependencies
    return () if found is None else (found,) if isinstance(found, str) else tuple(found)


def _kept_script(
    revision: str, record: Record | None, known: set[str], labels: set[str], *, lenient: bool
) -> Script:
    """Return a revision without a file.

    Args:
        revision: The revision.
        record: What the database has recorded; `None` if nothing.
        known: All revisions.
        labels: The labels that files define.
        lenient: Whether a downgrade that was not kept is skipped.
    """
    module: Any = types.ModuleType(f"cocopot_migration_{revision}")
    module.__doc__ = record.message if record is not None else "unknown"
    module.revision = revision
    down = () if record is None else tuple(each for each in record.down_revisions if each in known)
    module.down_revision = None if not down else down[0] if len(down) == 1 else down
    module.depends_on = () if record is None else tuple(e for e in record.depends_on if e in known)
    is_first = record is not None and record.label and not down and record.label not in labels
    module.branch_labels = (record.label,) if record is not None and is_first else ()
    if record is not None and is_first:
        labels.add(record.label)
    module.upgrade = _upgrade_of(revision)
    module.downgrade = _downgrade_of(revision, record, lenient=lenient)
    return Script(module, revision, KEPT)


def _upgrade_of(revision: str) -> Callable[[], None]:
    def upgrade() -> None:
        raise CommandError(f"The file of revision {revision!r} is not installed, so it cannot be applied.")

    return upgrade


def _downgrade_of(revision: str, record: Record | None, *, lenient: bool) -> Callable[[], None]:
    def downgrade() -> None:
        if record is not None and record.downgrade is not None:
            for statement in record.downgrade:
                op.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]  # SQLAlchemy
        elif record is None or not lenient:
            raise CommandError(_why_not(revision, record))

    return downgrade


def _why_not(revision: str, record: Record | None) -> str:
    if record is None:
        return (
            f"Revision {revision!r} is not known: it has no file, and the database has not recorded what "
            "undoes it. Install what it belongs to."
        )
    source = f"{record.distribution} {record.version}" if record.distribution else "what it belongs to"
    name = title_of(record.owner) if record.owner == APPLICATION else f"plugin {record.owner!r}"
    return (
        f"Revision {revision!r} of {name} has no file, and what undoes it could not be kept: "
        f"{record.not_kept}. Install {source}, or remove all of it with `cocopot db remove`."
    )
