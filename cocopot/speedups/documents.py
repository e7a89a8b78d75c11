"""The pure-Python twin of `_documents.pxi`, and its documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import json
    from collections.abc import Callable
    from typing import IO, Any

    from cocopot.types import F, WSGIEnvironment

    BodyReader = Callable[[WSGIEnvironment, int | None], bytes | None]

#: The most levels of arrays and objects in JSON that is read: far below what `json.dumps` follows in a view,
#: where Python's limit for nested calls is 1000.
MAX_DEPTH = 500

# The options that an encoder of the default provider is created for: one of the layouts, with flags.
SPACED, COMPACT, INDENTED = 0, 4, 8
AS_ASCII, SORTED = 1, 2


def finite_float(text: str) -> float:
    """Return the value of a number with a fraction or an exponent.

    Raises:
        ValueError: It is too large for a float, such as `1e999`, which Python reads as infinity.
    """
    value = float(text)
    if value - value:  # infinity minus infinity is not a number, which is true
        raise_too_large(text)
    return value


def raise_too_large(text: str) -> NoReturn:
    """Raise for a number that is infinity to Python."""
    shown = text if len(text) < 40 else f"{text[:36]}..."
    raise ValueError(f"the number {shown} is too large")


def config_flag(key: str) -> Callable[[F], F]:  # noqa: ARG001 - of the compiled twin
    """Return a decorator for the getter of a property that is a flag of the configuration.

    Args:
        key: The configuration key.
    """
    return lambda general: general


class DocumentMethods:
    """Decorators for the methods of `DefaultJSONProvider` that are worth compiling, as for `HeaderMethods`.

    Args:
        encode_unsorted: Writes what an encoder has raised an exception for, or raises it.
        scan: Returns the value at an index of a text, and the index after it.
    """

    def __init__(
        self,
        *,
        encode_unsorted: Callable[[json.JSONEncoder, object, Exception], str],
        scan: Callable[[str, int], tuple[Any, int]],
    ) -> None:
        pass

    def dumps(self, general: F) -> F:
        """Take note of `dumps`, which a subclass may override; return it."""
        return general

    def content(self, general: F) -> F:
        """Return `_content`, which returns the body and the content type of a response."""
        return general

    def loads(self, general: F) -> F:
        """Return `loads`, which returns the value of a JSON text."""
        return general


def body_reader(
    general: BodyReader,
    read_rest: Callable[[IO[bytes], bytes, int], bytes],  # noqa: ARG001 - of the compiled twin
    raise_read_error: Callable[[Exception], None],  # noqa: ARG001
    longest: int,  # noqa: ARG001
) -> BodyReader:
    """Return the function that reads a whole body: `general`, or one that does the same.

    Args:
        general: `body.read_body` in Python.
        read_rest: Takes the server's input, the bytes that were received of it, and how many there must be.
        raise_read_error: Raises what an exception of the server's input means, unless that is itself.
        longest: The longest body that is read in one piece, in bytes.
    """
    return general


def json_reader(general: F, headers_class: type, read_body: BodyReader) -> F:  # noqa: ARG001 - as above
    """Return `get_json` of a request: `general`, or a function that does the same.

    Args:
        general: The method in Python.
        headers_class: The class of headers that are those of the environment.
        read_body: Reads a whole body.
    """
    return general
