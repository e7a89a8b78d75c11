"""Values that the shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.processes import cocopot

if TYPE_CHECKING:
    from pathlib import Path

APP = """
from cocopot import Blueprint, Cocopot, hookimpl

class Birds:
    plugin_name = "birds"

    @hookimpl
    def cocopot_setup(self):
        pass

print("noise")
app = Cocopot(__name__, autoload=False, static_folder=None, plugins=[Birds])
app.config["PAGE_SIZE"] = 20
app.get("/birds/<int:number>", endpoint="birds.show")(lambda number: "")
app.get("/orders", endpoint="orders")(lambda: "")
"""


def completions(folder: Path, line: str) -> tuple[list[str], str]:
    """Return the values that bash is offered for a line, and what is on standard error."""
    words = f"cocopot {line}".split(" ")
    variables = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    result = cocopot(folder, _COCOPOT_COMPLETE="bash_complete", **variables)
    values = [item.partition(",")[2] for item in result.stdout.splitlines() if item.startswith("plain,")]
    return values, result.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("config PAGE", ["PAGE_SIZE"]),
        ("config PAGE_SIZE JSON_A", ["JSON_AS_ASCII"]),
        ("plugins --endpoint b", ["birds.show"]),
        ("plugins --hook cocopot_before", ["cocopot_before_request"]),
        ("routes --match /", ["/birds/", "/orders"]),
        ("routes --method P", ["PATCH", "POST", "PUT"]),
        ("routes --sort ma", ["match"]),
        ("plugins --endpoint nothing", []),
        ("--disable c", ["cors", "csrf"]),
        ("run --disable bi", ["birds"]),
        ("run --disable cors,bi", ["cors,birds"]),
    ],
)
def test_values(tmp_path: Path, line: str, expected: list[str]) -> None:
    """Keys, endpoints, hooks, paths, methods and plugins are completed, and nothing else is printed."""
    (tmp_path / "app.py").write_text(APP)
    assert completions(tmp_path, line) == (expected, "")


@pytest.mark.parametrize("source", ["", "1 +", "raise SystemExit(3)", "raise ValueError"])
def test_without_an_application(tmp_path: Path, source: str) -> None:
    """If the application cannot be loaded, nothing is completed; hooks and installed plugins need none."""
    if source:
        (tmp_path / "app.py").write_text(source)
    assert completions(tmp_path, "config PAGE") == ([], "")
    assert completions(tmp_path, "plugins --hook cocopot_set") == (["cocopot_setup"], "")
    assert completions(tmp_path, "run --disable co") == (["cors"], "")
