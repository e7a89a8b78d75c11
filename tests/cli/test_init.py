from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

import cocopot
from cocopot import Cocopot, hookimpl
from cocopot.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator


class Brings:
    """A plugin that brings one command."""

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
    """A plugin that looks on while the others bring their commands."""

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
        app = make_app(Brings("b"), Brings("a"))
        assert list(app.cli.commands) == ["b", "a"]
        assert [app.test_cli_runner().invoke(args=[name]).output for name in "ab"] == ["ran a\n", "ran b\n"]

    def test_own_command(self) -> None:
        """The application adds commands of its own to the group."""
        app = make_app(Brings("a"))

        @app.cli.command()
        def own() -> None:
            click.echo(app.name)

        assert app.test_cli_runner().invoke(args=["own"]).output == "tests_of_cli\n"
        assert list(app.cli.commands) == ["a", "own"]

    def test_failing_plugin(self, caplog: pytest.LogCaptureFixture) -> None:
        """A plugin that fails loses its own commands only, and the log names it and the reason."""
        app = make_app(Brings("a"), Fails(), Brings("b"))
        with caplog.at_level(logging.ERROR):
            assert list(app.cli.commands) == ["a", "b"]
        (record,) = caplog.records
        assert "Fails" in record.getMessage()
        assert "cocopot_register_commands" in record.getMessage()
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == "no commands today"

    def test_wrapper(self) -> None:
        """A wrapper is around the commands of each plugin."""
        wraps = Wraps()
        app = make_app(Brings("a"), wraps, Brings("b"))
        assert list(app.cli.commands) == ["a", "b"]
        assert wraps.seen == [["a"], ["a", "b"]]

    def test_two_of_one_name(self) -> None:
        """Of two commands with one name the one that was added last stands."""
        app = make_app(Brings("a"))
        app.cli.add_command(click.Command("a", callback=lambda: click.echo("other")))
        assert app.test_cli_runner().invoke(args=["a"]).output == "other\n"


class TestMain:
    @pytest.mark.parametrize(
        ("args", "text"),
        [(["--version"], "version"), (["--help"], "run "), (["run", "--help"], "--host")],
    )
    def test_says(self, args: list[str], text: str) -> None:
        """The command says its version and what it can do."""
        result: Any = CliRunner().invoke(main, args, prog_name="cocopot")
        assert result.exit_code == 0
        assert text in result.output

    def test_unknown(self) -> None:
        """An unknown command is a usage error."""
        result = CliRunner().invoke(main, ["fly"])
        assert result.exit_code == 2
        assert "No such command 'fly'" in result.output

    def test_not_imported_early(self) -> None:
        """The package itself does not hand out the command line, which is imported when it is asked for."""
        assert "main" not in cocopot.__all__
