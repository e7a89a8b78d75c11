"""`cocopot_register_commands`: commands for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest

from cocopot import hookimpl
from tests.hooks.support import BLAMED, app_with

if TYPE_CHECKING:
    from collections.abc import Generator

    import pluggy

    from cocopot.hooks.candidates import Candidate


def recorder(calls: list[str], name: str, *, tryfirst: bool = False, trylast: bool = False) -> object:
    """Return a plugin that records its name."""

    class Recorder:
        @hookimpl(tryfirst=tryfirst, trylast=trylast)
        def cocopot_register_commands(self) -> None:
            calls.append(name)

    return Recorder()


def test_fires_when_the_command_line_is_used() -> None:
    """It comes once, when the group of commands is asked for, and never in a request."""
    calls: list[str] = []
    app = app_with(plugin=recorder(calls, "commands"))
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


def test_order() -> None:
    """Plugins run in load order, between those that asked to be first and last."""
    calls: list[str] = []
    app = app_with(
        late=recorder(calls, "trylast", trylast=True),
        one=recorder(calls, "one"),
        two=recorder(calls, "two"),
        early=recorder(calls, "tryfirst", tryfirst=True),
    )
    app.cli.list_commands(click.Context(app.cli))
    assert calls == ["tryfirst", "one", "two", "trylast"]


def test_the_last_command_of_a_name_wins() -> None:
    """Two plugins with one name for a command: the one that was loaded later has it."""

    def plugin(text: str) -> object:
        class Plugin:
            @hookimpl
            def cocopot_register_commands(self, cli: click.Group) -> None:
                cli.add_command(click.Command("say", callback=lambda: click.echo(text)))

        return Plugin()

    app = app_with(one=plugin("one"), two=plugin("two"))
    assert app.test_cli_runner().invoke(args=["say"]).output == "two\n"


def test_by_name() -> None:
    """Called by name, it runs for any group, and gives the results."""

    class Plugin:
        @hookimpl
        def cocopot_register_commands(self, cli: click.Group) -> str | None:
            return cli.name

    app = app_with(one=Plugin(), nothing=recorder([], "nothing"), two=Plugin())
    assert app.plugins.hook.cocopot_register_commands(app=app, cli=click.Group("g")) == ["g", "g"]


def test_wrappers() -> None:
    """Wrappers of both styles lie around all implementations; the one loaded first is outermost."""
    calls: list[str] = []

    class New:
        @hookimpl(wrapper=True)
        def cocopot_register_commands(self) -> Generator[None, Any, Any]:
            calls.append("new in")
            result = yield
            calls.append("new out")
            return result

    class Old:
        @hookimpl(hookwrapper=True)
        def cocopot_register_commands(self) -> Generator[None, pluggy.Result[Any], None]:
            calls.append("old in")
            outcome = yield
            calls.append(f"old out {outcome.exception}")

    app = app_with(plain=recorder(calls, "plain"), new=New(), old=Old())
    app.cli.list_commands(click.Context(app.cli))
    assert calls == ["new in", "old in", "plain", "old out None", "new out"]


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_an_exception_hides_the_plugins_own_commands(
    candidate: Candidate | None, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The commands of the others are there, and the error is logged by plugin, distribution and hook."""

    class Broken:
        @hookimpl
        def cocopot_register_commands(self) -> None:
            raise ValueError("broken")

    class Plugin:
        @hookimpl
        def cocopot_register_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("fine"))

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    app.plugins.register(Plugin(), "plugin")
    assert "fine" in app.cli.commands
    (record,) = caplog.records
    assert f"Raised by {who} in hook cocopot_register_commands." in record.getMessage()


@pytest.mark.parametrize(("candidate", "who"), BLAMED)
def test_blame(candidate: Candidate | None, who: str) -> None:
    """An exception names the plugin, where it comes from, and the hook."""

    class Broken:
        @hookimpl
        def cocopot_register_commands(self) -> None:
            raise ValueError("broken")

    app = app_with()
    app.plugins.register(Broken(), "broken", candidate=candidate)
    with pytest.raises(ValueError, match="broken") as caught:
        app.plugins.hook.cocopot_register_commands(app=app, cli=click.Group("g"))
    assert caught.value.__notes__ == [f"Raised by {who} in hook cocopot_register_commands."]
