from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

import pytest
from cocopot_devtools.checks.process import Processes
from cocopot_devtools.checks.targets import open_target

from cocopot.testing import installed_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from cocopot_devtools.checks.process import Outcome

GOOD = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_config_defaults():
        return {"DEMO_LEVEL": 1}
    """
STUCK = """
    from cocopot import hookimpl

    @hookimpl
    def cocopot_before_request():
        while True:
            pass
    """
#: How a plugin may leave the process while it is imported, and what is reported about it.
DEATHS = {
    "import os; os._exit(3)": "It ended the process with the status 3, while its module was imported.",
    "import os; os.abort()": "It ended the process by signal SIGABRT, while its module was imported.",
    "import os; os.kill(os.getpid(), 35)": (
        "It ended the process by signal 35, while its module was imported."
    ),
    "import os; open('completed', 'w').close(); os._exit(0)": (
        "It ended the process with the status 0, while its module was imported."
    ),
    "import os; os.write(2, b'out of luck\\n'); os._exit(0)": (
        "It ended the process with the status 0, while its module was imported. Last output: out of luck"
    ),
}


def run(source: str, timeout: float = 30) -> Outcome:
    with installed_plugin("demo", source), open_target("demo") as target:
        (point,) = target.entry_points
        return Processes(target, {}, timeout).run("check", point)


def test_what_a_process_found() -> None:
    """Findings and facts come back, and the plugin is not imported in the process that asks."""
    outcome = run(GOOD)
    assert (outcome.findings, outcome.completed, outcome.facts["declared"]) == ([], True, ["DEMO_LEVEL"])
    assert "cocopot_demo" not in sys.modules


@pytest.mark.parametrize("source", DEATHS)
def test_a_plugin_that_leaves(source: str) -> None:
    """A process that ends before its time is a finding, which states how and while what."""
    outcome = run(source)
    (finding,) = outcome.findings
    assert (finding.code, finding.plugin, outcome.completed) == ("CP105", "demo", False)
    assert finding.message == DEATHS[source]


@pytest.mark.slow
def test_a_plugin_that_never_comes_back() -> None:
    """An endless loop is ended, and the finding states in which line it was."""
    outcome = run(STUCK, timeout=5)
    (finding,) = outcome.findings
    assert outcome.facts["loaded"]
    assert (finding.code, finding.line) in {("CP105", 6), ("CP105", 7)}
    assert finding.message == "It did not return within 5 seconds, while the check sent a request."


def test_what_a_plugin_leaves_running(tmp_path: Path) -> None:
    """Threads and processes that a plugin started do not keep the check from ending, and end with it."""
    held = tmp_path / "held"  # at its end when no process has it open any more
    os.mkfifo(held)
    source = f"""
        import subprocess, sys, threading

        threading.Thread(target=threading.Event().wait, name="demo-thread").start()
        with open({str(held)!r}, "w") as held:
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(90)"], stdout=held)
            print(child.pid, file=held)

        from cocopot import hookimpl

        @hookimpl
        def cocopot_startup(app): ...
        """
    with os.fdopen(os.open(held, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        outcome = run(source)
        assert reader.readline().strip().isdigit()
        assert select.select([reader], [], [], 30)[0], "the process that the plugin started is still running"
        assert reader.read() == b""
    assert outcome.completed
    assert [found.message for found in outcome.findings] == ["Importing it changes threads (demo-thread)."]


def test_variables_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's environment states of plugins does not hold for the check."""
    monkeypatch.setenv("COCOPOT_DISABLE_PLUGINS", "demo")
    assert run(GOOD).facts["declared"] == ["DEMO_LEVEL"]
