"""Commands of installed distributions, which need no application."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.distributions.environments import CHECKOUT, DEVTOOLS, Plugin
from tests.processes import clean_environ

if TYPE_CHECKING:
    from tests.distributions.environments import Environment, MakeEnvironment

CORS = CHECKOUT / "plugins" / "cocopot-cors"
COMMAND = """
    import click

    @click.command()
    def command():
        "Make tea."
        click.echo("a cup of tea")
    """
GROUP = "cocopot.commands"


def cocopot(environment: Environment, *args: str) -> tuple[int, str, str]:
    """Run the command of an environment; return exit code, output and errors."""
    done = subprocess.run(
        [environment.python, "-m", "cocopot", *args],
        cwd=environment.folder,
        env=clean_environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def kitchen(environment: MakeEnvironment) -> Environment:
    """An environment with a sound command, a broken one, and two of one name."""
    return environment(
        Plugin("tea", COMMAND, "cocopot_tea:command", group=GROUP),
        Plugin("broken", "import a_module_that_is_not_there", "cocopot_broken:command", group=GROUP),
        Plugin("cake", COMMAND, "bakery:command", distribution="bakery", group=GROUP),
        Plugin("cake", COMMAND, "shop:command", distribution="shop", version="2.0", group=GROUP),
    )


def test_a_command_is_run_without_an_application(kitchen: Environment) -> None:
    """It is there as soon as its distribution is installed."""
    assert cocopot(kitchen, "tea") == (0, "a cup of tea\n", "")


def test_a_broken_command_is_reported_by_name(kitchen: Environment) -> None:
    """The error names distribution, version, entry point, cause, place and cure."""
    code, output, errors = cocopot(kitchen, "broken")
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        (
            "Error: The command 'broken' of cocopot-broken 1.0 (cocopot_broken:command) cannot be imported: "
            "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
        ),
        f"  at {kitchen.packages}/cocopot_broken.py:1: import a_module_that_is_not_there",
        (
            "Install a release that works with what is installed here, or uninstall cocopot-broken. "
            "Other commands are not affected."
        ),
    ]


def test_broken_commands_hide_only_themselves(kitchen: Environment) -> None:
    """The help lists the others, and warns about what is broken."""
    code, output, errors = cocopot(kitchen, "--help")
    assert code == 0
    assert "\nDistribution cocopot-tea:\n  tea  Make tea.\n" in output
    assert "Warning: The command 'broken' of cocopot-broken 1.0 " in errors
    assert (
        "Warning: 2 distributions register a command 'cake': bakery 1.0 (bakery:command) and shop 2.0 "
        in errors
    )
    assert "broken" not in output
    assert "cake" not in output


def test_without_devtools(kitchen: Environment) -> None:
    """The commands for authors name the package to install."""
    for name in ("new", "check-plugin", "plan"):
        code, output, errors = cocopot(kitchen, name, "plugin", "hello")
        assert (code, output) == (2, "")
        assert errors.splitlines()[-1].endswith(
            "pip install ./plugins/cocopot-devtools, "
            'or once 1.0 is published: pip install "cocopot[devtools]"'
        )


def test_with_devtools(environment: MakeEnvironment) -> None:
    """With the distribution they are run, and one that is uninstalled is missed again."""
    made = environment(DEVTOOLS, CORS)
    assert cocopot(made, "new", "plugin", "hello", "--yes")[0] == 0
    assert cocopot(made, "check-plugin", "cors", "--no-cost")[0] == 0
    made.uninstall("cocopot-devtools")
    assert cocopot(made, "new", "plugin", "other", "--yes")[0] == 2
