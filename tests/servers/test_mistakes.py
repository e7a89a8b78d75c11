"""What no server may receive is a 500 of the application's own, under every server."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Server

pytestmark = pytest.mark.slow

KINDS = [
    "status-true",
    "status-0",
    "status-100",
    "status-101",
    "status-1000",
    "status-text",
    "status-stream",
    "status-line-break",
    "header-latin",
    "header-nul",
    "header-del",
    "header-escape",
    "header-name",
    "location",
    "werkzeug",
    "werkzeug-header",
    "application",
]


def get(server: Server, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer; five seconds without a byte are an error."""
    with closing(server.client()) as client:
        client.request(method, path)
        response = client.getresponse()
        return response.status, dict(response.getheaders()), response.read()


@pytest.mark.parametrize("kind", KINDS)
def test_the_application_answers(server: Server, kind: str) -> None:
    """The answer is the application's page for a 500; it is logged and torn down, and the server lives on."""
    token = uuid4().hex
    status, headers, body = get(server, f"/mistake/{token}?kind={kind}")
    assert (status, b"<h1>Internal Server Error</h1>" in body) == (500, True)
    assert "X-A" not in headers
    assert server.events(token) == ["teardown"]
    log = server.log.read_text()
    assert token in log
    assert "ValueError" in log[log.index(token) :]
    assert server.get_json("/query?still=here") == {"still": ["here"]}


@pytest.mark.parametrize("kind", KINDS)
def test_the_hooks_run(server: Server, kind: str) -> None:
    """The after-request functions see the 500, and what they saw before it at most the invalid response."""
    token = uuid4().hex
    assert get(server, f"/observed/{token}?kind={kind}")[0] == 500
    assert server.events(token)[-2:] == ["500", "teardown"]


def test_a_head_that_the_server_refuses_is_replaced(server: Server) -> None:
    """Where `start_response` raises, the 500 of the application is sent in place of the response."""
    if not server.checks_lengths:
        pytest.skip("this server accepts any length")
    status, headers, body = get(server, "/length")
    assert (status, b"<h1>Internal Server Error</h1>" in body) == (500, True)
    assert headers["Content-Length"] == str(len(body))


def test_every_octet_of_a_header_is_sent(server: Server) -> None:
    """A value may have the octets 0x80 to 0xFF, which one server sends as UTF-8."""
    value = "a \x80\x9f\xa0\xff"
    answer = server.send(b"GET /octets HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    encoding = "utf-8" if server.encodes_headers else "latin-1"
    assert b": " + value.encode(encoding) + b"\r\n" in answer
