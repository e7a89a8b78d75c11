"""`cocopot plan`: show what an installation would change in the application, without installing anything."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cocopot_devtools.plans.planning import make_plan
from cocopot_devtools.plans.runs import Snapshots
from cocopot_devtools.plans.staging import PlanError
from cocopot_devtools.plans.texts import plan_lines
from cocopot_devtools.processes import Seconds, cleaned_up_after_signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cocopot_devtools.plans.planning import Plan


@click.command("plan")
@click.argument("target", metavar="[DIST_OR_WHEEL]", required=False)
@click.option(
    "--without", multiple=True, metavar="DIST", help="Plan the removal of a distribution; repeatable."
)
@click.option("--upgrade", "-U", is_flag=True, help="Upgrade what is installed, as pip install does.")
@click.option("--start", is_flag=True, help="Start and close the application, too: run `cocopot check`.")
@click.option("--strict", is_flag=True, help="Exit with status 1 for warnings, too.")
@click.option(
    "--timeout",
    type=Seconds(),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long pip, and each process with the application, may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    target: str | None,
    without: Sequence[str],
    upgrade: bool,
    start: bool,
    strict: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Show what an installation would change in the application, without installing anything.

    DIST_OR_WHEEL is what pip install would get: a requirement (cocopot-cors==1.1), a wheel, an archive, or
    the folder of a project. It is installed into a temporary folder, and the application is created with
    and without it, in separate processes.

    The exit code is 0 without errors, 1 with errors, and 2 if there is nothing to plan.
    """
    if target is None and not without:
        raise click.UsageError("Name what would be installed, or what would be removed with --without.")
    snapshots = Snapshots(list(_arguments(context)), start, timeout)
    try:
        with cleaned_up_after_signals():
            plan = make_plan(target, without, snapshots, upgrade=upgrade)
    except PlanError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps(_as_data(plan), indent=2))
    else:
        click.echo("\n".join(plan_lines(plan)))
    if plan.count("error") or (strict and plan.count("warning")):
        raise SystemExit(1)


def _arguments(context: click.Context) -> Iterator[str]:
    """Yield the options of `cocopot` with which the application is found; env files have been read."""
    loader = context.obj
    if loader.target is not None:
        yield from ("--app", loader.target)
    for name in loader.disable:
        yield from ("--disable", name)


def _as_data(plan: Plan) -> dict[str, Any]:
    """Return what docs/plan.md describes."""
    differences = plan.differences
    tables: dict[str, Any] = {} if differences is None else dict(differences.tables)
    return {
        "application": plan.application,
        "distributions": plan.distributions,
        "dependencies": plan.dependencies,
        "compared": differences is not None,
        "load_order": None if differences is None else differences.load_order,
        "hooks": None if differences is None else differences.hooks,
        "renamed": None if differences is None else differences.renamed,
        **{name: tables.get(name) for name in _TABLES},
        "errors": plan.count("error"),
        "warnings": plan.count("warning"),
        "problems": [asdict(problem) for problem in plan.problems],
    }


_TABLES = (
    *("plugins", "routes", "route_options", "config"),
    *("commands", "properties", "request_properties", "inventory", "conflicts"),
)
