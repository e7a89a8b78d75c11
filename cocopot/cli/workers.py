"""Serving of an application in several processes, for production."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cocopot.cli.servers import SERVERS
from cocopot.cli.servers.base import ServerOptions
from cocopot.cli.supervisor import Supervisor
from cocopot.cli.worker import WorkerLoader
from cocopot.locations import locate_error
from cocopot.serving import AddressError, find_address, print_banner

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.cli.loading import AppLoader
    from cocopot.serving import Address

#: Seconds that requests in flight get to finish after SIGTERM.
GRACEFUL_TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The options of the command for production.

    Args:
        server: The name of the server.
        workers: Number of processes.
        threads: Number of requests that each process serves at the same time; by default the server's.
        wants_threads: Whether an option requires more than one thread.
        certificate: Paths of the certificate and of its key.
        graceful_timeout: Seconds that requests in flight get to finish after SIGTERM.
        access_log: Whether to log each request.
    """

    server: str
    workers: int
    threads: int | None
    wants_threads: bool
    certificate: tuple[str, str | None] | None
    graceful_timeout: int
    access_log: bool

    def check(self, address: Address | None = None) -> None:
        """Raise if the server cannot be used, or not with these options.

        Args:
            address: The address to listen on, once it is known.

        Raises:
            click.UsageError: If it cannot serve with an option.
            click.ClickException: If it is not installed.
        """
        server = SERVERS[self.server]
        unsupported = server.unsupported(
            wants_threads=self.wants_threads,
            has_certificate=self.certificate is not None,
            access_log=self.access_log,
            address=address,
        )
        if unsupported is not None:
            raise click.UsageError(unsupported)
        if (missing := server.missing()) is not None:
            raise click.ClickException(missing)


def run_workers(loader: AppLoader, host: str | None, port: int | None, options: WorkerOptions) -> None:
    """Serve the application until the process receives SIGTERM or SIGINT.

    Each worker imports the application itself, starts it before its first request, and closes it at the end,
    so that the shutdown hooks run. A worker that ends in any other way is replaced.

    Args:
        loader: Finds the application.
        host: Host name to listen on.
        port: Port to listen on.
        options: The other options.

    Raises:
        click.ClickException: If the server is not installed, the application is in debug mode, or no server
            can listen on the address.
        SystemExit: If the application fails to start.
    """
    options.check()
    app = load_to_serve(loader)
    if app.debug:
        raise click.ClickException(
            f"--workers is for production, and debug mode is on ({app.config.origin('DEBUG')}). "
            "Pass --no-debug, or omit --workers."
        )
    print_banner(app)
    try:
        address = find_address(app, host, port)
        options.check(address)
        failed = _run(loader, address, options)
    except AddressError as error:
        raise click.ClickException(str(error)) from None
    if failed:
        sys.exit(1)


def _run(loader: AppLoader, address: Address, options: WorkerOptions) -> bool:
    """Serve, and return whether no worker could start the application."""
    server = SERVERS[options.server]
    server_options = ServerOptions(
        address=address,
        workers=options.workers,
        threads=options.threads or server.default_threads,
        certificate=options.certificate,
        graceful_timeout=options.graceful_timeout,
        access_log=options.access_log,
    )
    supervisor = Supervisor(server_options)
    worker = WorkerLoader(loader.target, loader.disable, options.graceful_timeout, supervisor.writer)
    server.run(server_options, worker, supervisor.run)
    return supervisor.failed


def load_to_serve(loader: AppLoader) -> Cocopot:
    """Return the application of a command that serves it, which must not end as if it had succeeded.

    Args:
        loader: Finds the application.

    Raises:
        click.ClickException: If the application called `sys.exit` without an error.
    """
    try:
        return loader.load()
    except SystemExit as error:
        if error.code:
            raise
        place = locate_error(error)
        where = "" if place is None else f"\n  at {place}: {place.read_line()}"
        raise click.ClickException(
            f"The application called sys.exit({error.code!r}) while it was imported: nothing is left to "
            f'serve. Call it below the line if __name__ == "__main__".{where}'
        ) from None
