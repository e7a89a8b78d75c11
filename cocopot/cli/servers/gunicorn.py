"""gunicorn: its threaded worker, with the supervisor in place of its arbiter.

The arbiter ends the whole server if a worker cannot start the application after a reload; the supervisor does
not. The worker is as gunicorn runs it, and configured through its application class.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from cocopot.cli.servers.shared_socket import SharedSocketServer

if TYPE_CHECKING:
    import socket

    from cocopot.app import Cocopot
    from cocopot.cli.servers.base import ServerOptions
    from cocopot.cli.worker import WorkerLoader


class Gunicorn(SharedSocketServer):
    """gunicorn with its gthread workers."""

    name = "gunicorn"
    extra = "gunicorn"
    runs_on_windows = False

    def serve(
        self, app: Cocopot, listener: socket.socket, options: ServerOptions, loader: WorkerLoader
    ) -> None:
        """As in the base class."""
        from gunicorn.app.base import BaseApplication
        from gunicorn.workers.gthread import ThreadWorker

        class Application(BaseApplication):  # type: ignore[misc]  # it has no types
            def load_config(self) -> None:
                for name, value in _settings(options).items():
                    self.cfg.set(name, value)

            def load(self) -> Any:
                return app

        class Worker(ThreadWorker):  # type: ignore[misc]  # it has no types
            def init_signals(self) -> None:
                """Leave the signals to the loader, which limits the time that requests have."""
                loader.stop_with(lambda: self.handle_exit(signal.SIGTERM, None))

        application = Application()
        config = application.cfg
        # Its last arguments: the seconds in which it notifies an arbiter, configuration and logger.
        log = config.logger_class(config)
        worker = Worker(1, os.getppid(), [listener], application, config.timeout, config, log)
        try:
            worker.init_process()
        finally:
            worker.tmp.close()  # as the arbiter does


def _settings(options: ServerOptions) -> dict[str, object]:
    """Return gunicorn's settings; the others are its defaults."""
    cert, key = options.certificate or (None, None)
    return {
        "worker_class": "gthread",
        "threads": options.threads,
        "graceful_timeout": options.graceful_timeout,
        "loglevel": "warning",
        "accesslog": "-" if options.access_log else None,
        "certfile": cert,
        "keyfile": key or cert,
    }
