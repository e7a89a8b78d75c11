"""The `cocopot` command; each command is in a file of its own."""

from __future__ import annotations

import click

from cocopot.cli.groups import MainGroup, make_group
from cocopot.speedups import COMPILED

__all__ = ["COMMANDS", "OPTIONAL_COMMANDS", "main", "make_group"]

#: The commands: by name, the module that has the command as `command`, imported when it is used, and a line
#: of help.
COMMANDS = {
    "config": ("cocopot.cli.config", "Show the configuration and where it comes from."),
    "plugins": ("cocopot.cli.plugins", "Show the plugins, what became of them, and their order."),
    "routes": ("cocopot.cli.routes", "List the URL rules, or say which answers a URL."),
    "run": ("cocopot.cli.run", "Serve the application."),
    "shell": ("cocopot.cli.shell", "Run Python with the application at hand."),
}
#: The commands of distributions that need not be installed: by name, what to install, and a line of help.
OPTIONAL_COMMANDS = {
    "check-plugin": ("cocopot[devtools]", "Check a plugin as a strict reviewer would."),
    "new": ("cocopot[devtools]", "Write a new project: an application or a plugin."),
}

main = MainGroup(
    "cocopot",
    lazy=COMMANDS,
    optional=OPTIONAL_COMMANDS,
    help="Cocopot: a WSGI framework whose whole request lifecycle is a set of hooks.",
    params=[
        click.Option(
            ["-A", "--app"],
            type=click.Path(),  # it may be a path, and completes like one
            metavar="MODULE[:NAME]",
            expose_value=False,
            help="The application: shop, shop:app, src/shop.py, 'shop:create_app(\"dev\")'. "
            "By default as COCOPOT_APP says, or app.py or wsgi.py.",
        ),
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
