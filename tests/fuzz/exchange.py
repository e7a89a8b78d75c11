"""Sending a request over a socket, and what comes back."""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from tests.fuzz.messages import Message

#: What may come in place of a whole answer: the connection is closed or reset, the answer is not HTTP/1, or
#: is cut short, or nothing comes.
CLOSED, GARBLED, CUT, HUNG = "closed", "not HTTP/1", "cut short", "hang"


@dataclass(frozen=True)
class Answer:
    """What came back for a request.

    Args:
        outcome: The status as text, or what came in its place.
        process: The process of the application that answered, if one did.
        is_meant: Whether a view meant to fail.
        is_sound: Whether the request was.
        seconds: How long it took.
    """

    outcome: str
    process: str | None
    is_meant: bool
    is_sound: bool
    seconds: float

    @property
    def is_failure(self) -> bool:
        """Whether this must not happen, whatever was sent.

        501 and 505 are about the protocol, and come from servers. A sound request has an answer.
        """
        if self.outcome in {CLOSED, GARBLED, CUT}:
            return self.is_sound
        return self.outcome == HUNG or (self.outcome in {"500", "502", "503", "504"} and not self.is_meant)


class Connection:
    """A client that uses a connection for several requests as long as that is certain to work.

    Args:
        port: The port of the server on 127.0.0.1.
        limit: Seconds without a byte that are a hang.
    """

    def __init__(self, port: int, limit: float) -> None:
        self._port, self._limit = port, limit
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def send(self, message: Message) -> Answer:
        """Send a request, and return what comes back.

        Raises:
            ConnectionError: If the server does not accept connections.
        """
        was_used = self._socket is not None
        answer = self._send(message)
        if was_used and answer.outcome == CLOSED:  # a server may close a connection that it has kept
            answer = self._send(message)
        return answer

    def _send(self, message: Message) -> Answer:
        begin = time.monotonic()
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), self._limit)
        response = None
        try:
            # An answer may come before the server has read everything.
            with suppress(OSError):
                self._socket.sendall(message.data)
                if not message.is_sound:
                    self._socket.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(self._socket, method=message.method)
            response.begin()
            response.read()
            outcome = str(response.status)
        except TimeoutError:
            outcome = HUNG
        except (http.client.RemoteDisconnected, ConnectionError):
            outcome = CLOSED  # also where a server that has not read a body closes the connection with it
        except http.client.IncompleteRead:
            outcome = CUT
        except (http.client.HTTPException, ValueError):
            outcome = GARBLED
        if response is None or response.will_close or not message.is_sound or not outcome.isdecimal():
            self.close()
        headers = getattr(response, "headers", None) or {}
        process, is_meant = headers.get("X-Process"), headers.get("X-Meant") == "yes"
        return Answer(outcome, process, is_meant, message.is_sound, time.monotonic() - begin)
