"""The end of each response under each server, through an application that a plugin mounts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.servers.conftest import TIMEOUT

if TYPE_CHECKING:
    from tests.servers.conftest import Server


def ends(server: Server, token: str) -> list[str]:
    """Return what happened to a response, once its end was reported or five seconds are over."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        events: list[str] = server.get_json(f"/events/{token}")
        if set(events) - {"teardown"} or time.monotonic() > deadline:
            return events
        time.sleep(0.02)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("text", 200),
        ("json", 200),
        ("large", 200),
        ("pieces", 200),
        ("context", 200),
        ("file", 200),
        ("empty", 204),
        ("broken", 500),
        ("raises", 500),
        ("missing", 404),
    ],
)
def test_a_response_that_is_read(server: Server, path: str, status: int, method: str) -> None:
    """It ends once, complete, after the teardown of its context."""
    token, client = uuid4().hex, server.client()
    client.request(method, f"/ends/{path}?{token}")
    answer = client.getresponse()
    answer.read()
    client.close()
    assert answer.status == status
    assert ends(server, token) == ["teardown", "complete"]


def test_a_resource_that_has_not_changed(server: Server) -> None:
    """A 304 has no body, and ends all the same."""
    token, client = uuid4().hex, server.client()
    client.request("GET", f"/ends/file?{token}", headers={"If-None-Match": '"digits"'})
    assert client.getresponse().status == 304
    client.close()
    assert ends(server, token) == ["teardown", "complete"]


def test_a_body_that_raises(server: Server) -> None:
    """The exception is the body's own; the client gets a part of the body, or nothing."""
    token = uuid4().hex
    request = f"GET /ends/failing?{token} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    server.send(request.encode())
    assert ends(server, token) == ["teardown", "RuntimeError"]


def test_a_client_that_goes_away(server: Server) -> None:
    """The server closes the body before its end, which is a `ClientDisconnected`."""
    token = uuid4().hex
    with server.connect() as connection:
        connection.sendall(f"GET /ends/endless?{token} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert connection.recv(100_000).startswith(b"HTTP/1.")
    assert ends(server, token) == ["teardown", "ClientDisconnected"]
