"""Tables and JSON that commands print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cocopot.cli.tables import print_json, print_table

if TYPE_CHECKING:
    import pytest

ROWS = [["a", "a longer text, much longer than its heading"], ["bcd", "two\nlines"]]
FULL = """\
One  Two
---  -------------------------------------------
a    a longer text, much longer than its heading
bcd  two lines
"""


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))


def test_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as their widest cell; to a pipe everything is written."""
    print_table(["One", "Two"], ROWS)
    assert capsys.readouterr().out == FULL


def test_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the widest column is cut so that a row fits a line, and only if it must."""
    on_terminal(monkeypatch, 30)
    print_table(["One", "Two"], ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "a    a longer text, much long…"
    assert max(map(len, lines)) == 30
    on_terminal(monkeypatch, 80)
    print_table(["One", "Two"], ROWS)
    assert capsys.readouterr().out == FULL


def test_tiny_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A column keeps twelve characters, however narrow the terminal."""
    on_terminal(monkeypatch, 5)
    print_table(["One", "Two"], ROWS)
    assert capsys.readouterr().out.splitlines()[2] == "a    a longer te…"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """What JSON does not know is written as Python shows it."""
    print_json({"path": Path("a"), "number": 1})
    assert json.loads(capsys.readouterr().out) == {"path": repr(Path("a")), "number": 1}
