"""`cocopot plan` in an environment of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.distributions.environments import DEVTOOLS, Plugin, run
from tests.processes import clean_environ

if TYPE_CHECKING:
    from tests.distributions.environments import Builder, Environment, MakeEnvironment

SOURCE = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_config_defaults(app):
        return {{"TEA_CUPS": {cups}}}
    """
OLD, NEW = (Plugin("tea", SOURCE.format(cups=cups), version=f"{cups}.0") for cups in (1, 2))


def plan(environment: Environment, folder: Path, *args: str | Path) -> tuple[int, dict[str, Any]]:
    """Run the command in a folder; return its exit code and document."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"]]
    )  # the environment has no pip
    done = subprocess.run(
        [environment.python, "-m", "cocopot", "--app", "application", "plan", "--json", *args],
        cwd=folder,
        env=clean_environ(PATH=path, PIP_NO_INDEX="1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def hashes(folder: Path) -> dict[Path, str]:
    """Return a digest of each file in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_environment_is_not_changed(environment: MakeEnvironment, builder: Builder) -> None:
    """An upgrade and a removal are planned with the pip on the PATH; no file of the environment changes."""
    made, (wheel,) = environment(DEVTOOLS, OLD), builder.wheels(NEW)
    folder = made.write_application()
    run(made.python, "-m", "cocopot", "plan", "--help", cwd=folder)  # which writes bytecode of the command
    before = hashes(made.folder)
    code, found = plan(made, folder, wheel)
    assert (code, found["distributions"]) == (
        0,
        [{"name": "cocopot-tea", "before": "1.0", "after": "2.0", "change": "upgrade"}],
    )
    (changed,) = found["config"]["changed"]
    assert (changed["before"]["value"], changed["after"]["value"]) == (1, 2)
    code, found = plan(made, folder, "--without", "cocopot-tea")
    assert (code, found["load_order"]) == (0, {"before": ["tea"], "after": []})
    assert hashes(made.folder) == before


def test_an_editable_installation(environment: MakeEnvironment, builder: Builder, tmp_path: Path) -> None:
    """One is replaced as any other; without it, its module cannot be imported."""
    made, (wheel,) = environment(DEVTOOLS), builder.wheels(NEW)
    OLD.write(tmp_path)
    info = made.packages / "cocopot_tea-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: cocopot-tea\nVersion: 1.0\n", "utf-8")
    info.joinpath("entry_points.txt").write_text("[cocopot.plugins]\ntea = cocopot_tea\n", "utf-8")
    info.joinpath("direct_url.json").write_text(
        json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}}), "utf-8"
    )
    info.joinpath("RECORD").write_text("cocopot_tea.pth,,\n", "utf-8")
    made.packages.joinpath("cocopot_tea.pth").write_text(f"{tmp_path}\n", "utf-8")
    folder = made.write_application("import cocopot_tea")
    code, found = plan(made, folder, wheel)
    assert (code, found["config"]["changed"][0]["after"]["value"]) == (0, 2)
    code, found = plan(made, folder, "--without", "cocopot-tea")
    assert code == 1
    assert found["problems"][0]["message"].endswith("No module named 'cocopot_tea'")
