"""Commands that installed distributions register: the entry-point group `cocopot.commands`."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from cocopot import Cocopot
from cocopot.cli import COMMANDS, OPTIONAL_COMMANDS, main
from cocopot.cli.external import ExternalCommandError, ExternalCommands, find_commands
from cocopot.hooks.distributions import COMMANDS_GROUP as GROUP
from cocopot.testing import installed_plugin
from tests.cli.support import Ready

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

TEA = """
    import click

    @click.command(help="Make tea. With milk.")
    @click.option("--cups", default=1)
    def command(cups):
        click.echo(f"{cups} cups of tea")
    """
#: How a command can be broken, and what is reported of it besides its name and origin.
BROKEN = {
    "missing import": ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module"),
    "raises": ("raise ValueError('no kettle')", "ValueError: no kettle"),
    "exits": ("raise SystemExit('no kettle')", "SystemExit: no kettle"),
    "no object": ("other = 1", "AttributeError: module 'cocopot_tea' has no attribute 'command'"),
    "not a command": ("command = print", "is <built-in function print>, which is not a click.Command."),
}
installed_command = functools.partial(installed_plugin, group=GROUP)


def invoke(*args: str, app: Cocopot | None = None) -> Result:
    options: dict[str, Any] = {} if app is None else {"obj": Ready(app)}
    return CliRunner().invoke(main, args, prog_name="cocopot", **options)


class TestCommands:
    def test_runs_without_an_application(self, folder: Path) -> None:
        """A command of a distribution is run with its options; no application is imported."""
        folder.joinpath("app.py").write_text("raise ValueError('imported')")
        with installed_command("tea", TEA, entry_point="cocopot_tea:command"):
            result = invoke("tea", "--cups", "2")
        assert (result.exit_code, result.output) == (0, "2 cups of tea\n")

    def test_help(self, folder: Path) -> None:
        """The help has a section for each distribution, with the first sentence of each command's help."""
        with installed_command("tea", TEA, entry_point="cocopot_tea:command"):
            output = invoke("--help").output
        assert "\nDistribution cocopot-tea:\n  tea  Make tea.\n" in output

    def test_disable(self, folder: Path) -> None:
        """It accepts `--disable` before and after its name, unless it has such an option itself."""
        source = TEA.replace("def command(cups):", "@click.pass_obj\n    def command(loader, cups):")
        source = source.replace('f"{cups} cups of tea"', "', '.join(loader.disable)")
        with installed_command("tea", source, entry_point="cocopot_tea:command"):
            for _ in range(2):
                result = invoke("--disable", "cors", "tea", "--disable", "milk,birds")
                assert result.output == "cors, milk, birds\n"
            assert invoke("tea", "--help").output.count("--disable") == 1
        own = source.replace('"--cups", default=1', '"--disable", "cups", default="green"').replace(
            "', '.join(loader.disable)", "cups"
        )
        with installed_command("tea", own, entry_point="cocopot_tea:command"):
            assert invoke("tea", "--disable", "black").output == "black\n"

    def test_not_imported_early(self, folder: Path) -> None:
        """Only the command that is run is imported."""
        with installed_command("tea", TEA, entry_point="cocopot_tea:command"):
            assert invoke("run", "--help").exit_code == 0
            assert invoke("teas").exit_code == 2
            assert "cocopot_tea" not in sys.modules
            invoke("tea")
            assert "cocopot_tea" in sys.modules

    def test_unknown(self, folder: Path) -> None:
        """What is near to a mistyped name may be a command of a distribution."""
        with installed_command("brew", TEA, entry_point="cocopot_brew:command"):
            assert "No such command 'brwe'. Did you mean 'brew'?" in invoke("brwe").output

    def test_precedence_over_the_application(self) -> None:
        """It needs no application, and so has precedence; the help warns about the application's."""
        app = Cocopot("tests_of_cli", autoload=False)
        app.cli.add_command(click.Command("tea", callback=lambda: click.echo("the application's")))
        with installed_command("tea", TEA, entry_point="cocopot_tea:command"):
            assert invoke("tea", app=app).output == "1 cups of tea\n"
            help_text = invoke("--help", app=app)
        assert help_text.stderr == (
            "Warning: the command 'tea' of Application tests_of_cli cannot be run: "
            "the distribution cocopot-tea has one of that name.\n"
        )

    def test_completion(self, folder: Path) -> None:
        """A shell completes its name, and nothing of a broken one is printed."""
        both = {"tea": "cocopot_tea:command", "teabag": "cocopot_tea:missing"}
        with installed_command(both, TEA, distribution="cocopot-tea"):
            found = ShellComplete(main, {}, "cocopot", "_COCOPOT_COMPLETE").get_completions([], "te")
        assert [item.value for item in found] == ["tea"]


class TestBroken:
    @pytest.mark.parametrize("kind", BROKEN)
    def test_run(self, folder: Path, kind: str) -> None:
        """The error names command, distribution, version, entry point, cause and cure."""
        source, cause = BROKEN[kind]
        with installed_command("tea", source, version="1.2", entry_point="cocopot_tea:command"):
            result = invoke("tea", "--help")
        assert result.exit_code == 1
        assert "Error: The command 'tea' of cocopot-tea 1.2 (cocopot_tea:command) " in result.output
        assert cause in result.output
        assert "or uninstall cocopot-tea. Other commands are not affected." in result.output

    def test_place(self, folder: Path) -> None:
        """The error shows the line of the distribution's source, and has its facts as fields."""
        with installed_command("tea", "\nraise ValueError('no kettle')") as plugin:
            (command,) = (c for name, c in find_commands(()).commands.items() if name == "tea")
            with pytest.raises(ExternalCommandError) as caught:
                command.load()
            error = caught.value
            assert error.place is not None
            place = f"{plugin.path}/cocopot_tea.py:2"
            assert f"\n  at {place}: raise ValueError('no kettle')\n" in error.message
        assert (error.name, error.distribution, error.version) == ("tea", "cocopot-tea", "1.0.0")
        assert (error.entry_point, str(error.place)) == ("cocopot_tea", place)
        assert isinstance(error.__cause__, ValueError)

    def test_hides_only_its_own(self, folder: Path) -> None:
        """The help warns about it on standard error, and lists all other commands."""
        both = {"tea": "cocopot_tea:command", "bag": "cocopot_tea:bag"}
        with installed_command(both, TEA, distribution="cocopot-tea"):
            result = invoke("--help")
        assert result.exit_code == 0
        assert result.stderr.startswith("Warning: The command 'bag' of cocopot-tea 1.0.0 (cocopot_tea:bag) ")
        assert "\nDistribution cocopot-tea:\n  tea  Make tea.\n" in result.stdout
        assert all(f"  {name} " in result.stdout for name in COMMANDS)

    def test_two_distributions(self, folder: Path) -> None:
        """Neither of two with one name is run; the error names both."""
        with (
            installed_command("tea", TEA, entry_point="cocopot_tea:command"),
            installed_command("tea", TEA, distribution="kettle", version="3", entry_point="kettle:command"),
        ):
            result, help_text = invoke("tea"), invoke("--help")
        assert result.exit_code == 1
        assert result.output == (
            "Error: 2 distributions register a command 'tea': cocopot-tea 1.0.0 (cocopot_tea:command) "
            "and kettle 3 (kettle:command).\nUninstall all but one of them.\n"
        )
        assert "Warning: 2 distributions register a command 'tea'" in help_text.stderr
        assert "  tea" not in help_text.stdout

    def test_name_of_a_builtin_command(self, folder: Path) -> None:
        """A built-in command cannot be replaced; the help warns about the one that tries."""
        with installed_command("run", TEA, entry_point="cocopot_run:command"):
            assert "Serve the application" in invoke("run", "--help").output
            help_text = invoke("--help")
        warning, cure = help_text.stderr.splitlines()
        assert warning == (
            "Warning: The command 'run' of cocopot-run 1.0.0 (cocopot_run:command) cannot be run: "
            "cocopot has a command of that name."
        )
        assert cure.startswith("Its author must rename the entry point, or uninstall cocopot-run.")

    def test_unreadable_metadata(self, folder: Path) -> None:
        """A distribution whose entry points cannot be read is named, where its commands are missed."""
        with installed_command("tea", TEA, entry_point="cocopot_tea:command") as plugin:
            (file,) = plugin.path.glob("*.dist-info/entry_points.txt")
            file.write_text("[cocopot.commands]\ntea\n")
            result, help_text = invoke("tea"), invoke("--help")
        text = "The entry points of the distribution cocopot-tea 1.0.0 cannot be read: a line has no '='."
        assert result.exit_code == 2
        assert "No such command 'tea'." in result.output
        assert text in " ".join(result.output.split())
        assert text in help_text.stderr
        assert help_text.exit_code == 0


class TestMissing:
    """`cocopot new` and its like without the distribution that has them."""

    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.setattr("cocopot.cli.groups.find_commands", lambda builtin: ExternalCommands())

    @pytest.mark.parametrize("name", OPTIONAL_COMMANDS)
    @pytest.mark.parametrize("args", [(), ("--help",), ("plugin", "hello", "--yes")])
    def test_run(self, name: str, args: tuple[str, ...]) -> None:
        """A usage error names the package to install, whatever the arguments are."""
        result = invoke(name, *args)
        assert result.exit_code == 2
        assert result.output.splitlines()[-1] == (
            f"Error: The command {name!r} is not installed. Install it in a checkout of Cocopot with: pip "
            'install ./plugins/cocopot-devtools, or once 1.0 is published: pip install "cocopot[devtools]"'
        )

    def test_help(self) -> None:
        """The help lists them with what they need, in the order of all commands."""
        section = invoke("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
        names = [line.split()[0] for line in section.splitlines() if not line.startswith("   ")]
        assert names == sorted([*COMMANDS, *OPTIONAL_COMMANDS])
        assert "(Needs cocopot[devtools].)" in " ".join(section.split())

    def test_name_of_an_application(self) -> None:
        """An application's command of that name cannot be run, as with the distribution."""
        app = Cocopot("tests_of_cli", autoload=False)
        app.cli.add_command(click.Command("new", callback=lambda: click.echo("the application's")))
        assert invoke("new", app=app).exit_code == 2
        assert (
            "'new' of Application tests_of_cli cannot be run: cocopot has" in invoke("--help", app=app).stderr
        )
