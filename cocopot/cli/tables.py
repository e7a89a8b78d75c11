"""Output of the commands: aligned tables, JSON, and escaped text."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cocopot import escapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = "  "
#: Minimum width of a column that is cut to fit a terminal, in characters.
_MINIMUM_WIDTH = 12


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with headings.

    On a terminal that is too narrow, the widest columns are cut; a file or a pipe receives the full text.

    Args:
        headings: One heading per column.
        rows: The texts of the cells; line breaks in them become blanks.
    """
    cells = [list(headings), *([" ".join(cell.splitlines()) for cell in row] for row in rows)]
    widths = _column_widths(cells)
    if sys.stdout.isatty():
        widths = _fit_widths(widths, shutil.get_terminal_size().columns)
    rule = ["-" * width for width in widths]
    cut = [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    for line in align_rows([cut[0], rule, *cut[1:]]):
        click.echo(line)


def align_rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines; each column is as wide as its widest cell."""
    widths = _column_widths(rows)
    for row in rows:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def print_json(value: object) -> None:
    """Print a value as indented JSON; other types are written as their `repr()`."""
    click.echo(json.dumps(value, indent=2, default=repr))


def printable(text: str) -> str:
    """Return a text with escapes instead of control characters; line breaks are kept."""
    return "\n".join(escapes.printable(line, len(line)) for line in text.split("\n"))


def shorten_path(path: str) -> str:
    """Return a path relative to the working directory, if it is inside."""
    full, here = Path(path), Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else path


def _fit_widths(widths: Sequence[int], available: int) -> list[int]:
    fitted = list(widths)
    while sum(fitted) + len(_GAP) * (len(fitted) - 1) > available and max(fitted) > _MINIMUM_WIDTH:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
