"""`cocopot run`: serve an application for development."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cocopot.cli.loading import AppLoader


@click.command("run")
@click.option("--host", default=None, help="Host name to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port to listen on.")
@click.option("--debug/--no-debug", default=None, help="Debug mode; by default as COCOPOT_DEBUG says.")
@click.pass_obj
def command(loader: AppLoader, host: str | None, port: int | None, *, debug: bool | None) -> None:
    """Serve the application on this machine, for development."""
    application = loader.load()
    application.run(host, port, debug=application.debug if debug is None else debug)
