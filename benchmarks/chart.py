"""The charts as SVG, for light and dark mode: one for each part, one panel per row, one bar per framework."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import in_process
import plugin_parts
import served
import ways
from results import SUBJECT
from ways import PART_OF_ROW, WAYS
from workloads import SERVED, WORKLOADS

if TYPE_CHECKING:
    from results import Result, Results

# Sizes in pixels.
_COLUMNS = 2
_TOP = 40
_PANEL, _GAP, _EDGE = 440, 40, 24
_HEAD, _BAR, _STEP = 26, 14, 20
_NAME, _VALUE = 66, 110
_LONG_NAME, _LONG_VALUE = 116, 150  # of a framework and its server

_HEADING = "Time of a request in microseconds of one core; less is better"
_SERVED_HEADING = (
    "Frameworks under servers, one worker, 64 clients; more requests, and less memory, are better"
)
_SERVED_TITLES = {
    served.MEMORY: "Memory of a worker",
    **{workload.name: f"{workload.name}: {workload.title}" for workload in SERVED},
}
#: The parts that have a chart, and the names of the files.
FILES = {
    in_process.PART: "benchmarks.svg",
    served.PART: "benchmarks-served.svg",
    **plugin_parts.CHARTS,
    **{ways.part_of(group): f"benchmarks-{group}.svg" for group in ways.GROUPS},
}
_STYLE = """
text { font: 12px system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: #24292f }
.back { fill: #ffffff } .head { font-size: 16px; font-weight: 600 }
.title { font-weight: 600; font-size: 13px }
.value { fill: #57606a }
.bar { fill: #b1bac4 } .own { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .back { fill: #0d1117 } .value { fill: #9198a1 }
  .bar { fill: #484f58 } .own { fill: #f0883e }
}
"""


def image(part: str) -> str:
    """Return the Markdown of a part's chart."""
    what = "Requests per second, and memory" if part == served.PART else "Times of a request"
    return f"![{what}, by row and framework]({FILES[part]})"


def draw(results: Results, part: str) -> str:
    """Return the chart of a part."""
    heading = _SERVED_HEADING if part == served.PART else _HEADING
    panels = _panels(results, part)
    tallest = max((len(found) for _, found in panels), default=0)
    height = _HEAD + tallest * _STEP + _GAP
    lines = -(-len(panels) // _COLUMNS)
    full = 2 * _EDGE + _COLUMNS * _PANEL + (_COLUMNS - 1) * _GAP, 2 * _EDGE + _TOP + lines * height - _GAP
    drawn = [
        _panel(
            title,
            found,
            _EDGE + number % _COLUMNS * (_PANEL + _GAP),
            _EDGE + _TOP + number // _COLUMNS * height,
        )
        for number, (title, found) in enumerate(panels)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full[0]} {full[1]}"',
            f'width="{full[0]}" height="{full[1]}" role="img" aria-labelledby="title">',
            f'<title id="title">{heading}</title>',
            f"<style>{_STYLE}</style>",
            f'<rect class="back" width="{full[0]}" height="{full[1]}" rx="6"/>',
            f'<text class="head" x="{_EDGE}" y="{_EDGE + 14}">{heading}</text>',
            *drawn,
            "</svg>",
            "",
        ]
    )


def _panels(results: Results, chart: str) -> list[tuple[str, list[Result]]]:
    """Return titles and results of the panels that have results."""
    if chart == served.PART:
        wanted = [(row, _SERVED_TITLES[row]) for row in results.rows(chart)]
    elif chart in plugin_parts.ROWS:
        wanted = [(row, f"{row}: {title}") for row, title in plugin_parts.ROWS[chart].items()]
    else:
        rows = WORKLOADS if chart == in_process.PART else [r for r in WAYS if PART_OF_ROW[r.name] == chart]
        wanted = [(row.name, f"{row.name}: {row.title}") for row in rows]
    panels = []
    for row, title in wanted:
        found = [r for peer in results.peers(chart) if (r := results.get(chart, row, peer)) is not None]
        if chart == served.PART:
            found.sort(key=lambda result: result.median, reverse=row != served.MEMORY)
        if found:
            panels.append((title, found))
    return panels


def _panel(title: str, found: list[Result], x: int, y: int) -> str:
    greatest = max(result.median for result in found)
    is_long = any("," in result.peer for result in found)
    name_width, value_width = (_LONG_NAME, _LONG_VALUE) if is_long else (_NAME, _VALUE)
    lines = [f'<text class="title" x="{x}" y="{y + 12}">{escape(title)}</text>']
    for number, result in enumerate(found):
        top = y + _HEAD + number * _STEP
        width = max(1.0, result.median / greatest * (_PANEL - name_width - value_width))
        base, left = top + _BAR - 3, x + name_width
        kind = "own" if result.peer.partition(",")[0] == SUBJECT else "bar"
        lines += [
            f'<text x="{left - 8}" y="{base}" text-anchor="end">{escape(result.peer)}</text>',
            f'<rect class="{kind}" x="{left}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>',
            f'<text class="value" x="{left + width + 6:.1f}" y="{base}">{_value(result)}</text>',
        ]
    return "\n".join(lines)


def _value(result: Result) -> str:
    digits = 0 if result.median >= 100 else 1 if result.median >= 10 else 2
    return f"{result.median:,.{digits}f} {escape(result.unit)}"
