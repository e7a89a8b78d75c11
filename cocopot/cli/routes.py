"""`cocopot routes`: list the URL rules and their options, or show which of them matches a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cocopot.cli.completion import complete, complete_from_app
from cocopot.cli.masking import mask_text
from cocopot.cli.matching import explain
from cocopot.cli.tables import print_json, print_table, printable
from cocopot.locations import shown
from cocopot.registry.route_options import set_route_options
from cocopot.routing.parts import rule_parts
from cocopot.scopes import blueprints_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import SupportsRichComparison
    from werkzeug.routing import Rule

    from cocopot.app import Cocopot
    from cocopot.cli.loading import AppLoader
    from cocopot.explanations import Explanation

_AUTOMATIC_METHODS = {"HEAD", "OPTIONS"}
_SORT_KEYS: dict[str, Callable[[Rule, str], SupportsRichComparison]] = {
    "rule": lambda rule, _: rule.rule,
    "endpoint": lambda rule, _: rule.endpoint,
    "methods": lambda rule, _: sorted(rule.methods or ()),
    "added-by": lambda _, added_by: added_by,
    # The order of Werkzeug's states: static parts first, then by weight.
    "match": lambda rule, _: [(not part.is_static, part.weight) for part in rule_parts(rule)],
}


def _paths(app: Cocopot) -> set[str]:
    """Return the paths of the rules, each up to its first variable."""
    return {rule.rule.partition("<")[0] for rule in app.router.iter_rules()}


@click.command("routes")
@click.option(
    "-s",
    "--sort",
    type=click.Choice(list(_SORT_KEYS)),
    default="rule",
    show_default=True,
    help="Sort key; match is the order in which rules are tried.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@click.option("--all-options", is_flag=True, help="Show the route options that no route sets, too.")
@click.option(
    "--match",
    "url",
    metavar="URL",
    shell_complete=complete_from_app(_paths),
    help="Show which rule matches a URL, and why the others do not.",
)
@click.option(
    "--method",
    default="GET",
    show_default=True,
    shell_complete=complete(lambda: ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")),
    help="The method for --match.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(
    loader: AppLoader,
    *,
    sort: str,
    all_methods: bool,
    all_options: bool,
    url: str | None,
    method: str,
    as_json: bool,
) -> None:
    """List the URL rules, their origin and their options, or show which rule matches a URL.

    A route option of a plugin has a column if a route sets it. With --match the exit code is 1 if no rule
    matches.
    """
    app = loader.load_quietly()
    _set_options(app)
    if url is not None:
        explanation = explain(app, url, method.upper())
        (_print_match_as_json if as_json else _print_match)(app, explanation)
        click.get_current_context().exit(0 if explanation.is_match else 1)
    rules = sorted(app.router.iter_rules(), key=lambda rule: _SORT_KEYS[sort](rule, _added_by(app, rule)))
    if as_json:
        print_json([_as_json(app, rule) for rule in rules])
    elif rules:
        _print_rules(app, rules, all_methods=all_methods, all_options=all_options)
    else:
        click.echo("There are no routes.")


def _set_options(app: Cocopot) -> None:
    """Set the route options, which the start does otherwise, and warn about those that it would reject."""
    for fault in set_route_options(app):
        click.echo(f"Warning: {printable(mask_text(fault.sentence))} {fault.cure}", err=True)


def _print_rules(app: Cocopot, rules: list[Rule], *, all_methods: bool, all_options: bool) -> None:
    headings, hosts = ["Rule", "Methods", "Endpoint", "Added by"], [_host_of(app, rule) for rule in rules]
    options = [
        option.name
        for option in app.route_options.values()
        if all_options or any(_options_of(rule)[option.name] != option.default for rule in rules)
    ]
    headings += options
    rows = []
    for rule in rules:
        methods = set(rule.methods or ())
        shown = methods if all_methods else methods - _AUTOMATIC_METHODS or methods
        row = [rule.rule, ", ".join(sorted(shown)) or "any", rule.endpoint, _added_by(app, rule)]
        rows.append(row + [_as_text(_options_of(rule)[name]) for name in options])
    if any(hosts):
        headings.insert(0, "Host" if app.router.host_matching else "Subdomain")
        rows = [[host, *row] for host, row in zip(hosts, rows, strict=True)]
    print_table(headings, rows)


def _options_of(rule: Rule) -> Mapping[str, object]:
    options: Mapping[str, object] = getattr(rule, "options", {})  # set by `set_route_options`
    return options


def _as_text(value: object) -> str:
    return printable(mask_text(value if isinstance(value, str) else shown(value)))


def _host_of(app: Cocopot, rule: Rule) -> str:
    return (rule.host if app.router.host_matching else rule.subdomain) or ""


def _blueprint_of(app: Cocopot, rule: Rule) -> str | None:
    return next((name for name in blueprints_of(rule.endpoint) if name in app.blueprints), None)


def _plugin_of(app: Cocopot, rule: Rule) -> str | None:
    record = app.plugins.records_by_name.get(getattr(rule, "added_by", None) or "")
    return None if record is None or record.origin == "builtin" else record.name


def _added_by(app: Cocopot, rule: Rule) -> str:
    """Describe what added a rule: a plugin, a blueprint, or both; else the application, or Cocopot."""
    plugin, blueprint = _plugin_of(app, rule), _blueprint_of(app, rule)
    origins = [f"plugin {plugin}"] if plugin else []
    origins += [f"blueprint {blueprint}"] if blueprint else []
    return ", ".join(origins) or ("cocopot" if getattr(rule, "added_by", None) else "application")


def _as_json(app: Cocopot, rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.rule,
        "methods": None if rule.methods is None else sorted(rule.methods),
        "endpoint": rule.endpoint,
        "host" if app.router.host_matching else "subdomain": _host_of(app, rule),
        "blueprint": _blueprint_of(app, rule),
        "plugin": _plugin_of(app, rule),
        "added_by": _added_by(app, rule),
        "defaults": dict(rule.defaults or {}),
        "options": dict(_options_of(rule)),
    }


# -------------------------------------------------------------------------
# --match
# -------------------------------------------------------------------------


def _print_match(app: Cocopot, explanation: Explanation) -> None:
    click.echo(_headline(explanation))
    if explanation.rule is not None:
        click.echo(f"  rule      {explanation.rule.rule}")
        click.echo(f"  values    {explanation.values or 'none'}")
        click.echo(f"  added by  {_added_by(app, explanation.rule)}")
        if options := _options_of(explanation.rule):
            texts = [f"{name}={mask_text(shown(value))}" for name, value in options.items()]
            click.echo(f"  options   {', '.join(texts)}")
    if explanation.misses:
        click.echo("\nThe other rules:" if explanation.rule is not None else "\nThe rules:")
        rows = [[rule.rule, rule.endpoint, reason] for rule, reason in explanation.misses]
        print_table(["Rule", "Endpoint", "Reason"], rows)


def _headline(explanation: Explanation) -> str:
    subject = f"{explanation.method} {explanation.path} on {explanation.host}"
    if explanation.rule is not None:
        return f"{subject} matches the endpoint {explanation.rule.endpoint}."
    if explanation.redirect is not None:
        after = explanation.target
        then = f", which matches the endpoint {after.rule.endpoint}" if after and after.rule else ""
        return (
            f"{subject} is redirected ({explanation.redirect.code}) to {explanation.redirect.new_url}{then}."
        )
    error = explanation.error
    status = f"{error.code} {error.name}" if error is not None else "no response"
    allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    hint = f" Allowed methods: {allowed}." if allowed else ""
    return f"{subject} matches no rule: {status}.{hint}"


def _print_match_as_json(app: Cocopot, explanation: Explanation) -> None:
    redirect, error = explanation.redirect, explanation.error
    print_json(
        {
            "method": explanation.method,
            "path": explanation.path,
            "host": explanation.host,
            "answer": None if explanation.rule is None else _as_json(app, explanation.rule),
            "values": explanation.values,
            "redirect": None if redirect is None else redirect.new_url,
            "status": None if error is None else error.code,
            "others": [{**_as_json(app, rule), "reason": reason} for rule, reason in explanation.misses],
        }
    )
