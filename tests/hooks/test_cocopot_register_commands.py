"""`cocopot_register_commands`: commands for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cocopot import hookimpl
from tests.hooks.drivers import recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    import pytest

HOOK = "cocopot_register_commands"


def test_fires_when_the_command_line_is_used() -> None:
    """It fires once, when the group of commands is first used, and never in a request."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "commands", HOOK))
    app.test_client().get("/")
    assert calls == []
    assert app.cli is app.cli
    assert calls == ["commands"]


def test_a_command() -> None:
    """It gets the application and its group; a command that it adds can be run; a result is ignored."""

    class Plugin:
        @hookimpl
        def cocopot_register_commands(self, app: Any, cli: click.Group) -> str:
            cli.add_command(click.Command("name", callback=lambda: click.echo(app.name)))
            return "ignored"

    app = app_with(plugin=Plugin())
    assert app.test_cli_runner().invoke(args=["name"]).output == "shop\n"


def test_a_command_that_another_plugin_has(caplog: pytest.LogCaptureFixture) -> None:
    """Two plugins with one name for a command: the first one keeps it, and the error names both."""

    def plugin(text: str) -> object:
        class Plugin:
            @hookimpl
            def cocopot_register_commands(self, cli: click.Group) -> None:
                cli.add_command(click.Command("say", callback=lambda: click.echo(text)))

        return Plugin()

    app = app_with(one=plugin("one"), two=plugin("two"))
    assert app.test_cli_runner().invoke(args=["say"]).output == "one\n"
    assert "The commands of 'two' are missing." in caplog.text
    assert (
        "Plugin 'two' registers the command 'say', which is also registered by plugin 'one' at" in caplog.text
    )
    [conflict] = app.plugins.conflicts
    assert (conflict.winner.plugin, conflict.losers[0].plugin, conflict.is_error) == ("one", "two", True)


def test_a_command_of_the_application_replaces_that_of_a_plugin() -> None:
    """The application decides; the conflict is reported, and not an error."""

    class Plugin:
        @hookimpl
        def cocopot_register_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("say", callback=lambda: click.echo("plugin")))

    app = app_with(plugin=Plugin())
    app.cli.command("say")(lambda: click.echo("application"))
    assert app.test_cli_runner().invoke(args=["say"]).output == "application\n"
    [conflict] = app.plugins.conflicts
    assert (conflict.winner.plugin, conflict.losers[0].plugin, conflict.is_error) == (None, "plugin", False)


def test_an_exception_hides_the_plugins_own_commands(caplog: pytest.LogCaptureFixture) -> None:
    """The commands of the others are there, and the error is logged by plugin and hook."""

    class Broken:
        @hookimpl
        def cocopot_register_commands(self) -> None:
            raise ValueError("broken")

    class Plugin:
        @hookimpl
        def cocopot_register_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("fine"))

    app = app_with(broken=Broken(), plugin=Plugin())
    assert "fine" in app.cli.commands
    (record,) = caplog.records
    assert "Raised by plugin 'broken' in hook cocopot_register_commands." in record.getMessage()
