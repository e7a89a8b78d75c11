"""Aligned tables and JSON, for what commands print."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if sys.stdout.isatty():
        widths = _fitted(widths, shutil.get_terminal_size().columns)
    rule = ["-" * width for width in widths]
    for line in (cells[0], rule, *cells[1:]):
        cut = [_cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo(_GAP.join(cut).rstrip())


def print_json(value: Any) -> None:
    """Print a value as indented JSON; what JSON does not know is written as Python shows it."""
    click.echo(json.dumps(value, indent=2, default=repr))


def _fitted(widths: Sequence[int], available: int) -> list[int]:
    fitted = list(widths)
    while sum(fitted) + len(_GAP) * (len(fitted) - 1) > available and max(fitted) > _NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
