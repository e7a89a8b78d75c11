"""The `cocopot` command; one file a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cocopot.cli.run import run_command

if TYPE_CHECKING:
    from cocopot.app import Cocopot


class _AppGroup(click.Group):
    """Commands that run in a context of their application, so that `current_app` and `g` may be used."""

    def __init__(self, app: Cocopot, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._app = app

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with self._app.app_context():
            return super().invoke(ctx)


def make_group(app: Cocopot) -> click.Group:
    """Return the group of an application's own commands, with those of its plugins.

    A plugin whose `cocopot_register_commands` raises loses its own commands only; the error is logged by
    name.
    """
    group = _AppGroup(app, app.name, help=f"Commands of {app.name}.")
    impls = app.plugins.call_order("cocopot_register_commands")
    wrappers = [impl for impl in impls if impl.wrapper or impl.hookwrapper]
    for impl in impls[len(wrappers) :]:
        try:
            app.plugins.call_implementations(
                "cocopot_register_commands", [impl, *wrappers], app=app, cli=group
            )
        except Exception as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            app.logger.exception("The commands of %r are missing. %s", impl.plugin_name, notes)
    return group


@click.group()
@click.version_option(package_name="cocopot")
def main() -> None:
    """Cocopot: a WSGI framework whose whole request lifecycle is a set of hooks."""


main.add_command(run_command)
