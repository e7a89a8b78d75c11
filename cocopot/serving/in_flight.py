"""The requests that the development server is answering, so that it can wait for them before it stops."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cocopot.types import StartResponse, WSGIApplication, WSGIEnvironment

_MOMENT = 1.0  # seconds for a response that is cut off to be closed


class InFlight:
    """Counts the requests in flight, and cuts off responses that do not end."""

    def __init__(self) -> None:
        self._number = 0
        self._changed = threading.Condition()
        self._is_cut_off = False

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request during a `with` block."""
        with self._changed:
            self._number += 1
        try:
            yield
        finally:
            with self._changed:
                self._number -= 1
                self._changed.notify_all()

    def finish(self, seconds: float) -> bool:
        """Wait until no request is in flight; then cut off the responses that are being sent.

        A response that is cut off is closed before its next piece is sent, so that its teardown hooks run.

        Args:
            seconds: How long to wait.

        Returns:
            Whether all requests have ended.
        """
        with self._changed:
            if self._changed.wait_for(self._is_idle, seconds):
                return True
            self._is_cut_off = True
            return self._changed.wait_for(self._is_idle, _MOMENT)

    def _is_idle(self) -> bool:
        return not self._number

    def wrap(self, application: WSGIApplication) -> WSGIApplication:
        """Return a WSGI application whose responses can be cut off.

        Args:
            application: The application.
        """

        def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            return _Body(self, application(environ, start_response))

        return served

    def check(self) -> None:
        """Raise if responses are cut off.

        Raises:
            ConnectionAbortedError: So that the server closes the connection and the response.
        """
        if self._is_cut_off:
            raise ConnectionAbortedError("The server stops.")


class _Body:
    """The body of a response, which can be cut off between two pieces."""

    def __init__(self, in_flight: InFlight, pieces: Iterable[bytes]) -> None:
        self._in_flight = in_flight
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._in_flight.check()
            yield piece

    def close(self) -> None:
        if (close := getattr(self._pieces, "close", None)) is not None:
            close()


#: The requests of this process.
IN_FLIGHT = InFlight()
