"""Serving of an application in several processes with granian, for production."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cocopot.cli.loading import AppLoader
from cocopot.serving import address_of, print_banner

if TYPE_CHECKING:
    from cocopot.app import Cocopot


def run_workers(
    loader: AppLoader,
    host: str | None,
    port: int | None,
    *,
    workers: int,
    threaded: bool,
    certificate: tuple[str, str | None] | None,
) -> None:
    """Serve the application until the process receives SIGTERM or SIGINT.

    Each worker imports the application itself, starts it before its first request, and closes it at the end,
    so that the shutdown hooks run.

    Args:
        loader: Finds the application.
        host: Host name to listen on.
        port: Port to listen on.
        workers: Number of processes.
        threaded: Whether each process serves several requests at the same time.
        certificate: Paths of the certificate and of its key.

    Raises:
        click.ClickException: If granian is not installed, or the application is in debug mode.
    """
    if importlib.util.find_spec("granian") is None:
        raise click.ClickException("--workers needs granian: pip install 'cocopot[serve]'.")
    app = loader.load()
    if app.debug:
        raise click.ClickException(
            f"--workers is for production, and debug mode is on ({app.config.origin('DEBUG')}). "
            "Pass --no-debug, or omit --workers."
        )
    print_banner(app)
    from granian import Granian
    from granian.constants import Interfaces

    # A forked worker would inherit the state that importing the application left in this process.
    multiprocessing.set_start_method("spawn", force=True)
    address, port = address_of(app, host, port)
    cert, key = (Path(name) if name else None for name in certificate or (None, None))
    server = Granian(
        loader.target or "",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        websockets=False,
        # The number of Python's own thread pool; granian's default is in the hundreds.
        blocking_threads=min(32, (os.cpu_count() or 1) + 4) if threaded else 1,
        ssl_cert=cert,
        ssl_key=key or cert,
    )
    server.serve(target_loader=load_in_worker)


def load_in_worker(target: str) -> Cocopot:
    """Return the application for a worker, started, so that it is closed when the process ends.

    Args:
        target: As for `AppLoader`; empty for the default.
    """
    app = AppLoader(target or None).load()
    app.start()
    return app
