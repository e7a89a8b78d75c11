"""waitress: threads in Python alone, on every platform."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from cocopot.cli.servers.shared_socket import SharedSocketServer

if TYPE_CHECKING:
    import socket

    from cocopot.app import Cocopot
    from cocopot.cli.servers.base import ServerOptions
    from cocopot.cli.worker import WorkerLoader

#: Seconds without a byte after which a connection is closed, while the server stops.
_IDLE_TIME = 1
_INTERVAL = 0.05  # seconds


class Waitress(SharedSocketServer):
    """waitress."""

    name = "waitress"
    extra = "waitress"
    has_tls = False
    has_access_log = False

    def serve(
        self, app: Cocopot, listener: socket.socket, options: ServerOptions, loader: WorkerLoader
    ) -> None:
        """As in the base class; its own reaction to a signal would abort requests."""
        from waitress.server import create_server

        # A line for each request that waits for a thread: clients could fill the log.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        server = create_server(app, sockets=[listener], threads=options.threads)
        loader.stop_with(lambda: threading.Thread(target=_stop, args=(server,), daemon=True).start())
        server.run()


def _stop(server: Any) -> None:
    """Accept no connections, wait until there are none, and end the loop of the server."""
    server.accepting = False
    server.adj.channel_timeout = _IDLE_TIME
    server.adj.cleanup_interval = server.next_channel_cleanup = 0  # the loop closes idle ones at each pass
    while server.active_channels:
        server.pull_trigger()
        time.sleep(_INTERVAL)
    server.trigger.pull_trigger(server.close)  # in the loop, which ends without a socket
