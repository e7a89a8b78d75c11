"""The documentation of the hooks."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cocopot.cli import main

PAGE = Path(__file__).parents[4] / "docs/migrations.md"


def test_the_page_is_up_to_date() -> None:
    """The entries of the page are those that `cocopot hook-docs` generates from the specifications."""
    hooks = "cocopot_sqlalchemy.hooks_migrations:MigrationHooks"
    result = CliRunner().invoke(main, ["hook-docs", hooks, str(PAGE), "--check"])
    assert result.exit_code == 0, result.output
