"""bjoern: one thread in C on libev, the quickest for short views."""

from __future__ import annotations

import os
import signal
import socket
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cocopot.cli.servers.shared_socket import SharedSocketServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot
    from cocopot.cli.servers.base import ServerOptions
    from cocopot.cli.worker import WorkerLoader

_INTERVAL = 0.05  # seconds


class Bjoern(SharedSocketServer):
    """bjoern."""

    name = "bjoern"
    extra = "bjoern"
    has_threads = False
    has_tls = False
    has_access_log = False
    has_ipv6 = False
    runs_on_windows = False

    def serve(
        self,
        app: Cocopot,
        listener: socket.socket,
        options: ServerOptions,  # noqa: ARG002 - it has none of them
        loader: WorkerLoader,
    ) -> None:
        """As in the base class."""
        import bjoern  # pyright: ignore[reportMissingImports]

        # bjoern handles SIGINT once, and a second one would end the process: that of a terminal, which is
        # sent to a group of processes, reaches the main process only.
        os.setpgid(0, 0)
        listener.setblocking(False)
        loader.stop_with(lambda: threading.Thread(target=_stop, args=(listener,), daemon=True).start())
        bjoern.server_run(listener, app)  # pyright: ignore[reportAttributeAccessIssue]


def _stop(listener: socket.socket) -> None:
    """Let bjoern accept no connections, and end when the last of its connections is closed.

    It keeps connections open for as long as clients do. One on which it waits for a request ends when its
    reading side is shut down; a response that is being sent does not.
    """
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        time.sleep(_INTERVAL)
        for connection in _connections(listener):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


def _connections(listener: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections that were accepted from a socket, each for the time of one step."""
    own = listener.getsockname()
    for path in Path("/dev/fd").iterdir():
        number = int(path.name)
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as found:
                found.getpeername()  # fails for a socket that listens
                name = found.getsockname()
                if name == own or (isinstance(own, tuple) and isinstance(name, tuple) and name[1] == own[1]):
                    yield found
