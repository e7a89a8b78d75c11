"""`--disable NAMES`: the application without a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cocopot.cli import main
from cocopot.testing import installed_plugin
from tests.cli.processes import serving

if TYPE_CHECKING:
    from pathlib import Path

APP = """
from cocopot import Cocopot, hookimpl

class Passed:
    plugin_name = "passed"

    @hookimpl
    def cocopot_setup(self, app):
        app.add_url_rule("/passed", "passed", lambda: "passed")

app = Cocopot("shop", plugins=[Passed])
"""


@pytest.mark.parametrize(
    "options", [["--disable", "broken", "--disable", "passed"], ["--disable", "broken, passed"]]
)
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("command", [["routes"], ["plugins"], ["config", "DEBUG"], ["shell", "-c", "app"]])
def test_a_disabled_plugin_is_not_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, command: list[str], options: list[str]
) -> None:
    """Every command honours the option, before and after its name."""
    monkeypatch.delenv("COCOPOT_PLUGINS", raising=False)
    (folder / "app.py").write_text(APP)
    args = [*options, *command] if place == "before" else [command[0], *options, *command[1:]]
    with installed_plugin("broken", "from pathlib import Path\nPath('imported').touch()\n1 / 0"):
        assert CliRunner().invoke(main, command).exit_code != 0 or command == ["plugins"]
        (folder / "imported").unlink()
        result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    assert "/passed" not in result.output
    assert not (folder / "imported").exists()


def test_the_setting_is_named(folder: Path) -> None:
    """`cocopot plugins` shows what disabled the plugin."""
    (folder / "app.py").write_text(APP)
    result = CliRunner().invoke(main, ["--disable", "passed", "plugins"])
    assert "disabled by --disable" in " ".join(result.output.split())


@pytest.mark.slow
@pytest.mark.parametrize("args", [[], ["--reload", "--no-debugger"], ["--workers", "1"]])
def test_every_process_of_a_server(tmp_path: Path, args: list[str]) -> None:
    """The process that the reloader starts, and workers, honour the option too; the banner shows it."""
    (tmp_path / "app.py").write_text(APP)
    with serving(tmp_path, "--disable", "passed", "run", *args) as server:
        assert server.get("/passed")[0] == 404
        assert "\n     passed  (disabled by --disable)\n" in server.log
