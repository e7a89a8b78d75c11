"""`cocopot plugins`: the plugins, their states, and the order in which they run."""

from __future__ import annotations

import dataclasses
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import click
import pluggy

from cocopot.cli.completion import complete, complete_from_app
from cocopot.cli.loading import NoAppError, NoAppNamedError, load_with_errors
from cocopot.cli.masking import mask_text
from cocopot.cli.plugin_lock import lock
from cocopot.cli.plugin_reports import report_hooks, report_plugins
from cocopot.cli.plugins_text import dot_lines, graph_lines, hook_lines, plugin_lines
from cocopot.cli.tables import print_json
from cocopot.cli.tracebacks import print_error
from cocopot.exceptions import PluginError
from cocopot.hooks import PluginManager
from cocopot.hooks.failures import collect_errors
from cocopot.hooks.loading import Loader
from cocopot.hooks.selection import Selection
from cocopot.locations import locate_error
from cocopot.pipeline.defaults import BUILTINS
from cocopot.scopes import blueprints_of
from cocopot.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cocopot.app import Cocopot
    from cocopot.cli.plugin_reports import HookReport, PluginReport


def _hook_names() -> Iterable[str]:
    return PluginManager().specified_hooks()


def _endpoints(app: Cocopot) -> set[str]:
    return {rule.endpoint for rule in app.router.iter_rules()} | app.view_functions.keys()


@click.group("plugins", invoke_without_command=True)
@click.option("--hooks", "show_hooks", is_flag=True, help="Show what each hook runs, in that order.")
@click.option(
    "--hook",
    metavar="NAME",
    shell_complete=complete(_hook_names),
    help="Show that for one hook; `cocopot_` may be omitted.",
)
@click.option(
    "--endpoint",
    metavar="NAME",
    shell_complete=complete_from_app(_endpoints),
    help="Show that for the requests of one endpoint.",
)
@click.option("--all", "show_all", is_flag=True, help="Show hooks without implementations, too.")
@click.option("--graph", is_flag=True, help="Show the load order, and the reasons for it.")
@click.option("--dot", is_flag=True, help="Print that as a graph in DOT, for Graphviz, and nothing else.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a plugin failed.")
@click.option("--json", "as_json", is_flag=True, help="Print all of this as one JSON document.")
@click.option("-v", "--verbose", is_flag=True, help="Show the tracebacks of what failed.")
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    show_hooks: bool,
    hook: str | None,
    endpoint: str | None,
    show_all: bool,
    graph: bool,
    dot: bool,
    check: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show the plugins, their states, and the order in which they run.

    A plugin that fails is skipped, and shown with the reason. Without an application, the installed plugins
    are shown as an application that selects all of them would load them.
    """
    if context.invoked_subcommand is not None:
        return
    app, error, failed = load_with_errors(context.obj)
    if error is not None:
        _report_load_error(error, verbose=verbose)
    manager = _create_manager(failed) if app is None else app.plugins
    plugins = [
        _mask_report(report) for report in report_plugins(manager, "installed" if app is None else "loaded")
    ]
    hooks = _select_hooks(report_hooks(manager, _scopes(app, endpoint)), hook, show_all=show_all)
    if as_json:
        print_json(_document(app, error, plugins, hooks))
    elif dot:
        click.echo("\n".join(dot_lines(plugins)))
    else:
        show_hooks = show_hooks or show_all or bool(hook or endpoint)
        sections: list[Iterable[str]] = []
        if check or not (show_hooks or graph):
            sections.append(plugin_lines(plugins, app.name if app else None, verbose=verbose))
        if show_hooks:
            sections.append(hook_lines(hooks))
        if graph:
            sections.append(graph_lines(plugins))
        click.echo("\n\n".join("\n".join(lines) for lines in sections))
    if check:
        _exit_if_failed(plugins, error)


command.add_command(lock)

# -------------------------------------------------------------------------
# Plugins and hooks
# -------------------------------------------------------------------------


def _create_manager(failed: Mapping[str, PluginError]) -> PluginManager:
    """Return the manager of an application that loads every plugin, without setting any of them up.

    Args:
        failed: Errors of plugins that have been reported already.
    """
    manager = PluginManager()
    for name, builtin in BUILTINS.items():
        manager.register(builtin, name, origin="builtin")
    with collect_errors(), redirect_stdout(sys.stderr):
        Loader(manager).load(Selection.make(autoload=True, disable=()))
    manager.failed = {**failed, **manager.failed}
    return manager


def _scopes(app: Cocopot | None, endpoint: str | None) -> Sequence[str] | None:
    """Return the blueprints of an endpoint; `None` if none was named."""
    if endpoint is None:
        return None
    if app is None:
        raise click.UsageError("--endpoint needs an application, and there is none.")
    _check_known(endpoint, _endpoints(app), "--endpoint")
    return blueprints_of(endpoint)


def _select_hooks(reports: list[HookReport], hook: str | None, *, show_all: bool) -> list[HookReport]:
    if hook is None:
        return [report for report in reports if report.implementations or show_all]
    names = {report.name for report in reports}
    name = hook if hook in names else f"cocopot_{hook.removeprefix('cocopot_')}"
    _check_known(name, names, "--hook")
    return [report for report in reports if report.name == name]


def _check_known(name: str, known: Iterable[str], option: str) -> None:
    known = sorted(known)
    if name not in known:
        hint = did_you_mean(name, known, f"There are: {', '.join(known) or 'none'}.")
        raise click.UsageError(f"{option}: there is no {name!r}. {hint}")


# -------------------------------------------------------------------------
# Output
# -------------------------------------------------------------------------


def _report_load_error(error: BaseException, *, verbose: bool) -> None:
    """Report on standard error why the application is missing."""
    if isinstance(error, NoAppNamedError):
        click.echo("Without an application; --app names one.", err=True)
        return
    if isinstance(error, NoAppError):
        click.echo(mask_text(error.message), err=True)
        return
    if verbose:
        with redirect_stderr(io.StringIO()) as printed:
            print_error(error)
        click.echo(mask_text(printed.getvalue()), err=True, nl=False)
    place = locate_error(error)
    click.echo(
        f"The application cannot be loaded: {_describe_error(error)}{f' ({place})' if place else ''}. "
        "Plugins are shown without it.",
        err=True,
    )


def _describe_error(error: BaseException) -> str:
    return mask_text(f"{type(error).__name__}: {error}")


def _mask_report(report: PluginReport) -> PluginReport:
    """Return a report without the secrets in the texts of exceptions, such as the password of a URL."""
    error = report.error
    if error is None:
        return report
    cause = error.cause and mask_text(error.cause)
    masked = dataclasses.replace(
        error, message=mask_text(error.message), cause=cause, traceback=mask_text(error.traceback)
    )
    return dataclasses.replace(report, error=masked)


def _document(
    app: Cocopot | None,
    error: BaseException | None,
    plugins: Sequence[PluginReport],
    hooks: Sequence[HookReport],
) -> dict[str, object]:
    return {
        "application": None if app is None else app.name,
        "application_error": None if error is None else _describe_error(error),
        "plugins": [dataclasses.asdict(report) for report in plugins],
        "hooks": [dataclasses.asdict(report) for report in hooks],
    }


def _exit_if_failed(plugins: Sequence[PluginReport], error: BaseException | None) -> None:
    failed = sorted({report.name for report in plugins if report.state == "failed"})
    if failed:
        click.echo(f"Failed: {', '.join(failed)}.", err=True)
    if failed or isinstance(error, (PluginError, pluggy.PluginValidationError)):
        raise click.exceptions.Exit(1)
