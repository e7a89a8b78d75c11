"""`cocopot run`: serve an application for development."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from werkzeug.utils import ImportStringError, import_string

from cocopot.exceptions import PluginError

if TYPE_CHECKING:
    from cocopot.app import Cocopot


@click.command("run")
@click.argument("app", default="app:app", metavar="[MODULE[:NAME]]")
@click.option("--host", default=None, help="Host name to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port to listen on.")
@click.option("--debug/--no-debug", default=None, help="Debug mode; by default as COCOPOT_DEBUG says.")
def run_command(app: str, host: str | None, port: int | None, *, debug: bool | None) -> None:
    """Serve an application on this machine: that of MODULE, by default app:app."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = app.partition(":")
    try:
        application: Cocopot = import_string(f"{module}:{name or 'app'}")
    except ImportStringError as error:
        if isinstance(error.exception, ImportError) and error.exception.name in {module, None}:
            raise click.ClickException(f"There is no {app!r} to run here: {error.exception}.") from error
        raise error.exception from None
    except PluginError as error:
        raise click.ClickException(str(error)) from error
    application.run(host, port, debug=application.debug if debug is None else debug)
