"""Plan an installation: stage it, take a snapshot with and without it, and compare them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from cocopot.testing import plugin_entry_points
from cocopot_devtools.plans.dependencies import describe_dependencies, find_lacks, unknown_extras
from cocopot_devtools.plans.differences import compare
from cocopot_devtools.plans.pip import Pip
from cocopot_devtools.plans.problems import Problem, find_problems
from cocopot_devtools.plans.runs import Change, SnapshotError
from cocopot_devtools.plans.staging import PlanError, distributions_in, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importlib_metadata._meta import IDistribution

    from cocopot_devtools.plans.differences import Differences
    from cocopot_devtools.plans.problems import Severity
    from cocopot_devtools.plans.runs import Snapshots
    from cocopot_devtools.plans.staging import Staged

_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation would change.

    Args:
        application: Name of the application; `None` if it cannot be loaded.
        distributions: The distributions that change, the one that was asked for first.
        dependencies: What that one depends on.
        differences: How the application differs; `None` if it could not be compared.
        problems: What it would cause, errors first.
    """

    application: str | None
    distributions: Sequence[Mapping[str, Any]]
    dependencies: Sequence[Mapping[str, Any]]
    differences: Differences | None
    problems: Sequence[Problem]

    def count(self, severity: Severity) -> int:
        """Return how many problems have a severity."""
        return sum(problem.severity == severity for problem in self.problems)


def make_plan(argument: str | None, without: Sequence[str], snapshots: Snapshots, *, upgrade: bool) -> Plan:
    """Return what an installation would change in an application.

    Args:
        argument: A requirement, or the path of a wheel, an archive or a project's folder; `None` for none.
        without: Names of distributions that would be removed.
        snapshots: Takes snapshots of the application.
        upgrade: Whether to upgrade what is installed, as with `pip install --upgrade`.

    Raises:
        PlanError: If an argument names nothing, or there is no application.
    """
    with tempfile.TemporaryDirectory(prefix="cocopot-plan-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        staged = stage(argument, without, Pip(folder, snapshots.timeout), upgrade=upgrade)
        before = distributions_in()
        after = {name: found for name, found in before.items() if name not in staged.removed} | staged.new()
        problems = [*staged.problems, *_notes(staged, argument), *find_lacks(staged.target, before, after)]
        old, new = _take_both(snapshots, staged.change(before), problems)
        differences = None
        if old is not None and new is not None:
            differences = compare(old, new)
            problems += find_problems(old, new, differences)
        application = next((each["application"] for each in (old, new) if each and each["application"]), None)
        return Plan(
            application,
            list(_changes(staged, before, after)),
            describe_dependencies(staged.target, before, after),
            differences,
            sorted(dict.fromkeys(problems), key=lambda problem: _SEVERITIES.index(problem.severity)),
        )


def _take_both(
    snapshots: Snapshots, change: Change, problems: list[Problem]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return snapshots before and after a change; `None` for one that cannot be taken, which is a problem."""
    old, new = None, None
    try:
        old = snapshots.take(Change())
    except SnapshotError as error:
        problems.append(Problem("error", "application", f"Now the application cannot be created. {error}"))
    if old is not None and "missing" in old:
        raise PlanError(old["missing"])
    if not change.is_any():
        return old, old
    try:
        new = snapshots.take(change)
    except SnapshotError as error:
        problems.append(Problem("error", "application", f"The application could not be created. {error}"))
    return old, new


def _notes(staged: Staged, argument: str | None) -> Iterator[Problem]:
    new = staged.new()
    target = new.get(staged.target.name)
    if staged.excluded:
        yield Problem("note", "installation", f"Nothing would be installed: {staged.excluded}.")
    elif argument is not None and not staged.problems and not new:
        message = f"What {argument} asks for is installed already; --upgrade plans the newest release."
        yield Problem("note", "installation", message)
    if target is None:
        return
    for extra in unknown_extras(target, staged.target.extras):
        message = f"{target.name} {target.version} has no extra {extra!r}, so that pip ignores it."
        yield Problem("warning", "installation", message, "Correct or remove its name in the brackets.")
    if not plugin_entry_points(target):
        message = f"{target.name} registers no plugin: an application does not load it by itself."
        yield Problem("note", "plugin", message)


def _changes(
    staged: Staged, before: Mapping[str, IDistribution], after: Mapping[str, IDistribution]
) -> Iterator[dict[str, Any]]:
    """Yield for each distribution that changes its versions, and what is done."""
    for key in sorted({*staged.new(), *staged.removed}, key=lambda name: (name != staged.target.name, name)):
        old = str(before[key].version) if key in before else None
        new = str(after[key].version) if key in after else None
        name = str((after.get(key) or before[key]).name)
        yield {"name": name, "before": old, "after": new, "change": _change(old, new)}


def _change(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "install" if before is None else "remove"
    try:
        old, new = Version(before), Version(after)
    except InvalidVersion:
        return "reinstall" if before == after else "upgrade"
    return "reinstall" if old == new else "upgrade" if old < new else "downgrade"
