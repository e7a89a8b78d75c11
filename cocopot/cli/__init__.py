"""The `cocopot` command; each subcommand is in a separate file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cocopot.cli.app_groups import AppGroup, pass_loader, with_appcontext
from cocopot.cli.findings import Finding
from cocopot.cli.groups import MainGroup, make_disable_option, make_group
from cocopot.cli.loading import AppLoader
from cocopot.speedups import COMPILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot

__all__ = [
    "COMMANDS",
    "OPTIONAL_COMMANDS",
    "AppGroup",
    "AppLoader",
    "CocopotGroup",
    "Finding",
    "main",
    "make_group",
    "pass_loader",
    "with_appcontext",
]

#: The commands: by name, the module that defines `command`, imported when it is used, and a line of help.
COMMANDS = {
    "check": ("cocopot.cli.check", "Load, start and close the application, and report what is wrong."),
    "config": ("cocopot.cli.config", "Show the configuration and the origin of each value."),
    "plugins": ("cocopot.cli.plugins", "Show the plugins, their state and their order."),
    "routes": ("cocopot.cli.routes", "List the URL rules, or show which one matches a URL."),
    "run": ("cocopot.cli.run", "Serve the application."),
    "shell": ("cocopot.cli.shell", "Run Python in a context of the application."),
}
#: The commands of optional distributions: by name, the requirement to install, and a line of help.
OPTIONAL_COMMANDS = {
    "check-plugin": ("cocopot[devtools]", "Check a plugin as a strict reviewer would."),
    "hook-docs": ("cocopot[devtools]", "Generate the documentation of a plugin's hooks."),
    "new": ("cocopot[devtools]", "Write a new project: an application or a plugin."),
    "plan": ("cocopot[devtools]", "Show what an installation would change in the application."),
}


class CocopotGroup(MainGroup, AppGroup):
    """A command of an application's own, which has the commands of `cocopot` and of the application.

    Its own commands run in a context of the application, as those of every `AppGroup`.

    Example:
        ```python
        import click
        from cocopot import Cocopot, current_app
        from cocopot.cli import CocopotGroup

        def create_app():
            return Cocopot("shop", autoload=False)

        @click.group(cls=CocopotGroup, create_app=create_app)
        def shop():
            pass

        @shop.command()
        def import_prices():
            click.echo(f"Prices of {current_app.name}")
        ```

    Args:
        args: As for `click.Group`.
        create_app: Creates the application, when a command needs it; by default it is found as that of the
            `cocopot` command.
        add_default_commands: Whether it has the commands of `cocopot`.
        options: As for `click.Group`.
    """

    def __init__(
        self,
        *args: Any,
        create_app: Callable[[], Cocopot] | None = None,
        add_default_commands: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, lazy=COMMANDS if add_default_commands else {}, optional={}, **options)
        self.params.append(make_disable_option())
        self._create_app = create_app

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context, whose object is the `AppLoader`."""
        extra.setdefault("obj", AppLoader(create_app=self._create_app))
        return super().make_context(info_name, args, parent, **extra)


main = MainGroup(
    "cocopot",
    lazy=COMMANDS,
    optional=OPTIONAL_COMMANDS,
    help="Cocopot: a WSGI framework whose whole request lifecycle is a set of hooks.",
    params=[
        click.Option(
            ["-A", "--app"],
            type=click.Path(),  # so that the shell completes paths
            metavar="MODULE[:NAME]",
            expose_value=False,
            help="The application: shop, shop:app, src/shop.py, 'shop:create_app(\"dev\")'. "
            "By default the value of COCOPOT_APP, or app.py or wsgi.py.",
        ),
        make_disable_option(),
        click.Option(
            ["--env-file"],
            type=click.Path(),
            metavar="PATH",
            expose_value=False,
            help="A file of environment variables to read beside .env and .cocopotenv; needs python-dotenv.",
        ),
    ],
)
click.version_option(
    package_name="cocopot", message=f"%(prog)s, version %(version)s{'' if COMPILED else ', nothing compiled'}"
)(main)
