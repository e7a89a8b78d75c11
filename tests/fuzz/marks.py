"""Marks on the answers, by which the fuzzer distinguishes them.

Every answer of the application has the header `X-Process`, which those of the server lack. An exception that
a view means to raise is a `MeantError`, whose 500 has the header `X-Meant`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cocopot import Cocopot, g, hookimpl

if TYPE_CHECKING:
    import logging

    from cocopot.exceptions import HTTPException


class MeantError(Exception):
    """An exception that a view means to raise."""


class Marks:
    """Marks every answer, and uses the hooks around a request."""

    plugin_name = "marks"

    @hookimpl
    def cocopot_request_started(self, app: Cocopot, request: Any) -> None:
        """Read what a logging plugin would read."""
        g.started = (request.method, request.path, request.endpoint)

    @hookimpl(wrapper=True)
    def cocopot_dispatch_request(self, app: Cocopot, request: Any) -> Any:
        """Surround the view."""
        return (yield)

    @hookimpl
    def cocopot_after_request(self, app: Cocopot, request: Any, response: Any) -> None:
        """Mark the answer."""
        response.headers["X-Process"] = str(os.getpid())

    @hookimpl
    def cocopot_teardown_request(self, app: Cocopot, request: Any, exc: BaseException | None) -> None:
        """Check that the request is still the one that began."""
        assert g.started[0] == request.method


def mark_meant(error: HTTPException) -> Any:
    """Mark the answer to a `MeantError`."""
    headers = {"X-Meant": "yes"} if isinstance(getattr(error, "original_exception", None), MeantError) else {}
    return "the view failed", 500, headers


def is_unexpected(record: logging.LogRecord) -> bool:
    """Whether a log record is about anything but a `MeantError`."""
    return not (record.exc_info and isinstance(record.exc_info[1], MeantError))
