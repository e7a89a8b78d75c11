"""The plugin behind a real server."""

from __future__ import annotations

import http.client
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from cocopot_cors import CORS

from cocopot import Cocopot

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

SHOP = "https://shop.example"


class _Server(WSGIServer):
    """A server that handles one request at a time, with a timeout for silent clients."""

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(5)
        return connection, address


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden one
        pass


@pytest.fixture
def port() -> Iterator[int]:
    """Serve an application on a free port, as long as a test lasts."""
    app = Cocopot(__name__, autoload=False, plugins=[CORS], static_folder=None)
    app.config.update(CORS_ORIGINS=[SHOP], CORS_MAX_AGE=60)
    app.logger.disabled = True
    app.add_url_rule("/notes", "notes", lambda: "notes", methods=["GET", "DELETE"])
    app.add_url_rule("/crash", "crash", lambda: str(1 // 0))
    with make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(timeout=5)
        assert not thread.is_alive()


def ask(port: int, method: str, path: str, *headers: tuple[str, str]) -> tuple[int, http.client.HTTPMessage]:
    """Send one request, with headers that may be there twice; five seconds without a byte are an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.putrequest(method, path)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.headers


def test_preflight_and_request(port: int) -> None:
    """A browser's preflight and the request after it are allowed over a socket."""
    status, headers = ask(
        port, "OPTIONS", "/notes", ("Origin", SHOP), ("Access-Control-Request-Method", "DELETE")
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, SHOP)
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, DELETE"
    assert headers["Content-Type"] is None
    status, headers = ask(port, "DELETE", "/notes", ("Origin", SHOP))
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, SHOP)


def test_an_error_can_be_read(port: int) -> None:
    """A crash is a 500 with the headers."""
    status, headers = ask(port, "GET", "/crash", ("Origin", SHOP))
    assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (500, SHOP, "Origin")


@pytest.mark.parametrize(
    "origins", [[SHOP, SHOP], [SHOP, "https://evil.example"], [SHOP + "/" + "x" * 30_000], ["\xff\x00"], [""]]
)
def test_malformed_origins(port: int, origins: list[str]) -> None:
    """Several origins, a very long one, and one of odd bytes are not allowed, and do not cause an error."""
    status, headers = ask(port, "GET", "/notes", *[("Origin", origin) for origin in origins])
    assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (200, None, "Origin")
