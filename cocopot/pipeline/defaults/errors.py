"""Answer HTTP exceptions with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.types import ResponseValue


@hookimpl(trylast=True)
def cocopot_handle_exception(exc: Exception) -> ResponseValue | None:
    """Return an HTTP exception, which is a response value; leave others alone."""
    # `isinstance` may run code of the exception.
    return exc if issubclass(type(exc), HTTPException) else None  # type: ignore[return-value]
