"""A plan as lines of text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cocopot_devtools.plans.planning import Plan
    from cocopot_devtools.plans.problems import Severity

    Entry = Mapping[str, Any]

_WIDTH = 100
_AUTOMATIC_METHODS = {"HEAD", "OPTIONS"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """Return lines that show what an installation would change.

    Args:
        plan: The plan.
    """
    for each in plan.distributions:
        versions = " -> ".join(filter(None, (each["before"], each["after"])))
        yield printable(f"{each['name']} {versions} ({each['change']})")
    if not plan.distributions:
        yield "Nothing would be installed or removed."
    yield from _section("Dependencies", map(_dependency, plan.dependencies))
    if plan.differences is not None:
        for heading, table, describe in _TABLES:
            yield from _section(heading, _rows(plan.differences.tables.get(table, {}), describe))
        yield from _inventory(plan.differences.tables.get("inventory", {}))
        order = plan.differences.load_order
        if order is not None and order["before"] != order["after"]:
            yield from _section("Load order", _before_and_after(order))
        yield from _section("Hooks", _hooks(plan.differences.hooks or ()))
        if plan.distributions and plan.differences.is_empty():
            yield f"\nThe application {plan.application} would not change."
    for severity, heading in _HEADINGS.items():
        found = [problem for problem in plan.problems if problem.severity == severity]
        lines = [line for problem in found for line in _wrapped(problem.message, problem.cure)]
        yield from _section(heading, lines)
    yield f"\n{_number(plan.count('error'), 'error')}, {_number(plan.count('warning'), 'warning')}"


_HEADINGS: Mapping[Severity, str] = {"error": "Errors", "warning": "Warnings", "note": "Notes"}


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"\n{heading}"
        yield from (f"  {printable(line)}" for line in found)


def _wrapped(message: str, cure: str) -> Iterator[str]:
    for number, line in enumerate([*message.splitlines(), *cure.splitlines()]):
        yield from textwrap.wrap(
            line,
            _WIDTH,
            initial_indent="  " if number else "",
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )


def printable(text: str) -> str:
    """Return a text with escapes in place of control sequences of terminals."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# -------------------------------------------------------------------------
# Sections
# -------------------------------------------------------------------------


def _dependency(found: Entry) -> str:
    versions = " -> ".join(dict.fromkeys(found[when] or "not installed" for when in ("before", "after")))
    was = f" (was {found['was']})" if found["was"] else " (new)"
    new = "" if found["was"] == found["requirement"] else was
    return f"{found['requirement']}{new}: {versions}{'' if found['fits'] else ', which does not fit'}"


def _rows(table: Mapping[str, Sequence[Any]], describe: Callable[[Entry], str]) -> Iterator[str]:
    yield from (f"+ {describe(entry)}" for entry in table.get("added", ()))
    yield from (f"- {describe(entry)}" for entry in table.get("removed", ()))
    for pair in table.get("changed", ()):
        before, after = pair["before"], pair["after"]
        names = [name for name in after if before.get(name) != after[name]]
        old, new = describe(before), describe(after)
        changed = "; ".join(f"{name} {before.get(name)!r} -> {after[name]!r}" for name in names)
        yield f"~ {old} -> {new}" if old != new else f"~ {new}: {changed}"


def _inventory(table: Mapping[str, Sequence[Entry]]) -> Iterator[str]:
    """Yield a section for each heading of what plugins list."""
    changes = [
        (sign, entry) for sign, key in (("+", "added"), ("-", "removed")) for entry in table.get(key, ())
    ]
    for heading in dict.fromkeys(entry["heading"] for _, entry in changes):
        lines = [f"{sign} {entry['entry']}" for sign, entry in changes if entry["heading"] == heading]
        yield from _section(printable(heading), lines)


def _plugin(entry: Entry) -> str:
    origin = " ".join(filter(None, (entry["distribution"], entry["version"])))
    state = f"{entry['state']} {entry['reason']}".strip()
    return f"{entry['name']}{f' ({origin})' if origin else ''} {state}"


def _route(entry: Entry) -> str:
    methods = set(entry["methods"] or ())
    shown = ", ".join(sorted(methods - _AUTOMATIC_METHODS or methods)) or "any method"
    host = entry.get("host") or entry.get("subdomain")
    options = " ".join(f"{name}={value!r}" for name, value in (entry.get("options") or {}).items())
    parts = [shown, f"{host} " if host else "", entry["rule"], entry["endpoint"], options]
    return " ".join(filter(None, [*parts, f"({entry['added_by']})"]))


def _option(entry: Entry) -> str:
    owner = f"plugin {entry['plugin']}" if entry["plugin"] else "application"
    return f"{entry['name']}={entry['default']!r} ({owner})"


def _key(entry: Entry) -> str:
    owner = f"plugin {entry['plugin']}" if entry["plugin"] else entry["origin"] or "unknown"
    return f"{entry['key']} = {entry['value']!r} ({owner})"


def _owned(entry: Entry) -> str:
    owner = f"plugin {entry['plugin']}" if entry["plugin"] else "application"
    return f"{entry['name']} ({owner})"


def _conflict(entry: Entry) -> str:
    sides = [name or "the application" for name in (entry["winner"], *entry["losers"])]
    return f"{entry['kind']} {entry['key']}".strip() + f": {sides[0]} before {', '.join(sides[1:])}"


def _before_and_after(found: Entry) -> Iterator[str]:
    for when in ("before", "after"):
        lines = [f"{when:<7} "]
        for number, name in enumerate(found[when] or ["none"], 1):
            text = name if number >= len(found[when]) else f"{name}, "
            if len(lines[-1]) + len(text) > _WIDTH and lines[-1].strip():
                lines.append(" " * 8)
            lines[-1] += text
        yield from (line.rstrip() for line in lines)


def _hooks(hooks: Sequence[Entry]) -> Iterator[str]:
    for hook in hooks:
        yield str(hook["hook"])
        yield from (f"  {line}" for line in _before_and_after(hook))


_TABLES: Sequence[tuple[str, str, Callable[[Entry], str]]] = (
    ("Plugins", "plugins", _plugin),
    ("Routes", "routes", _route),
    ("Route options", "route_options", _option),
    ("Configuration", "config", _key),
    ("Commands", "commands", _owned),
    ("Properties of the application", "properties", _owned),
    ("Properties of requests", "request_properties", _owned),
    ("Conflicts", "conflicts", _conflict),
)
