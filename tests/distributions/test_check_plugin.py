from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.distributions.environments import CHECKOUT, DEVTOOLS, Plugin, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import Builder, Environment, MakeEnvironment

CORS = CHECKOUT / "plugins" / "cocopot-cors"
SIGNALS = CHECKOUT / "plugins" / "cocopot-signals"
SLEEPS = Plugin(
    "sleeps",
    "import time\nfrom cocopot import hookimpl\ntime.sleep(0.05)\n\n@hookimpl\ndef cocopot_startup(app): ...",
)
LEAVES = Plugin("leaves", "import os\nos._exit(0)")


def check(environment: Environment, target: str | Path) -> dict[str, Any]:
    """Run the command as users do, and return what it found; it must not leave its folder changed."""
    program = "import sys; from cocopot.cli import main; sys.argv[0] = 'cocopot'; main()"
    try:
        process = run(
            environment.python, "-c", program, "check-plugin", "--json", target, cwd=environment.folder
        )
    except RuntimeError as error:
        text = str(error).partition("\n")[2].strip()
    else:
        text = process.stdout
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("kind", ["installed", "name", "wheel", "folder"])
def test_the_plugin_of_this_checkout(kind: str, environment: MakeEnvironment, builder: Builder) -> None:
    """CORS has no findings but its cost, by whichever way it is named; it need not be installed."""
    (wheel,) = builder.wheels(CORS)
    targets: dict[str, str | Path] = {
        "installed": "cocopot-cors",
        "name": "cors",
        "wheel": wheel,
        "folder": CORS,
    }
    made = environment(DEVTOOLS, CORS) if kind in {"installed", "name"} else environment(DEVTOOLS)
    before = list(made.packages.iterdir())
    found = check(made, targets[kind])
    assert [finding["code"] for finding in found["findings"]] == ["CP801", "CP802"]
    assert (found["distribution"], found["plugins"]) == ("cocopot-cors", {"cors": "cocopot_cors:CORS"})
    assert found["undecided"] == []
    assert [path for path in made.packages.iterdir() if path not in before] == []


def test_a_module_that_is_a_plugin(environment: MakeEnvironment) -> None:
    """The plugin for signals, a module with a dependency, has no findings but its cost."""
    made = environment(DEVTOOLS)
    made.install("blinker>=1.9", dependencies=True)
    found = check(made, SIGNALS)
    assert {finding["code"] for finding in found["findings"]} <= {"CP801", "CP802"}
    assert (found["plugins"], found["undecided"]) == ({"signals": "cocopot_signals"}, [])


def test_the_time_of_the_plugin_itself(environment: MakeEnvironment) -> None:
    """What its own module spends while it is imported is part of its cost, also if it imports nothing."""
    found = check(environment(DEVTOOLS, SLEEPS), "sleeps")["findings"]
    (message,) = (finding["message"] for finding in found if finding["code"] == "CP801")
    assert "Most of it: cocopot_sleeps " in message


def test_a_plugin_that_leaves_the_process(environment: MakeEnvironment, builder: Builder) -> None:
    """Installed, or in a wheel, it is a finding and not the end of the command."""
    wheel, made = builder.wheels(LEAVES)[0], environment(DEVTOOLS, LEAVES)
    for target in ("leaves", wheel):
        found = check(made, target)
        assert "CP105" in [finding["code"] for finding in found["findings"]]
