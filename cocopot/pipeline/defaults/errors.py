"""Answer HTTP exceptions with themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.types import ResponseValue


@hookimpl(trylast=True)
def cocopot_handle_exception(app: Cocopot, request: Request, exc: Exception) -> ResponseValue | None:
    """Return an HTTP exception, which is a response value; leave others alone.

    In debug mode a page lists the rules in place of an error of the router.
    """
    error = request.routing_exception
    if error is not None and error is exc and app.config["DEBUG"] and error.code in (404, 405):
        from cocopot.pipeline.debug_page import explain_missing_route  # only in debug mode

        with suppress(Exception):  # an error while explaining replaces no response
            return explain_missing_route(app, request, error)
    # `isinstance` may run code of the exception.
    return exc if issubclass(type(exc), HTTPException) else None  # type: ignore[return-value]
