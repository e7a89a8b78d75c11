"""Serving of an application in several processes with granian, for production."""

from __future__ import annotations

import importlib.util
import os
import sys
from multiprocessing import set_start_method
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cocopot.cli.supervisor import Supervisor
from cocopot.cli.worker import WorkerLoader
from cocopot.locations import locate_error
from cocopot.serving import UNIX_PREFIX, AddressError, find_address, free_port, print_banner

if TYPE_CHECKING:
    from collections.abc import Callable

    from cocopot.app import Cocopot
    from cocopot.cli.loading import AppLoader
    from cocopot.serving import Address

#: Seconds that requests in flight get to finish after SIGTERM.
GRACEFUL_TIMEOUT = 30
#: Seconds that the shutdown hooks of a worker get after that.
_CLOSE_TIMEOUT = 10


def run_workers(
    loader: AppLoader,
    host: str | None,
    port: int | None,
    *,
    workers: int,
    threaded: bool,
    certificate: tuple[str, str | None] | None,
    graceful_timeout: int,
    access_log: bool,
) -> None:
    """Serve the application until the process receives SIGTERM or SIGINT.

    Each worker imports the application itself, starts it before its first request, and closes it at the end,
    so that the shutdown hooks run. A worker that ends in any other way is replaced.

    Args:
        loader: Finds the application.
        host: Host name to listen on.
        port: Port to listen on.
        workers: Number of processes.
        threaded: Whether each process serves several requests at the same time.
        certificate: Paths of the certificate and of its key.
        graceful_timeout: Seconds that requests in flight get to finish after SIGTERM.
        access_log: Whether to log each request.

    Raises:
        click.ClickException: If granian is not installed, the application is in debug mode, or no server can
            listen on the address.
        SystemExit: If the application fails to start.
    """
    if importlib.util.find_spec("granian") is None:
        raise click.ClickException("--workers needs granian: pip install 'cocopot[serve]'.")
    app = load_to_serve(loader)
    if app.debug:
        raise click.ClickException(
            f"--workers is for production, and debug mode is on ({app.config.origin('DEBUG')}). "
            "Pass --no-debug, or omit --workers."
        )
    print_banner(app)
    try:
        address = find_address(app, host, port)
    except AddressError as error:
        raise click.ClickException(str(error)) from None
    server = _make_server(address, workers, threaded, certificate, access_log)
    server.workers_kill_timeout = graceful_timeout + _CLOSE_TIMEOUT
    supervisor = Supervisor(server, address, is_secure=certificate is not None)
    worker = WorkerLoader(loader.target, loader.disable, graceful_timeout, supervisor.writer)
    server.supervise = supervisor.run
    server.serve(target_loader=worker, wrap_loader=False)
    if supervisor.failed:
        sys.exit(1)


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


def _make_server(
    address: Address,
    workers: int,
    threaded: bool,
    certificate: tuple[str, str | None] | None,
    access_log: bool,
) -> Any:
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # A forked worker would inherit the state that importing the application left in this process.
    set_start_method("spawn", force=True)
    cpus = os.cpu_count() or 1
    cert, key = (Path(name) if name else None for name in certificate or (None, None))
    return _server_class()(
        "",
        address=address.ip,
        port=free_port(address),
        uds=Path(address.host.removeprefix(UNIX_PREFIX)) if address.is_unix_socket else None,
        interface=Interfaces.WSGI,
        workers=workers,
        websockets=False,
        # granian's default is in the hundreds; above this number it warns at each start.
        blocking_threads=min(32, 2 * cpus + 1) if threaded else 1,
        ssl_cert=cert,
        ssl_key=key or cert,
        log_level=LogLevels.warning,
        log_access=access_log,
    )


def _server_class() -> type[Any]:
    """Return granian's server, with `supervise(spawn_target, target_loader)` in place of its own loop."""
    from granian.server import MPServer

    class Server(MPServer):
        supervise: Callable[..., None]

        def _spawn_worker(self, *args: Any, **kwargs: Any) -> Any:
            worker = super()._spawn_worker(*args, **kwargs)
            worker.interrupt_by_parent = True  # granian reports no end of a worker: the supervisor does
            return worker

        def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
            """Do nothing: the supervisor starts the workers."""

        def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
            self.supervise(spawn_target, target_loader)

    return Server
