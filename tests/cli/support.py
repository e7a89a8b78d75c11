"""What the tests of the commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from cocopot.cli import main
from cocopot.cli.loading import AppLoader

if TYPE_CHECKING:
    from cocopot import Cocopot


class Ready(AppLoader):
    """A loader of an application that is at hand."""

    def __init__(self, app: Cocopot) -> None:
        super().__init__()
        self._outcome = app


def run(app: Cocopot, *args: str, code: int = 0, **options: Any) -> str:
    """Run a command with an application, and return what it prints."""
    result = CliRunner().invoke(main, args, obj=Ready(app), **options)
    assert result.exit_code == code, result.output
    return result.output


def table(output: str) -> list[list[str]]:
    """Return the cells of a table, its headings first."""
    lines = output.splitlines()
    starts = [index for index in range(len(lines[1])) if f" {lines[1]}"[index : index + 2] == " -"]
    return [
        [line[begin:end].strip() for begin, end in zip(starts, [*starts[1:], None], strict=True)]
        for line in (lines[0], *lines[2:])
    ]
