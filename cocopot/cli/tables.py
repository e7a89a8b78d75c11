"""Aligned tables, JSON, and texts of others, for what commands print."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = "  "
#: No column is made narrower than this for a terminal, in characters.
_NARROWEST = 12


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below headings, in columns.

    On a terminal that is too narrow the widest columns are cut; to a file or a pipe everything is written.

    Args:
        headings: One for each column.
        rows: The texts of the cells; line breaks in them become blanks.
    """
    cells = [list(headings), *([" ".join(cell.splitlines()) for cell in row] for row in rows)]
    widths = _widths(cells)
    if sys.stdout.isatty():
        widths = _fitted(widths, shutil.get_terminal_size().columns)
    rule = ["-" * width for width in widths]
    cut = [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    for line in aligned([cut[0], rule, *cut[1:]]):
        click.echo(line)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return rows as lines, in which each column is as wide as its widest cell."""
    widths = _widths(rows)
    for row in rows:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def print_json(value: Any) -> None:
    """Print a value as indented JSON; what JSON does not know is written as Python shows it."""
    click.echo(json.dumps(value, indent=2, default=repr))


def printable(text: str) -> str:
    """Return a text with escapes in place of what a terminal cannot show, or would obey; lines stay lines."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def shortened(path: str) -> str:
    """Return a path relative to the working directory, if it is inside."""
    full, here = Path(path), Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else path


def _fitted(widths: Sequence[int], available: int) -> list[int]:
    fitted = list(widths)
    while sum(fitted) + len(_GAP) * (len(fitted) - 1) > available and max(fitted) > _NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
