"""Responses that send a client to another URL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cocopot.head import MAKER
from cocopot.response import Response
from cocopot.speedups import redirect_body, redirect_function

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

R = TypeVar("R", bound="WerkzeugResponse")


@partial(redirect_function, maker=MAKER)
def redirect_response(location: str, code: int, response_class: type[R]) -> R:
    """Return a response with a location, and with a link for clients that do not follow it (RFC 9110, 15.4).

    Args:
        location: The URL, relative or absolute.
        code: The status.
        response_class: The class of the response.
    """
    body = redirect_body(str(location))
    if response_class is Response:
        return response_class(body, code, {"Location": location}, mimetype="text/html")
    response = response_class(body, code, mimetype="text/html")
    response.headers["Location"] = location
    return response
