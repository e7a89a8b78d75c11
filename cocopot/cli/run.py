"""`cocopot run`: serve an application for development."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from werkzeug.utils import import_string

if TYPE_CHECKING:
    from cocopot.app import Cocopot


@click.command("run")
@click.argument("app", default="app:app", metavar="MODULE[:NAME]")
@click.option("--host", default=None, help="Host name to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on.")
@click.option("--debug/--no-debug", default=False, help="Debug mode, with reloader and debugger.")
def run_command(app: str, host: str | None, port: int | None, *, debug: bool) -> None:
    """Serve the application APP on this machine."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = app.partition(":")
    application: Cocopot = import_string(f"{module}:{name or 'app'}")
    application.run(host, port, debug=debug)
