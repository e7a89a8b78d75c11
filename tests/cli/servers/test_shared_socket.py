"""Servers whose workers share a socket, in this process: each serves on it, and ends when it is stopped."""

from __future__ import annotations

import http.client
import importlib.util
import threading
from contextlib import closing
from multiprocessing import Pipe
from typing import TYPE_CHECKING

import pytest

from cocopot import Cocopot
from cocopot.cli.servers import SERVERS
from cocopot.cli.servers.base import ServerOptions
from cocopot.cli.servers.shared_socket import SharedSocketServer
from cocopot.cli.worker import WorkerLoader
from cocopot.serving import Address, AddressError, listen

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

ADDRESS = Address("127.0.0.1", "127.0.0.1", 0)


def make_options(address: Address = ADDRESS, threads: int = 2) -> ServerOptions:
    return ServerOptions(address, 1, threads, None, 5, access_log=False)


def ask(listener: socket.socket) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)) as client:
        client.request("GET", "/")
        return client.getresponse().read()


class Loader(WorkerLoader):
    """A loader that keeps what stops the server; signals would reach the whole process."""

    stop: Callable[[], object] | None = None

    def stop_with(self, stop: Callable[[], object]) -> None:
        self.stop = stop


@pytest.mark.parametrize("name", ["gunicorn", "waitress"])
def test_a_server_serves_until_it_is_stopped(name: str) -> None:
    """It answers on the socket that it was passed, and returns when it is told to stop."""
    pytest.importorskip(name)
    app = Cocopot("shop", autoload=False)
    app.add_url_rule("/", "index", lambda: "served")
    server, loader = SERVERS[name], Loader(None, (), 5, Pipe(duplex=False)[1])
    assert isinstance(server, SharedSocketServer)
    with listen(ADDRESS) as listener:
        listener.listen()
        serving = threading.Thread(target=server.serve, args=(app, listener, make_options(), loader))
        serving.start()
        assert ask(listener) == b"served"
        assert loader.stop is not None
        loader.stop()
        serving.join(20)
        assert not serving.is_alive()


@pytest.mark.parametrize("name", ["waitress", "bjoern"])
def test_a_worker_is_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A worker loads the application in a new process; in the end the Unix socket is removed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    (tmp_path / "app.py").write_text("from cocopot import Cocopot\napp = Cocopot('shop', autoload=False)\n")
    monkeypatch.chdir(tmp_path)
    path, (reader, writer) = tmp_path / "s", Pipe(duplex=False)
    ends: list[int | None] = []

    def supervise(spawn: Callable[[int], BaseProcess], port: int) -> None:
        process = spawn(0)
        assert reader.poll(20)
        assert reader.recv_bytes() == f"{process.pid} started".encode()
        process.terminate()
        process.join(20)
        ends.append(process.exitcode)

    address = Address(f"unix://{path}", f"unix://{path}", 0)
    SERVERS[name].run(make_options(address, 1), WorkerLoader("app:app", (), 5, writer), supervise)
    assert ends == [0]
    assert not path.exists()


def test_an_address_that_was_taken() -> None:
    """A program that takes the port after it was checked is the same sentence as before."""
    with listen(ADDRESS) as first:
        first.listen()
        taken = Address("localhost", "127.0.0.1", first.getsockname()[1])
        with pytest.raises(AddressError, match=r"^Port \d+ is in use by another program on localhost: stop"):
            listen(taken)
    listen(taken).close()
