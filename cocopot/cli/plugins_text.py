"""Plugins, the order of hooks, and the load order as lines of text."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import click

from cocopot.cli.tables import align_rows, printable, shorten_path
from cocopot.hooks.declarations import name_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cocopot.cli.plugin_reports import HookReport, Implementation, PluginReport
    from cocopot.locations import SourceLocation

_RESULTS = {
    "all": "all run",
    "first": "the first result stops the rest",
    "threaded": "each gets the {} that the one before returned",
    "every": "every one runs, even if others raise",
}
_ORDERS = {
    "in": "in load order, then the application, then what is built in",
    "out": "the application, then plugins in reverse load order, then what is built in",
    None: "last registered first",
}
_COLORS = {"loaded": "green", "installed": "green", "failed": "red"}
_WIDTH = 100


# -------------------------------------------------------------------------
# Plugins
# -------------------------------------------------------------------------


def plugin_lines(plugins: Sequence[PluginReport], app: str | None, *, verbose: bool) -> Iterator[str]:
    """Return lines that show each plugin and its state.

    Args:
        plugins: The plugins.
        app: Name of the application; `None` without one.
        verbose: Whether to show tracebacks of those that failed.
    """
    if not plugins:
        yield "No plugins."
        return
    yield f"Plugins of {app}, in load order:" if app else "Installed plugins, in load order:"
    for report in plugins:
        yield ""
        yield from _plugin_lines(report, verbose=verbose)
    counts = Counter(report.state for report in plugins)
    yield ""
    yield f"{_plugins(len(plugins))}: {', '.join(f'{number} {state}' for state, number in counts.items())}."


def _plugin_lines(report: PluginReport, *, verbose: bool) -> Iterator[str]:
    state = click.style(report.state, fg=_COLORS.get(report.state))
    number = f"{report.position:>3}." if report.position else "   -"
    yield " ".join(filter(None, [number, report.name, _origin(report), state, report.reason]))
    facts = {
        "entry point": report.entry_point or "",
        "source": _format_place(report.place),
        "requires": ", ".join(report.requires),
        "after": ", ".join(report.after),
        "before": ", ".join(report.before),
        "hooks": ", ".join(report.hooks),
    }
    for name, text in (*facts.items(), *(("warning", f"It {text}") for text in report.warnings)):
        if text:
            yield from textwrap.wrap(
                text,
                _WIDTH,
                initial_indent=f"     {name:<12}",
                subsequent_indent=" " * 17,
                break_long_words=False,
                break_on_hyphens=False,
            )
    if report.error is not None:
        text = printable(report.error.traceback if verbose else report.error.message)
        yield textwrap.indent(text, "     ").rstrip()


def _origin(report: PluginReport) -> str:
    origin = _distribution(report) or report.source
    return f"({origin})" if origin else ""


def _distribution(report: PluginReport | Implementation) -> str:
    return " ".join(filter(None, [report.distribution, report.version]))


def _plugins(number: int) -> str:
    return "1 plugin" if number == 1 else f"{number} plugins"


def _format_place(place: SourceLocation | None) -> str:
    return "" if place is None else f"{shorten_path(place.file)}:{place.line}"


# -------------------------------------------------------------------------
# Hooks
# -------------------------------------------------------------------------


def hook_lines(hooks: Sequence[HookReport]) -> Iterator[str]:
    """Return lines that show for each hook what runs, in the order in which it runs."""
    for number, hook in enumerate(hooks):
        if number:
            yield ""
        yield click.style(hook.name, bold=True)
        yield f"  {_describe_hook(hook)}"
        rows = [_row(number, implementation) for number, implementation in enumerate(hook.implementations, 1)]
        yield from _table(rows) if rows else ["  not implemented"]


def _describe_hook(hook: HookReport) -> str:
    """Return one line on the results of a hook, its order, and where it is specified."""
    if hook.specified_in is None:
        return "This hook has no specification, so it is never called."
    results = _RESULTS[hook.kind].format(hook.threaded)
    where = "" if hook.specified_in == "cocopot.hooks.specs" else f" Specified in {hook.specified_in}."
    return f"{results[0].upper()}{results[1:]}. Order: {_ORDERS[hook.order]}.{where}"


def _row(number: int, implementation: Implementation) -> list[str]:
    origin = _distribution(implementation) or ("built in" if implementation.origin == "builtin" else "")
    scope = f"blueprint {implementation.blueprint}" if implementation.blueprint else ""
    return [
        f"{number:>3}.",
        implementation.name,
        ", ".join(implementation.marks),
        origin or scope,
        _format_place(implementation.place),
    ]


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return aligned lines; a column that is empty in all rows is skipped."""
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    return align_rows(list(zip(*columns, strict=True)))


# -------------------------------------------------------------------------
# Load order
# -------------------------------------------------------------------------


def graph_lines(plugins: Sequence[PluginReport]) -> Iterator[str]:
    """Return lines that show the load order, and for each plugin the reasons for its position."""
    loaded = _loaded(plugins)
    yield "Load order:" if loaded else "No plugin is loaded."
    yield from _table(
        [[f"{report.position:>3}.", report.name, _reasons(report, loaded)] for report in loaded.values()]
    )
    skipped = [f"{report.name} ({report.state})" for report in plugins if not report.position]
    if skipped:
        yield ""
        yield f"Not loaded: {', '.join(skipped)}."


def _loaded(plugins: Iterable[PluginReport]) -> dict[str, PluginReport]:
    return {report.name: report for report in plugins if report.position}


def _reasons(report: PluginReport, loaded: dict[str, PluginReport]) -> str:
    if report.source == "registered":
        return "registered later, by the application"
    reasons = [f"after {name_in(text)}: it requires {_it(text)}" for text in report.requires]
    reasons += [
        f"after {name}: it asks for that" if name in loaded else f"not after {name}, which is not loaded"
        for name in map(name_in, report.after)
    ]
    reasons += [
        f"after {other.name}: {other.name} asks for that"
        for other in loaded.values()
        if report.name in map(name_in, other.before)
    ]
    if report.ordered_after is not None:
        reasons.append(f"after {report.ordered_after}: the declared order of plugins")
    decided = any(reason.startswith("after ") for reason in reasons)
    return "; ".join(reasons if decided else ["by name", *reasons])


def _it(requirement: str) -> str:
    return "it" if requirement == name_in(requirement) else requirement


def needs(report: PluginReport) -> tuple[str, ...]:
    """Return the plugins that a plugin names."""
    return tuple(map(name_in, (*report.requires, *report.after, *report.before)))


def dot_lines(plugins: Sequence[PluginReport]) -> Iterator[str]:
    """Return a graph in Graphviz's language, DOT: an edge leads from a plugin to each that it names.

    `requires` is solid, `after` and `before` are dashed, and dotted where that plugin is not loaded. Plugins
    that failed are red, those that others name and that are not loaded are dotted.
    """
    loaded = _loaded(plugins)
    shown = [report for report in plugins if report.position or report.state == "failed"]
    yield "digraph plugins {"
    yield "  rankdir=LR;"
    yield "  node [shape=box];"
    for report in shown:
        number = f"{report.position}. " if report.position else ""
        style = ", color=red" if report.state == "failed" else ""
        label = "\n".join(filter(None, [f"{number}{report.name}", _distribution(report)]))
        yield f"  {_quoted(report.name)} [label={_quoted(label)}{style}];"
    absent = {name for report in shown for name in needs(report)} - {report.name for report in shown}
    for name in sorted(absent):
        label = f"{name}\nnot loaded"
        yield f"  {_quoted(name)} [label={_quoted(label)}, style=dotted];"
    for report in shown:
        for kind in ("requires", "after", "before"):
            for name in map(name_in, getattr(report, kind)):
                style = "solid" if kind == "requires" else "dashed" if name in loaded else "dotted"
                yield f"  {_quoted(report.name)} -> {_quoted(name)} [label={kind}, style={style}];"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
