from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot_devtools.checks.probe import run_probe

if TYPE_CHECKING:
    from tests.conftest import MakePlugin


def outcome(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "outcome").read_text("utf-8"))
    return found


def test_all_groups(subject: MakePlugin) -> None:
    """A plugin that can be loaded is run, and what was found is in a file."""
    made = subject("@hookimpl\ndef cocopot_setup(app):\n    app.extensions['other'] = 1")
    run_probe(made, "check", 60)
    found = outcome(made.folder)
    assert [finding["code"] for finding in found["findings"]] == ["CP304"]
    assert found["facts"]["started"]
    assert Path(made.folder, "completed").exists()


def test_an_unusable_plugin(subject: MakePlugin) -> None:
    """A plugin that cannot be loaded is not run."""
    made = subject("@hookimpl\ndef cocopot_setup(application): ...")
    run_probe(made, "check", 60)
    found = outcome(made.folder)
    assert [finding["code"] for finding in found["findings"]] == ["CP202"]
    assert "set up" not in found["facts"]
