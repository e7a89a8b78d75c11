"""Requests in flight, and responses that are cut off."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from cocopot.serving.in_flight import InFlight

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_nothing_in_flight() -> None:
    """Without a request there is nothing to wait for."""
    assert InFlight().finish(60)


def test_a_request_is_waited_for() -> None:
    """finish() returns when the last request has ended."""
    in_flight = InFlight()
    begun, ended = threading.Event(), threading.Event()

    def serve() -> None:
        with in_flight.request():
            begun.set()
            ended.wait()

    threading.Thread(target=serve).start()
    begun.wait()
    threading.Timer(0.05, ended.set).start()
    assert in_flight.finish(60)


def test_a_response_that_does_not_end_is_closed() -> None:
    """After the time the next piece raises, so that the server closes the response."""
    in_flight = InFlight()
    events: list[str] = []

    def app(_environ: Any, _start_response: Any) -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            events.append("closed")

    start_response: Any = None
    response: Any = in_flight.wrap(app)({}, start_response)
    pieces = iter(response)
    assert next(pieces) == b"x"
    with in_flight.request():
        threading.Thread(target=in_flight.finish, args=(0,)).start()
        with pytest.raises(ConnectionAbortedError):
            list(pieces)
        response.close()
    assert events == ["closed"]
