"""`cocopot check-plugin`: check a plugin as a strict reviewer would."""

from __future__ import annotations

import itertools
import json
import textwrap
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from cocopot.testing import find_installed_plugins
from cocopot_devtools.checks.review import Options, review
from cocopot_devtools.checks.rules import RULES
from cocopot_devtools.checks.targets import TargetError, open_target
from cocopot_devtools.processes import Seconds, cleaned_up_after_signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cocopot_devtools.checks.findings import Finding
    from cocopot_devtools.checks.review import Review
    from cocopot_devtools.checks.rules import Rule

_HEADINGS = {"error": "Errors", "warning": "Warnings", "info": "Notes"}
_WIDTH = 100


def _config(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> dict[str, Any]:  # noqa: ARG001
    """Read `KEY=VALUE`, where the value is JSON, or else a text."""
    found: dict[str, Any] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals or not key.isupper():
            raise click.BadParameter(f"{text!r} is not KEY=VALUE with an upper-case key.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def _codes(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> Sequence[str]:  # noqa: ARG001
    for code in values:
        if code not in RULES:
            raise click.BadParameter(f"There is no {code!r}. Codes are: {', '.join(RULES)}.")
    return values


def _complete_target(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """Complete the name of an installed plugin or its distribution, or a path."""
    plugins = find_installed_plugins()
    names = {name for plugin in plugins for name in (plugin.name, plugin.distribution)}
    found = [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


@click.command("check-plugin")
@click.argument("target", metavar="DIST_OR_PATH", shell_complete=_complete_target)
@click.option("--strict", is_flag=True, help="Fail with warnings as with errors.")
@click.option(
    "--ignore", multiple=True, metavar="CODE", callback=_codes, help="Ignore a finding; repeatable."
)
@click.option(
    "--config",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_config,
    help="Configure the applications that load the plugin: JSON, or text; repeatable.",
)
@click.option(
    "--timeout",
    type=Seconds(),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long the plugin may take for a group of checks.",
)
@click.option("--cost/--no-cost", default=True, help="Measure what the plugin costs; by default, yes.")
@click.option("--verbose", "-v", is_flag=True, help="List the checks that passed, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    target: str,
    *,
    strict: bool,
    ignore: Sequence[str],
    config: dict[str, Any],
    timeout: float,
    cost: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Check a plugin as a strict reviewer would.

    DIST_OR_PATH is an installed distribution (cocopot-cors), the name of an installed plugin (cors), a wheel,
    or the folder of a project; nothing is installed. The plugin is run in separate processes.

    The exit code is 0 without errors, 1 with errors, and 2 if there is nothing to check.
    """
    try:
        with cleaned_up_after_signals(), open_target(target) as found:
            result = review(found, Options(config, timeout, cost, ignore))
            if as_json:
                click.echo(json.dumps(_as_data(result), indent=2))
            else:
                click.echo("\n".join(_as_text(result, verbose)))
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    if result.count("error") or (strict and result.count("warning")):
        raise SystemExit(1)


def _as_data(result: Review) -> dict[str, Any]:
    """Return what docs/check-plugin.md describes."""
    return {
        "distribution": result.target.name,
        "version": result.target.version,
        "plugins": {point.name: point.value for point in result.target.entry_points},
        "errors": result.count("error"),
        "warnings": result.count("warning"),
        "findings": [_finding_data(finding) for finding in result.findings],
        "passed": [rule.code for rule in result.passed()],
        "undecided": [rule.code for rule in result.undecided()],
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "message": finding.message,
        "plugin": finding.plugin or None,
        "file": finding.file or None,
        "line": finding.line or None,
        "reason": rule.reason,
        "fix": rule.fix,
    }


def _as_text(result: Review, verbose: bool) -> Iterator[str]:
    plugins = ", ".join(f"{point.name} ({point.value})" for point in result.target.entry_points)
    yield f"{result.target.name} {result.target.version}: {plugins or 'no plugin'}"
    for severity, heading in _HEADINGS.items():
        found = [finding for finding in result.findings if finding.rule.severity == severity]
        if found:
            yield f"\n{heading}"
        for code, findings in itertools.groupby(found, key=lambda finding: finding.code):
            yield from _rule_text(RULES[code], findings, len(result.target.entry_points) > 1)
    if verbose:
        yield "\nPassed"
        yield from (f"  {rule.code} {rule.name}" for rule in result.passed())
    yield ""
    if undecided := result.undecided():
        yield from _wrapped(f"Not checked: {', '.join(rule.code for rule in undecided)}.", "")
    yield f"{_number(result.count('error'), 'error')}, {_number(result.count('warning'), 'warning')}"


def _rule_text(rule: Rule, findings: Iterable[Finding], several: bool) -> Iterator[str]:
    yield f"  {rule.code} {rule.name}"
    for finding in findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        who = f"plugin {finding.plugin}" if several and finding.plugin else ""
        yield from _wrapped(": ".join(filter(None, (place, who, finding.message))), "    ")
    yield from _wrapped(f"Why: {rule.reason}", "    ")
    yield from _wrapped(f"Fix: {rule.fix}", "    ")


def _wrapped(text: str, indent: str) -> Iterator[str]:
    for line in map(_escape, text.splitlines()):
        yield from textwrap.wrap(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _escape(text: str) -> str:
    """Return a text of the plugin with escapes in place of control sequences of terminals."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
