"""The `cocopot` command; each subcommand is in a separate file."""

from __future__ import annotations

import click

from cocopot.cli.groups import MainGroup, make_disable_option, make_group
from cocopot.speedups import COMPILED

__all__ = ["COMMANDS", "OPTIONAL_COMMANDS", "main", "make_group"]

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
