"""The requests of the development server: what is read, and what is rejected."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.serving import make_server

from cocopot import Cocopot
from cocopot.serving.handler import RequestHandler


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        *((b"/%0aERROR%1b[31m", "/%0aERROR%1b[31m"), (b"/%E2%80%A8%E2%80%AE", r"/\u2028\u202e")),
        *((b"/%C2%9B", r"/\x9b"), (b"/\x1b[31m\xc2\x85", r"/\x1b[31m"), (b"/a?b=%0d%0aX", "%0d%0aX")),
        *((b"/" + b"x" * 5000, "... (5014 characters)"), (b"/gr%C3%BC%C3%9Fe", "/grüße")),
    ],
)
def test_the_access_log_cannot_be_forged(target: bytes, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each request is one line of the access log, in which what the client sent is escaped and bounded."""
    app = Cocopot("access_log", autoload=False)
    server = make_server("127.0.0.1", 0, app, request_handler=RequestHandler)
    with caplog.at_level("INFO", "werkzeug"), ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        try:
            with socket.create_connection(("127.0.0.1", server.port), 5) as client:
                client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert client.recv(100).split()[1] in {b"404", b"400"}
        finally:
            server.shutdown()
    server.server_close()
    (line,) = caplog.messages
    assert shown in line
    assert re.sub(r"\x1b\[\d+m", "", line).isprintable()
