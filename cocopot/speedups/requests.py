"""The pure-Python twin of `_requests.pxi`, and its documentation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cocopot.speedups.python import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import ImmutableMultiDict

    from cocopot.speedups.bodies import StreamOpener
    from cocopot.speedups.documents import BodyReader
    from cocopot.types import F

_PLAIN_COOKIES = re.compile(r'[^ \t=";]++=[^ \t";]*+(?:; ?[^ \t=";]++=[^ \t";]*+)*+', re.ASCII)


def argument_getter(general: F) -> F:
    """Return `get` of the arguments of a request: `general`, or a function that does the same."""
    return general


def plain_cookies(
    header: str, cls: type[ImmutableMultiDict[str, str]]
) -> ImmutableMultiDict[str, str] | None:
    """Return the cookies of a header, or `None` if they are not such as browsers send (RFC 6265, 4.2.1).

    Not such are quoted ones, and characters outside ASCII. The blank after a semicolon may be missing.

    Args:
        header: The header, which may be empty.
        cls: The class of what is returned.
    """
    if not header.isascii() or (header and _PLAIN_COOKIES.fullmatch(header) is None):
        return None
    cookies = parse_arguments("", cls)
    for cookie in header.split(";") if header else ():
        name, _, value = cookie.removeprefix(" ").partition("=")
        _values_of(cookies, name, []).append(value)
    return cookies


# As a name of its own, for the method of a base class that a type checker does not know as such.
_values_of: Callable[[Any, str, list[str]], list[str]] = dict.setdefault


class FormMethods:
    """Decorators for the functions that read `form`, `files`, `data` and the body of a request.

    Compiled, they read a plain form, or a body that is not a form, of moderate length in one piece, and a
    chunked body that is not a form, if nothing has been read before.

    Args:
        headers_class: The class of headers that are those of the environment.
        read_body: Reads a whole body.
        open_stream: Opens the body as a stream.
        arguments_class: The class of the fields of a form.
        storage_class: The `parameter_storage_class` of requests whose forms are read here.
        longest: The longest body that is read, in bytes.
    """

    def __init__(
        self,
        *,
        headers_class: type[Any],
        read_body: BodyReader,
        open_stream: StreamOpener,
        arguments_class: type[Any],
        storage_class: type[Any],
        longest: int,
    ) -> None:
        pass

    def form(self, general: F) -> F:
        """Return what reads the fields of the form."""
        return general

    def files(self, general: F) -> F:
        """Return what reads the files of the form."""
        return general

    def data(self, general: F) -> F:
        """Return what reads the body, unless it is a form."""
        return general

    def body(self, general: F) -> F:
        """Return `get_data`, which returns the body."""
        return general
