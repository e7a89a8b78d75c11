"""`cocopot check`: load, start and close the application, and report everything that is wrong with it."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
import traceback
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, NoReturn

import click

from cocopot.cli.findings import Finding, error_finding, findings_of, warning
from cocopot.cli.groups import ApplicationGroup
from cocopot.cli.plugin_findings import findings_of_plugins
from cocopot.cli.production import production_findings
from cocopot.cli.tables import print_json
from cocopot.cli.tracebacks import print_error
from cocopot.exceptions import ConfigError, RouteOptionError
from cocopot.functions import code_of
from cocopot.hooks.failures import collect_errors
from cocopot.hooks.source import function_of
from cocopot.hooks.wrappers import is_wrapper
from cocopot.registry.route_options import check_route_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pluggy

    from cocopot.app import Cocopot
    from cocopot.cli.findings import Kind
    from cocopot.cli.loading import AppLoader

_CONFLICT_CURE = "Disable one of the plugins, or configure it otherwise."


@click.command("check")
@click.option("--strict", is_flag=True, help="Exit with status 1 for warnings, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Show the tracebacks of exceptions.")
@click.pass_obj
def command(loader: AppLoader, *, strict: bool, as_json: bool, verbose: bool) -> None:
    """Check the application before it is deployed: load, start and close it, and report what is wrong.

    Errors are plugins that fail or conflict, invalid configuration, and exceptions at import, startup and
    shutdown. Warnings are settings that do not suit production. The exit status is 1 if there are errors.
    """
    with redirect_stdout(sys.stderr), _exit_raises():
        app, findings = _DryRun(loader, print_error if verbose else None).run()
    findings = sorted(dict.fromkeys(findings), key=lambda finding: finding.severity)
    counts = {severity: [f.severity for f in findings].count(severity) for severity in ("error", "warning")}
    if as_json:
        print_json(
            {
                "application": None if app is None else app.name,
                "errors": counts["error"],
                "warnings": counts["warning"],
                "findings": [dataclasses.asdict(finding) for finding in findings],
            }
        )
    else:
        _print(findings)
        click.echo(", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items()))
    if counts["error"] or (strict and counts["warning"]):
        raise click.exceptions.Exit(1)


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        first, *others = finding.lines()
        click.echo(f"{finding.severity}: {first}")
        for line in others:
            click.echo(f"  {line}")


class _DryRun:
    """Loads, starts and closes an application, and collects what goes wrong.

    Args:
        loader: Loads the application.
        on_error: Called with each exception.
    """

    def __init__(self, loader: AppLoader, on_error: Callable[[BaseException], None] | None) -> None:
        self._loader = loader
        self._on_error = on_error
        self._findings: list[Finding] = []

    def run(self) -> tuple[Cocopot | None, list[Finding]]:
        """Return the application, or `None` if it cannot be loaded, and the findings."""
        app = None
        with collect_errors() as failed, _collect_warnings(self._findings):
            with self._collect("application"):
                app = self._loader.load()
            if app is not None:
                self._check(app)
        for error in failed.values():
            self._add(error, "plugin")
        return app, self._findings

    def _check(self, app: Cocopot) -> None:
        with self._collect("plugin"):
            app.plugins.hook.cocopot_json_provider(app=app)
        commands, group = app.plugins.call_order("cocopot_register_commands"), ApplicationGroup(app)
        for name in dict.fromkeys(impl.plugin_name for impl in commands if not is_wrapper(impl)):
            group.registering = name
            own = [impl for impl in commands if is_wrapper(impl) or impl.plugin_name == name]
            self._call_each(own, "plugin", "cocopot_register_commands", app=app, cli=group)
        with self._collect("route option"):
            check_route_options(app)
        self._start(app)
        # Those that are errors have been raised.
        reports = (conflict for conflict in app.plugins.conflicts if not conflict.is_error)
        self._findings += (warning("conflict", str(conflict), _CONFLICT_CURE) for conflict in reports)
        self._findings += production_findings(app.config, self._loader.target)
        if app.started:
            with self._collect("plugin"), app.app_context():
                self._findings += findings_of_plugins(app)
        with self._collect("shutdown"):
            app.close()

    def _start(self, app: Cocopot) -> None:
        """Start the application; after an error, run the startup hooks that have not run, one by one."""
        impls: Sequence[pluggy.HookImpl] = app.plugins.call_order("cocopot_startup")
        try:
            app.start()
        except (ConfigError, RouteOptionError) as error:
            self._add(error, "configuration")
        except BaseException as error:  # noqa: BLE001 - whatever the application's code raises
            self._add(error, "startup")
            impls = _after_failure(impls, error)
        else:
            return
        with app.app_context():
            self._call_each(impls, "startup", "cocopot_startup", app=app)

    def _call_each(
        self, impls: Sequence[pluggy.HookImpl], kind: Kind, hook: str, *, app: Cocopot, **kwargs: object
    ) -> None:
        """Call each implementation by itself, with the wrappers around it."""
        wrappers = [impl for impl in impls if is_wrapper(impl)]
        for impl in impls:
            if not is_wrapper(impl):
                with self._collect(kind):
                    app.plugins.call_implementations(hook, [impl, *wrappers], app=app, **kwargs)

    @contextmanager
    def _collect(self, kind: Kind) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the application's code raises
            self._add(error, kind)

    def _add(self, error: BaseException, kind: Kind) -> None:
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, click.ClickException):
            self._findings.append(error_finding(kind, error.format_message()))
            return
        if self._on_error is not None:
            self._on_error(error)
        self._findings += findings_of(error, kind)


def _after_failure(impls: Sequence[pluggy.HookImpl], error: BaseException) -> Sequence[pluggy.HookImpl]:
    """Return the wrappers, and the implementations after the one that raised an exception."""
    codes = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
    failed = [
        index
        for index, impl in enumerate(impls)
        if code_of(function_of(impl)) in codes and not is_wrapper(impl)
    ]
    rest = impls[failed[-1] + 1 :] if failed else ()
    return [*(impl for impl in impls if is_wrapper(impl)), *(impl for impl in rest if not is_wrapper(impl))]


@contextmanager
def _exit_raises() -> Iterator[None]:
    """Let `os._exit` raise in this process, which must not end as if nothing were wrong."""
    end, pid = os._exit, os.getpid()

    def exit_or_raise(status: int) -> NoReturn:
        if os.getpid() != pid:  # a process that was forked
            end(status)
        raise SystemExit(f"the application called os._exit({status!r})")

    os._exit = exit_or_raise
    try:
        yield
    finally:
        os._exit = end


@contextmanager
def _collect_warnings(findings: list[Finding]) -> Iterator[None]:
    """Turn what the loading of plugins logs into findings."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            findings.append(warning("plugin", record.getMessage(), ""))

    logger = logging.getLogger("cocopot.plugins")
    handler, propagate = Handler(logging.WARNING), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
