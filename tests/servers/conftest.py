"""The servers, each started at its first use and stopped at the end of the session."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsers import start_browser
from tests.processes import free_port, stop_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from cocopot.testing import Client

HERE = Path(__file__).parent
DEADLINE = 20.0  # seconds for a server to answer
TIMEOUT = 5.0  # seconds without a byte are a hang

_APPLICATION = [sys.executable, str(HERE / "application.py")]
_GUNICORN = [sys.executable, "-m", "gunicorn", "application:app"]
_GRANIAN = [sys.executable, "-m", "granian", "application:app", "--interface", "wsgi"]


def _gunicorn(worker: str, threads: str, port: int) -> list[str]:
    return [*_GUNICORN, "--worker-class", worker, "--threads", threads, "--bind", f"127.0.0.1:{port}"]


def _granian(port: int) -> list[str]:
    return [*_GRANIAN, "--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "4"]


COMMANDS: dict[str, Callable[[int], list[str]]] = {
    "wsgiref": lambda port: [*_APPLICATION, "wsgiref", str(port)],
    "development": lambda port: [*_APPLICATION, "development", str(port)],
    "waitress": lambda port: [*_APPLICATION, "waitress", str(port)],
    "gunicorn-sync": lambda port: _gunicorn("sync", "1", port),
    "gunicorn-gthread": lambda port: _gunicorn("gthread", "4", port),
    "granian": _granian,
    "bjoern": lambda port: [*_APPLICATION, "bjoern", str(port)],
}


@dataclass(frozen=True)
class Server:
    """A server that runs the application in a separate process."""

    name: str
    port: int
    log: Path

    @property
    def keeps_connections(self) -> bool:
        """Whether a connection may be used for several requests."""
        return self.name in {"waitress", "gunicorn-gthread", "granian", "bjoern"}

    @property
    def reads_chunks(self) -> bool:
        """Whether a chunked request body reaches the application.

        granian ends one that breaks off as if it were complete, so that Cocopot does not read it there.
        """
        return self.name not in {"wsgiref", "granian"}

    @property
    def joins_headers(self) -> bool:
        """Whether the values of two Host headers are joined to one, where RFC 9112, 3.2 demands a 400."""
        return self.name == "bjoern"

    @property
    def checks_percent_encoding(self) -> bool:
        """Whether a path with a percent sign that encodes no byte is a 400 of the server."""
        return self.name == "bjoern"

    @property
    def encodes_headers(self) -> bool:
        """Whether the header values of a response are sent as UTF-8, where PEP 3333 demands Latin-1."""
        return self.name == "granian"

    @property
    def checks_lengths(self) -> bool:
        """Whether `start_response` raises an exception for a Content-Length that is not a number."""
        return self.name == "waitress" or self.name.startswith("gunicorn")

    @property
    def chunks_nothing(self) -> bool:
        """Whether an answer to HEAD whose length is not known is followed by the chunk that ends a body."""
        return self.name == "waitress"

    def connect(self) -> socket.socket:
        """Return a connection; five seconds without a byte are an error."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def client(self) -> http.client.HTTPConnection:
        """Return an HTTP client; five seconds without a byte are an error."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def send(self, raw: bytes, *, end: bool = False) -> bytes:
        """Send bytes and return what comes back until the connection is closed.

        Args:
            raw: The bytes of a request that asks for the connection to be closed.
            end: Whether to announce that no more bytes will follow.
        """
        received = b""
        # A server that closes before it has read everything resets the connection.
        with self.connect() as connection, suppress(ConnectionResetError):
            connection.sendall(raw)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                received += piece
        return received

    def get_json(self, path: str) -> Any:
        """Return the JSON under a path."""
        client = self.client()
        client.request("GET", path)
        answer = json.loads(client.getresponse().read())
        client.close()
        return answer

    def events(self, token: str) -> list[str]:
        """Return what happened to a streamed answer, once it has been torn down or five seconds are over."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            events: list[str] = self.get_json(f"/events/{token}")
            if "teardown" in events or time.monotonic() > deadline:
                return events
            time.sleep(0.02)


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.connect().close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{server.name} does not answer:\n{server.log.read_text()}")


@contextmanager
def running(name: str, folder: Path) -> Iterator[Server]:
    """Run one server for as long as the block takes."""
    server = Server(name, free_port(), folder / f"{name}.log")
    # Recent versions of gunicorn put a socket of their own into the folder for such things.
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_RUNTIME_DIR": str(folder)}
    with (
        server.log.open("wb") as log,
        subprocess.Popen(
            COMMANDS[name](server.port),
            cwd=HERE,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_until_it_answers(server, process)
            yield server
        finally:
            stop_session(process)


def _parameters() -> Iterator[Any]:
    for name in COMMANDS:
        missing = name == "bjoern" and importlib.util.find_spec(name) is None
        yield pytest.param(name, marks=pytest.mark.skipif(missing, reason=f"{name} is not installed"))


@pytest.fixture(scope="session", params=_parameters())
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each server in turn, running the application."""
    with running(request.param, tmp_path_factory.mktemp("servers")) as server:
        yield server
        log = server.log.read_text()
    # What wsgiref's validator states.
    assert "AssertionError" not in log
    assert "garbage collected without being closed" not in log


@pytest.fixture(scope="session")
def in_process() -> Client:
    """A test client of the same application, in this process."""
    spec = importlib.util.spec_from_file_location("served_application", HERE / "application.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    client: Client = module.app.test_client(use_cookies=False)
    return client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium, without a window."""
    with start_browser() as browser:
        yield browser
