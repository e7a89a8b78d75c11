"""Servers whose workers accept connections from one socket, which the main process listens on."""

from __future__ import annotations

import socket
from abc import abstractmethod
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from cocopot.cli.servers.base import Server
from cocopot.serving import UNIX_PREFIX, listen

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from cocopot.app import Cocopot
    from cocopot.cli.servers.base import ServerOptions, Supervise
    from cocopot.cli.worker import WorkerLoader

#: Connections that wait to be accepted.
_BACKLOG = 1024


class SharedSocketServer(Server):
    """A server whose module serves on a socket that is passed to it."""

    @abstractmethod
    def serve(
        self, app: Cocopot, listener: socket.socket, options: ServerOptions, loader: WorkerLoader
    ) -> None:
        """Serve in a worker process until it is told to stop, and its requests have finished.

        Args:
            app: The application, started.
            listener: The socket that connections are accepted from.
            options: The options.
            loader: Its method `stop_with` registers what a signal calls.
        """

    def run(self, options: ServerOptions, loader: WorkerLoader, supervise: Supervise) -> None:
        """As in the base class; the socket is closed in the end, and the file of a Unix socket removed."""
        address = options.address
        # A forked worker would inherit the state that importing the application left in this process.
        process_class = get_context("spawn").Process

        with listen(address) as listener:
            if not address.is_unix_socket:
                # Connections inherit it. A server may send head and body of a response one after the other,
                # and the system would delay the second.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def spawn(index: int) -> BaseProcess:
                process = process_class(
                    target=self.work,
                    name=f"{self.name}-worker-{index + 1}",
                    args=(listener, options, loader),
                )
                process.start()
                return process

            try:
                supervise(spawn, address.port if address.is_unix_socket else listener.getsockname()[1])
            finally:
                if address.is_unix_socket:
                    Path(address.host.removeprefix(UNIX_PREFIX)).unlink(missing_ok=True)

    def work(self, listener: socket.socket, options: ServerOptions, loader: WorkerLoader) -> None:
        """Load the application in a worker process, and serve it."""
        app = loader()
        listener.listen(
            _BACKLOG
        )  # not before: until then a connection is refused, as by a server that is down
        self.serve(app, listener, options, loader)
