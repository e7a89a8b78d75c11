"""The address that a server listens on: found, resolved, and checked before anything else is started."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cocopot.app import Cocopot

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 5000
#: The prefix of a host that is the path of a Unix socket.
UNIX_PREFIX = "unix://"


class AddressError(Exception):
    """A server cannot listen on an address; the message is one sentence about the cause, and the cure."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that a server can listen on.

    Args:
        host: The host as it was passed or configured, for display; or `unix://` and a path.
        ip: The IP address that it resolves to; for a Unix socket the host.
        port: The port; 0 lets the system choose one.
    """

    host: str
    ip: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.host if self.is_unix_socket else f"{host}:{self.port}"

    @property
    def is_unix_socket(self) -> bool:
        """Whether it is the path of a Unix socket."""
        return self.host.startswith(UNIX_PREFIX)


def find_address(app: Cocopot, host: str | None, port: int | None) -> Address:
    """Return the address that a server of the application listens on.

    A SERVER_NAME that is not a name of this machine, such as the public name of a site behind a proxy,
    supplies the port only.

    Args:
        app: The application; its SERVER_NAME supplies what is not passed.
        host: Host name or IP address, or `None` for the configured or default one.
        port: Port, or `None` for the configured or default one.

    Raises:
        AddressError: If no server can listen there.
    """
    for fault in app.config.faults():  # the others are reported when the application starts
        if fault.key == "SERVER_NAME":
            raise AddressError(str(fault))
    server_host, server_port = split_server_name(app.config["SERVER_NAME"])
    server_port = DEFAULT_PORT if server_port is None else server_port
    port = server_port if port is None else port
    if host or not server_host:
        return check_address(host or DEFAULT_HOST, port)
    try:
        return check_address(server_host, port)
    except _NotLocalError:
        return check_address(DEFAULT_HOST, port)


def check_address(host: str, port: int) -> Address:
    """Return an address, resolved, after a socket has been bound to it.

    Args:
        host: Host name, IP address with or without brackets, or `unix://` and a path.
        port: Port.

    Raises:
        AddressError: If it cannot be resolved or bound.
    """
    if host.startswith("unix:"):
        _check_unix_socket(host)
        return Address(host, host, port)
    port = _check_port(port)
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    failures: list[OSError] = []
    for family, ip, sockaddr in _resolve(host, port):
        try:
            _bind(family, sockaddr)
        except OSError as error:
            failures.append(error)
        else:
            return Address(host, ip, port)
    raise _describe(failures[0], host, port) from failures[0]


def free_port(address: Address) -> int:
    """Return the port of an address, or one that is free at the moment if that is 0."""
    if address.port or address.is_unix_socket:
        return address.port
    return next(_bind(family, sockaddr) for family, _, sockaddr in _resolve(address.ip, 0))


def listen(address: Address) -> socket.socket:
    """Return a socket that is bound to an address, and does not listen yet.

    Args:
        address: An address that has been checked.

    Raises:
        AddressError: If another program has taken it since.
    """
    if address.is_unix_socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address.host.removeprefix(UNIX_PREFIX))
        return listener
    family, _, sockaddr = next(_resolve(address.ip, address.port))
    listener = socket.socket(family)
    try:
        _bind_to(listener, sockaddr)
    except OSError as error:
        listener.close()
        raise _describe(error, address.host, address.port) from error
    return listener


def _check_port(port: int | str) -> int:
    """Return a port as a number; a text is that of an environment variable."""
    try:
        number = int(port)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= 65535:
        raise AddressError(f"{port!r} is not a port: pass a number from 0 to 65535.")
    return number


def _check_unix_socket(host: str) -> None:
    """Raise if no server can listen on a Unix socket; remove one that no program listens on any more."""
    path = host.removeprefix(UNIX_PREFIX)
    if path in {"", host} or "\0" in path:
        raise AddressError(
            f"{host!r} is not a Unix socket: pass {UNIX_PREFIX} and a path, such as "
            f"{UNIX_PREFIX}/run/app.sock."
        )
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            if Path(path).is_socket():
                if probe.connect_ex(path) == 0:
                    raise AddressError(
                        f"{path} is in use by another program: stop it, or choose another path."
                    )
            else:
                probe.bind(path)
        Path(path).unlink()
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        reason = "it exists, and is not a socket" if in_use else error.strerror or error
        raise AddressError(f"A server cannot listen on {path!r}: {reason}. Choose another path.") from None


class _NotLocalError(AddressError):
    """A host cannot be resolved, or is another machine."""


def _resolve(host: str, port: int) -> Iterator[tuple[socket.AddressFamily, str, Any]]:
    """Yield family, IP address and socket address of a host, those of IPv4 first."""
    name = "localhost" if host.endswith(".localhost") else host  # RFC 6761, section 6.3
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, ValueError):  # the latter for labels of invalid length, and NUL
        raise _NotLocalError(
            f"The host {host!r} cannot be resolved: pass a name or an IP address of this machine, without "
            f"scheme and port, such as {DEFAULT_HOST}, or 0.0.0.0 for all."
        ) from None
    found.sort(key=lambda item: item[0] != socket.AF_INET)
    for family, _, _, _, sockaddr in found:
        yield family, str(sockaddr[0]), sockaddr


def _bind(family: socket.AddressFamily, sockaddr: Any) -> int:
    """Bind a socket for a moment, as a server does, and return its port."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _bind_to(probe, sockaddr)
        port: int = probe.getsockname()[1]
        return port


def _bind_to(unbound: socket.socket, sockaddr: Any) -> None:
    if os.name == "posix":  # elsewhere it would take the port from another program
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    unbound.bind(sockaddr)


def _describe(error: OSError, host: str, port: int) -> AddressError:
    if error.errno == errno.EADDRINUSE:
        hint = (
            " On macOS it may be the AirPlay Receiver." if sys.platform == "darwin" and port == 5000 else ""
        )
        return AddressError(
            f"Port {port} is in use by another program on {host}: stop it, or choose another port.{hint}"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return AddressError(
            f"Port {port} needs privileges that this process does not have: choose one above 1023."
        )
    if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        return _NotLocalError(
            f"{host} is not an address of this machine: pass one that is, such as {DEFAULT_HOST}, or 0.0.0.0 "
            "for all."
        )
    return AddressError(f"A server cannot listen on {host}, port {port}: {error.strerror}.")


def split_server_name(server_name: str | None) -> tuple[str | None, int | None]:
    """Return host and port of a valid SERVER_NAME, each `None` if it is missing."""
    if not server_name:
        return None, None
    address = urlsplit(f"//{server_name}")
    return address.hostname, address.port


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if host.startswith(UNIX_PREFIX):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
