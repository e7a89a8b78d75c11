"""granian: a server in Rust, with HTTP/2 and TLS."""

from __future__ import annotations

import signal
from multiprocessing import set_start_method
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cocopot.cli.servers.base import Server
from cocopot.serving import UNIX_PREFIX, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from cocopot.app import Cocopot
    from cocopot.cli.servers.base import ServerOptions, Supervise
    from cocopot.cli.worker import WorkerLoader


class Granian(Server):
    """The default."""

    name = "granian"
    extra = "serve"
    is_default = True

    def run(self, options: ServerOptions, loader: WorkerLoader, supervise: Supervise) -> None:
        """As in the base class; granian makes the socket and the processes."""
        server = _make_server(options)

        def serve_loop(spawn_target: Any, target_loader: WorkerLoader) -> None:
            # Not before: at each start granian warns of more threads than two per core.
            server.blocking_threads = options.threads

            def spawn(index: int) -> BaseProcess:
                worker = server._spawn_worker(  # noqa: SLF001
                    idx=index, target=spawn_target, callback_loader=target_loader
                )
                process: BaseProcess = worker.inner
                process.start()
                return process

            supervise(spawn, server.bind_port)

        server.serve_loop = serve_loop
        server.serve(target_loader=_OneSignal(loader), wrap_loader=False)


class _OneSignal:
    """Loads the application, and lets granian's handler of signals be called once, in a thread of the worker.

    A further call blocks, with the GIL, until the worker has ended: no request in flight goes on. A terminal
    sends SIGINT to the worker as well as to the main process, which then sends it SIGTERM.

    Args:
        loader: Loads the application; pickled for each worker.
    """

    def __init__(self, loader: WorkerLoader) -> None:
        self._loader = loader

    def __call__(self) -> Cocopot:
        """Return the application, started."""
        from granian import _signals

        app = self._loader()
        _signals.set_main_signals = self._stop_with
        return app

    def _stop_with(self, handler: Callable[[Any, Any], Any], _reload: object = None) -> None:
        self._loader.stop_with(lambda: handler(signal.SIGTERM, None))


def _make_server(options: ServerOptions) -> Any:
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # A forked worker would inherit the state that importing the application left in this process.
    set_start_method("spawn", force=True)
    address = options.address
    cert, key = (Path(name) if name else None for name in options.certificate or (None, None))
    return _server_class()(
        "",
        address=address.ip,
        port=free_port(address),
        uds=Path(address.host.removeprefix(UNIX_PREFIX)) if address.is_unix_socket else None,
        interface=Interfaces.WSGI,
        workers=options.workers,
        websockets=False,
        blocking_threads=1,
        ssl_cert=cert,
        ssl_key=key or cert,
        log_level=LogLevels.warning,
        log_access=options.access_log,
    )


def _server_class() -> type[Any]:
    """Return granian's server, with `serve_loop(spawn_target, target_loader)` in place of its own loop."""
    from granian.server import MPServer

    class MPServerWithLoop(MPServer):
        serve_loop: Callable[..., None]

        def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
            """Do nothing: the supervisor starts the workers."""

        def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
            self.serve_loop(spawn_target, target_loader)

    return MPServerWithLoop
