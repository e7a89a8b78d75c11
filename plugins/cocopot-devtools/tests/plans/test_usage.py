from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "Name what would be installed, or what would be removed with --without."),
        (["no requirement"], "'no requirement' is neither a requirement, such as 'cocopot-cors==1.1', nor"),
        (["./missing.whl"], "There is no file or folder './missing.whl'."),
        (["."], "The folder '.' has no pyproject.toml: it cannot be built."),
        (["--without", "never-installed"], "--without: no distribution 'never-installed' is installed."),
        (["https://localhost/x.whl"], "Name the distribution at that address: 'NAME @ https://localhost/x"),
        (["demo", "--timeout", "0"], "0.0 is not in the range"),
        (["demo", "--timeout", "nan"], "nan is not in the range 0<x<=86400."),
    ],
)
def test_usage(args: list[str], expected: str, application: Path) -> None:
    """What there is nothing to plan for is a usage error, which states what is wrong."""
    result = CliRunner().invoke(main, ["plan", *args])
    assert result.exit_code == 2
    assert expected in " ".join(result.output.split())


@pytest.mark.slow
def test_without_an_application(application: Path) -> None:
    """The places that were searched are listed."""
    application.unlink()
    result = CliRunner().invoke(main, ["plan", "--without", "cocopot-cors"])
    assert result.exit_code == 2
    assert "There is no application. Tried: --app, which was not passed; COCOPOT_APP," in result.output
