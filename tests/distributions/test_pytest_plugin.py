"""The pytest plugin, installed from a wheel, in an environment with pytest and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.distributions.environments import Plugin, run
from tests.test_pytest_plugin import STRICT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.distributions.environments import MakeEnvironment

TEST = """
def test(app, client, hook_recorder):
    response = client.get("/")
    assert (response.text == "strict") is app.config["STRICT_ON"]
    assert hook_recorder.of("cocopot_before_request") == ["strict"]
"""
INI = """
[pytest]
filterwarnings = error
cocopot_plugins = strict
cocopot_config =
    STRICT_ON=true
    STRICT_ON=false
"""


def test_a_plugins_tests(environment: MakeEnvironment, tmp_path: Path) -> None:
    """The tests of an installed plugin find the fixtures, and run once with each configuration."""
    made = environment(Plugin("strict", STRICT, "cocopot_strict:Strict"))
    made.install("pytest", dependencies=True)
    tmp_path.joinpath("test_strict.py").write_text(TEST, "utf-8")
    tmp_path.joinpath("pytest.ini").write_text(INI, "utf-8")
    process = run(made.python, "-W", "error", "-m", "pytest", "-v", cwd=tmp_path)
    assert "plugins: cocopot-" in process.stdout
    assert "test_strict.py::test[STRICT_ON=true] PASSED" in process.stdout
    assert "test_strict.py::test[STRICT_ON=false] PASSED" in process.stdout
    assert "2 passed" in process.stdout.splitlines()[-1]
