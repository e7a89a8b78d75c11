"""The groups of commands: an application's own, and the `cocopot` command that provides them together."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from cocopot import Cocopot, current_app, hookimpl
from cocopot.cli import COMMANDS, main
from cocopot.cli.groups import ApplicationGroup
from tests.cli.processes import cocopot
from tests.cli.support import Ready
from tests.processes import clean_environ

if TYPE_CHECKING:
    from collections.abc import Iterator


class AddsCommands:
    """A plugin that provides one command."""

    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        cli.add_command(click.Command(self.name, callback=lambda: click.echo(f"ran {self.name}")))


class Fails:
    """A plugin that fails."""

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        raise ValueError("no commands today")


class Wraps:
    """A plugin that looks on while the others provide their commands."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []

    @hookimpl(wrapper=True)
    def cocopot_register_commands(self, cli: click.Group) -> Iterator[None]:
        result = yield
        self.seen.append(list(cli.commands))
        return result


def make_app(*plugins: object) -> Cocopot:
    return Cocopot("tests_of_cli", autoload=False, plugins=plugins)


class TestGroup:
    def test_empty(self) -> None:
        """An application without commands has a group of its name, with nothing in it."""
        app = make_app()
        assert (app.cli.name, app.cli.commands) == ("tests_of_cli", {})
        assert app.cli is app.cli
        assert "Commands of tests_of_cli." in app.test_cli_runner().invoke(args=["--help"]).output

    def test_order(self) -> None:
        """The plugins' commands come in load order, and all can be run."""
        app = make_app(AddsCommands("b"), AddsCommands("a"))
        assert list(app.cli.commands) == ["b", "a"]
        assert [app.test_cli_runner().invoke(args=[name]).output for name in "ab"] == ["ran a\n", "ran b\n"]

    def test_own_command(self) -> None:
        """The application adds its own commands to the group."""
        app = make_app(AddsCommands("a"))

        @app.cli.command()
        def own() -> None:
            click.echo(app.name)

        assert app.test_cli_runner().invoke(args=["own"]).output == "tests_of_cli\n"
        assert list(app.cli.commands) == ["a", "own"]

    def test_failing_plugin(self, caplog: pytest.LogCaptureFixture) -> None:
        """A plugin that fails loses its own commands only, and the log names it and the reason."""
        app = make_app(AddsCommands("a"), Fails(), AddsCommands("b"))
        with caplog.at_level(logging.ERROR):
            assert list(app.cli.commands) == ["a", "b"]
        (record,) = caplog.records
        assert "Fails" in record.getMessage()
        assert "cocopot_register_commands" in record.getMessage()
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == "no commands today"

    def test_wrapper(self) -> None:
        """A wrapper runs once, around the commands of all plugins, also where there are none."""
        wraps, alone = Wraps(), Wraps()
        app = make_app(AddsCommands("a"), wraps, AddsCommands("b"))
        assert list(app.cli.commands) == ["a", "b"]
        assert make_app(alone).cli.commands == {}
        assert (wraps.seen, alone.seen) == ([["a", "b"]], [[]])

    @pytest.mark.parametrize("late", [False, True])
    def test_failing_wrapper(self, caplog: pytest.LogCaptureFixture, late: bool) -> None:
        """A wrapper that fails, on either side of its `yield`, is named; the others' commands are there."""

        class FailingWrapper:
            @hookimpl(wrapper=True)
            def cocopot_register_commands(self) -> Iterator[None]:
                if late:
                    yield
                raise ValueError("no wrapping today")

        wraps, names = Wraps(), ["a", "b"]
        app = make_app(AddsCommands("a"), FailingWrapper(), wraps, AddsCommands("b"))
        assert (list(app.cli.commands), wraps.seen) == (names, [names])
        (record,) = caplog.records
        assert "FailingWrapper' in hook cocopot_register_commands." in record.getMessage()
        assert isinstance(app.cli, ApplicationGroup)
        owners = [str(app.cli.plugin_of(name)).rpartition(".")[2] for name in names]
        assert owners == ["AddsCommands", "AddsCommands (2)"]

    def test_wrapper_that_adds_a_command(self) -> None:
        """What a wrapper adds is attributed to it, on either side of its `yield`."""

        class AddingWrapper:
            @hookimpl(wrapper=True)
            def cocopot_register_commands(self, cli: click.Group) -> Iterator[None]:
                cli.add_command(click.Command("before"))
                yield
                cli.add_command(click.Command("after"))

        app = make_app(AddsCommands("a"), AddingWrapper())
        assert isinstance(app.cli, ApplicationGroup)
        owners = {name: str(app.cli.plugin_of(name)).rpartition(".")[2] for name in app.cli.commands}
        assert owners == {"before": "AddingWrapper", "a": "AddsCommands", "after": "AddingWrapper"}

    def test_two_of_one_name(self) -> None:
        """Of two commands with one name the one that was added last is."""
        app = make_app(AddsCommands("a"))
        app.cli.add_command(click.Command("a", callback=lambda: click.echo("other")))
        assert app.test_cli_runner().invoke(args=["a"]).output == "other\n"

    def test_whose(self) -> None:
        """The group knows which plugin provided a command, and which the application took over."""
        app = make_app(AddsCommands("a"), AddsCommands("b"))
        app.cli.add_command(click.Command("b"))
        app.cli.add_command(click.Command("own"))
        assert isinstance(app.cli, ApplicationGroup)
        assert app.cli.plugin_of("a") == app.plugins.records("plugin")[0].name
        assert (app.cli.plugin_of("b"), app.cli.plugin_of("own")) == (None, None)

    def test_a_name_that_another_plugin_has(self) -> None:
        """The plugin that registered the command first is the one that provides it."""
        app = make_app(AddsCommands("a"), AddsCommands("a"))
        assert isinstance(app.cli, ApplicationGroup)
        assert app.cli.plugin_of("a") == app.plugins.records("plugin")[0].name


def invoke(app: Cocopot, *args: str) -> Any:
    return CliRunner().invoke(main, args, obj=Ready(app), prog_name="cocopot")


class TestMain:
    def test_sections(self) -> None:
        """The help has the command's own, then a section for each plugin, then the application's."""
        app = make_app(AddsCommands("b"))
        app.plugins.register(AddsCommands("fly"), "birds")

        @app.cli.command(help="Say hello. At length.")
        def greet() -> None: ...

        app.cli.add_command(click.Command("unseen", hidden=True))
        sections = invoke(app, "--help").output.partition("Commands:\n")[2].split("\n\n")
        assert [line.split()[0] for line in sections[0].splitlines()] == list(COMMANDS)
        assert sections[1].startswith("Distribution cocopot-devtools:\n")
        assert [section.split() for section in sections[2:]] == [
            ["Plugin", f"{AddsCommands.__module__}.AddsCommands:", "b"],
            ["Plugin", "birds:", "fly"],
            ["Application", "tests_of_cli:", "greet", "Say", "hello."],
        ]

    def test_runs_in_a_context(self) -> None:
        """An application's command runs in a context of the application, which is torn down at its end."""
        app = make_app()
        seen: list[object] = []
        app.teardown_appcontext(seen.append)

        @app.cli.command()
        def who() -> None:
            click.echo(current_app.name)

        @app.cli.command()
        def fails() -> None:
            raise LookupError("in the command")

        assert invoke(app, "who").output == "tests_of_cli\n"
        assert seen == [None]
        result = invoke(app, "fails")
        assert result.exit_code == 1
        assert result.output.endswith("LookupError: in the command\n")
        assert len(seen) == 2

    def test_nested_group(self) -> None:
        """A plugin may provide a group; its commands run in a context too."""
        app = make_app()

        @app.cli.group()
        def db() -> None: ...

        @db.command()
        def upgrade() -> None:
            click.echo(f"upgraded {current_app.name}")

        assert invoke(app, "db", "upgrade").output == "upgraded tests_of_cli\n"

    def test_builtin_wins(self) -> None:
        """A command of a plugin that has the name of a built-in one is not run; the help warns of it."""
        app = make_app(AddsCommands("routes"))
        result = invoke(app, "--help")
        warning = (
            f"Warning: the command 'routes' of Plugin {AddsCommands.__module__}.AddsCommands cannot be run: "
        )
        assert warning in result.stderr
        assert "ran routes" not in invoke(app, "routes").output

    def test_failing_plugin(self, caplog: pytest.LogCaptureFixture) -> None:
        """A plugin that fails hides its own commands only."""
        app = make_app(AddsCommands("a"), Fails(), AddsCommands("b"))
        assert invoke(app, "a").output == "ran a\n"
        assert invoke(app, "b").output == "ran b\n"
        assert "no commands today" in caplog.text

    def test_not_standalone(self) -> None:
        """Called as a function it raises what the application raises."""
        app = make_app()
        app.cli.add_command(click.Command("fails", callback=lambda: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            main(["fails"], obj=Ready(app), standalone_mode=False)


class TestWithoutApplication:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            (None, "There is no application; see --app."),
            ("this is no Python\n", "It failed to load: SyntaxError: invalid syntax"),
            ("raise SystemExit(3)\n", "It failed to load: SystemExit: 3"),
            ("raise ValueError('first\\nsecond')\n", "It failed to load: ValueError: first"),
        ],
    )
    def test_help(self, folder: Path, text: str | None, why: str) -> None:
        """The help lists the command's own commands, and states why the application's are missing."""
        if text is not None:
            (folder / "app.py").write_text(text)
        result = CliRunner().invoke(main, ["--help"], prog_name="cocopot")
        assert result.exit_code == 0
        assert all(f"\n  {name} " in result.output for name in COMMANDS)
        assert f"The application's commands are missing. {why}" in " ".join(result.output.split())
        assert "second" not in result.output

    def test_unknown_command(self, folder: Path) -> None:
        """A command that may be the application's is unknown without it, and the message states why."""
        result = CliRunner().invoke(main, ["greet"])
        assert result.exit_code == 2
        assert "No such command 'greet'." in result.output
        assert "There is no application." in result.output

    def test_unknown_command_of_a_broken_application(self, folder: Path) -> None:
        """If the application fails to load, its own error is what is shown."""
        (folder / "app.py").write_text("1 / 0\n")
        result = CliRunner().invoke(main, ["greet"])
        assert result.exit_code == 1
        assert "No such command" not in result.output
        assert result.output.endswith("ZeroDivisionError: division by zero\n")


PROGRAM = """
import click
from cocopot import Cocopot, current_app, hookimpl

class Birds:
    plugin_name = "birds"

    @hookimpl
    def cocopot_register_commands(self, cli):
        @cli.group()
        def birds():
            pass

        @birds.command()
        @click.option("--colour", type=click.Choice(["red", "green"]))
        def feed(colour):
            pass

app = Cocopot("shop", autoload=False, plugins=[Birds])
"""


class TestCompletion:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["ro"], {"routes"}),
            (["b"], {"birds"}),
            (["birds", ""], {"feed"}),
            (["birds", "feed", "--c"], {"--colour"}),
            (["birds", "feed", "--colour", ""], {"red", "green"}),
            (["--app", "shop:nothing", "r"], {"routes", "run"}),
            (["--app", "missing", "b"], set()),
            (["run", "--reloa"], {"--reload"}),
        ],
    )
    def test_words(self, tmp_path: Path, words: list[str], expected: set[str]) -> None:
        """Commands, a plugin's too, their options and values are completed, without a word on errors."""
        (tmp_path / "app.py").write_text(PROGRAM)
        line, number = " ".join(["cocopot", *words]), str(len(words))
        result = cocopot(tmp_path, _COCOPOT_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=number)
        assert {found.partition(",")[2] for found in result.stdout.split()} == expected
        assert result.stderr == ""

    def test_bash(self, tmp_path: Path) -> None:
        """bash itself completes with the script that the command prints."""
        (tmp_path / "app.py").write_text(PROGRAM)
        scripts = Path(sys.executable).parent
        script = (
            'source <(_COCOPOT_COMPLETE=bash_source cocopot); COMP_WORDS=(cocopot birds ""); COMP_CWORD=2; '
            '_cocopot_completion cocopot; echo "${COMPREPLY[@]}"'
        )
        variables = clean_environ(PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}")
        result = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
        )
        assert result.stdout == "feed\n"
