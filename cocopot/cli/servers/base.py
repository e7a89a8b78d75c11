"""What a server of `cocopot run --workers` is: how it starts workers, and what it can do."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from cocopot.cli.worker import WorkerLoader
    from cocopot.serving import Address

#: Whether the platform is one of POSIX; the other one is Windows.
HAS_POSIX = os.name == "posix"
#: Threads of a worker. Measured with 1 to 64: a view that waits 5 ms is served 30 times as often as with one,
#: and one that only computes, or returns a text, as often.
DEFAULT_THREADS = 32
#: Starts the process of the worker with an index, and returns it.
Spawn = Callable[[int], BaseProcess]
#: Supervises workers until a signal ends the command: called with what starts one, and the port.
Supervise = Callable[[Spawn, int], None]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The options of the command that reach a server.

    Args:
        address: The address to listen on.
        workers: Number of processes.
        threads: Number of requests that each process serves at the same time.
        certificate: Paths of the certificate and of its key.
        graceful_timeout: Seconds that requests in flight get to finish after SIGTERM.
        access_log: Whether to log each request.
    """

    address: Address
    workers: int
    threads: int
    certificate: tuple[str, str | None] | None
    graceful_timeout: int
    access_log: bool


class Server(ABC):
    """A server; each has a module of its own. An instance is pickled for each worker."""

    #: The name of its distribution, and of its package.
    name: ClassVar[str]
    #: The extra of Cocopot that installs it.
    extra: ClassVar[str]
    is_default: ClassVar[bool] = False
    has_threads: ClassVar[bool] = True
    has_tls: ClassVar[bool] = True
    has_access_log: ClassVar[bool] = True
    has_ipv6: ClassVar[bool] = True
    runs_on_windows: ClassVar[bool] = True

    @property
    def default_threads(self) -> int:
        """Threads of a worker by default; 1 if it serves one request after the other."""
        return DEFAULT_THREADS if self.has_threads else 1

    @abstractmethod
    def run(self, options: ServerOptions, loader: WorkerLoader, supervise: Supervise) -> None:
        """Listen on the address, and let the workers be supervised until a signal ends the command.

        Args:
            options: The options.
            loader: Loads the application in a worker.
            supervise: Called once, when a worker can be started.
        """

    def missing(self) -> str | None:
        """Return why the server cannot be used here, and what to do, as a sentence; `None` if it can."""
        if not HAS_POSIX and not self.runs_on_windows:
            return f"{self.name} does not run on this platform: choose granian or waitress."
        if find_spec(self.name) is None:
            option = "--workers" if self.is_default else f"--server {self.name}"
            return f"{option} needs {self.name}: pip install 'cocopot[{self.extra}]'."
        return None

    def unsupported(
        self,
        *,
        wants_threads: bool,
        has_certificate: bool,
        access_log: bool,
        address: Address | None = None,
    ) -> str | None:
        """Return a sentence about the first option that the server cannot serve with, or `None`.

        Args:
            wants_threads: Whether an option requires more than one thread.
            has_certificate: Whether there is a certificate.
            access_log: Whether to log each request.
            address: The address to listen on, once it is known.
        """
        if wants_threads and not self.has_threads:
            return f"{self.name} has no threads: omit --threads, and start more workers."
        if has_certificate and not self.has_tls:
            return (
                f"{self.name} has no TLS: omit --cert, and let a proxy do it, or choose granian or gunicorn."
            )
        if access_log and not self.has_access_log:
            return f"{self.name} has no access log: omit --access-log, or choose granian or gunicorn."
        if not self.has_ipv6 and address is not None and ":" in address.ip and not address.is_unix_socket:
            return f"{self.name} has no IPv6: pass an IPv4 address as --host, or choose another server."
        return None
