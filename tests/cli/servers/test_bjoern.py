"""What ends the connections that bjoern would keep open."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from cocopot.cli.servers.bjoern import _connections

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("family", ["inet", "unix"])
def test_the_connections_of_a_socket(tmp_path: Path, family: str) -> None:
    """They are those that were accepted from it: not the socket itself, nor the end of a client."""
    address = ("127.0.0.1", 0) if family == "inet" else f"{tmp_path}/s"
    kind = socket.AF_INET if family == "inet" else socket.AF_UNIX
    with socket.socket(kind) as listener, socket.socket(kind) as client:
        listener.bind(address)
        listener.listen()
        client.connect(listener.getsockname())
        accepted = listener.accept()[0]
        with accepted:
            for connection in _connections(listener):
                connection.sendall(b"found ")
            accepted.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() == b"found "
        assert list(_connections(listener)) == []
