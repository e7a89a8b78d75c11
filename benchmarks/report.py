"""Tables of the results, and the page and the chart in docs/.

`python report.py` reads latest.json, and writes docs/benchmarks.md and docs/benchmarks*.svg.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import chart
import cold
import growth
import hook_calls
import in_process
import plugin_parts
import served
import stack
import startup
import ways
from results import SUBJECT, Ratio, Results
from settings import HERE
from targets import TARGETS, Target

BEGIN, END = "<!-- results: written by benchmarks/report.py -->", "<!-- end of results -->"
_FEW = 5  # compiled modules that are listed by name
_TITLES = {
    in_process.PART: "In process: time of a request",
    in_process.ADDED: "What one hook implementation more adds to a request",
    growth.PART: "Growth of Cocopot alone",
    cold.PART: "Requests after other code",
    hook_calls.PART: "One hook",
    served.PART: "Under servers, with one worker",
    stack.PART: "A page with a database and a template",
    stack.SERVED: "The same page under servers, with one worker",
    startup.PART: "Import and memory",
    startup.START: "Start of an application with installed plugins",
    **plugin_parts.TITLES,
    **{ways.part_of(group): title for group, title in ways.GROUPS.items()},
}


def _markdown(rows: list[list[str]]) -> str:
    """Return a Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *body])


def _number(value: float) -> str:
    """Return a number with three significant digits, or all digits of its integer part."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(ratio: Ratio) -> str:
    digits = 3 if ratio.median < 0.1 else 2 if ratio.median < 10 else 1
    return f"{ratio.median:.{digits}f} ({ratio.low:.{digits}f}-{ratio.high:.{digits}f})"


def _verdict(target: Target, results: Results) -> str:
    ratio = target.ratio(results)
    if ratio is None:
        return "not measured"
    return "met" if target.is_met_by(ratio) else "missed"


# -------------------------------------------------------------------------
# Tables
# -------------------------------------------------------------------------


def medians(results: Results, part: str) -> str:
    """Return the table of a part: the median of each row and peer."""
    peers = results.peers(part)
    rows = [["", *peers]]
    for row in results.rows(part):
        found = [results.get(part, row, peer) for peer in peers]
        cells = ["-" if result is None else _number(result.median) for result in found]
        rows.append([f"{row} ({unit_of(results, part, row)})", *cells])
    return _markdown(rows)


def stacks(results: Results, part: str) -> str:
    """Return the table of a part with many peers: a line for each, the greatest of the first row first."""
    first, *others = results.rows(part)
    found = [result for peer in results.peers(part) if (result := results.get(part, first, peer)) is not None]
    found.sort(key=lambda result: -result.median)
    rows = [["", *(f"{row} ({unit_of(results, part, row)})" for row in (first, *others))]]
    for peer in (result.peer for result in found):
        cells = [results.get(part, row, peer) for row in (first, *others)]
        rows.append([peer, *("-" if cell is None else _number(cell.median) for cell in cells)])
    return _markdown(rows)


def unit_of(results: Results, part: str, row: str) -> str:
    """Return the unit of a row."""
    peers = results.peers(part)
    return next(result.unit for peer in peers if (result := results.get(part, row, peer)) is not None)


def ratios(results: Results, part: str) -> str:
    """Return the table of Cocopot's ratios to its peers, with the targets."""
    peers = [peer for peer in results.peers(part) if peer != SUBJECT]
    rows = [[f"{SUBJECT} /", *peers, "targets"]]
    for row in results.rows(part):
        found = [results.ratio(part, row, peer) for peer in peers]
        if not any(found):
            continue
        cells = ["-" if ratio is None else _ratio(ratio) for ratio in found]
        targets = [target for target in TARGETS if (target.part, target.row) == (part, row)]
        verdicts = [f"{target.text} {_verdict(target, results)}" for target in targets]
        rows.append([row, *cells, "; ".join(verdicts)])
    return _markdown(rows)


def targets(results: Results) -> str:
    """Return the table of all targets, with the measured ratios."""
    rows = [["part", "row", "target", "measured (half of the rounds)", ""]]
    for target in TARGETS:
        ratio = target.ratio(results)
        measured = "-" if ratio is None else _ratio(ratio)
        rows.append([target.part, target.row, target.text, measured, _verdict(target, results)])
    return _markdown(rows)


def verdicts(results: Results) -> list[dict[str, Any]]:
    """Return all targets with the measured ratios as plain data."""
    return [
        {
            "part": target.part,
            "row": target.row,
            "target": target.text,
            "ratio": asdict(ratio) if (ratio := target.ratio(results)) is not None else None,
            "verdict": _verdict(target, results),
        }
        for target in TARGETS
    ]


def tables(results: Results, *, with_charts: bool = False) -> str:
    """Return all tables, each under its heading, optionally with the images of the charts."""
    blocks = []
    for part in results.parts():
        image = [chart.image(part)] if with_charts and part in chart.FILES else []
        both = (medians, ratios)
        made = [make(results, part) for make in ((stacks,) if part in {served.PART, stack.SERVED} else both)]
        blocks += [f"### {_TITLES[part]}", *image, *made]
    return "\n\n".join([*blocks, "### Targets", targets(results)])


def facts(data: dict[str, Any]) -> str:
    """Return the facts about the run as text."""
    about = data["about"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    text = (
        f"Measured on {about['date']} at commit {about['commit']}: {data['rounds']} rounds with "
        f"{about['python']} on {about['machine']}, {about['cores']} cores; {versions}."
    )
    for name, modules in about["compiled"].items():
        compiled = ", ".join(modules) if len(modules) <= _FEW else f"{len(modules)} modules"
        text += f" Compiled in {name}: {compiled or 'nothing'}."
    if about["missing"]:
        text += f" Skipped, because not installed: {', '.join(about['missing'])}."
    if data["effort"] != 1.0:
        text += f" **With an effort of {data['effort']} the results are meaningless.**"
    return text


# -------------------------------------------------------------------------
# The page
# -------------------------------------------------------------------------


def write(data: dict[str, Any], page: Path, folder: Path) -> None:
    """Write the charts, and insert facts and tables between the two marks of the page."""
    results = Results.of_data(data["results"])
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{page} must have a line {BEGIN} and after it a line {END}.")
    text = "\n\n".join([before + begin, facts(data), tables(results, with_charts=True), end + after])
    page.write_text(text, encoding="utf-8")
    for part in results.parts():
        if part in chart.FILES:
            (folder / chart.FILES[part]).write_text(chart.draw(results, part), encoding="utf-8")


def main() -> None:
    docs = HERE.parent / "docs"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=HERE / "latest.json")
    parser.add_argument("--page", type=Path, default=docs / "benchmarks.md")
    parser.add_argument("--charts", type=Path, default=docs, help="the folder for the charts")
    options = parser.parse_args()
    data = json.loads(options.results.read_text(encoding="utf-8"))
    write(data, options.page, options.charts)
    print(f"Written to {options.page}, and the charts to {options.charts}")


if __name__ == "__main__":
    main()
