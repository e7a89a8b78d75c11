"""A log line for each response, with the time until its last byte."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cocopot import hookimpl

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response


class AccessLog:
    """A plugin of the application's own: it logs method, path, status and duration of each request."""

    plugin_name = "access_log"

    def __init__(self) -> None:
        self._began: WeakKeyDictionary[Request, float] = WeakKeyDictionary()

    @hookimpl
    def cocopot_request_started(self, request: Request) -> None:
        """Remember when the request began."""
        self._began[request] = perf_counter()

    @hookimpl
    def cocopot_response_closed(
        self, app: Cocopot, request: Request, response: Response, exc: BaseException | None
    ) -> None:
        """Log the response; `%r` escapes what the client has sent."""
        now = perf_counter()
        # Without a beginning, if an earlier plugin has raised an exception.
        milliseconds = (now - self._began.get(request, now)) * 1000
        app.logger.info(
            "%s %r %s %.1f ms%s",
            request.method,
            request.path,
            response.status_code,
            milliseconds,
            "" if exc is None else f", broken off: {type(exc).__name__}",
        )
