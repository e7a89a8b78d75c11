"""Bodies, inputs and environments that no server should produce, and no application should send."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from cocopot import Response, stream_with_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


class Interrupted(BaseException):
    """What is not an `Exception`, as a `KeyboardInterrupt`."""


ERRORS: dict[str, type[BaseException] | None] = {
    "none": None,
    "error": RuntimeError,
    "lookup": LookupError,
    "os": OSError,
    "memory": MemoryError,
    "interrupted": Interrupted,
    "exit": SystemExit,
    "generator-exit": GeneratorExit,
}
#: How a view returns a body.
KINDS = ("plain", "response", "context", "response-context", "generator", "generator-context")
#: The index of the part that fails; -1 for `iter()`.
POSITIONS = (-1, 0, 1, 2)


class Body:
    """Parts of which one fails, and perhaps `close` as well."""

    def __init__(self, position: int, error: type[BaseException] | None, *, fails_closed: bool) -> None:
        self._left = 3
        self._position = position
        self._error = error
        self._fails_closed = fails_closed

    def __iter__(self) -> Body:
        return self._fail(-1)

    def __next__(self) -> Any:
        self._fail(3 - self._left)
        self._left -= 1
        if self._left < 0:
            raise StopIteration
        return ("text", b"bytes", "")[self._left]

    def close(self) -> None:
        if self._fails_closed:
            self._fail(self._position)

    def _fail(self, position: int) -> Body:
        if position == self._position and self._error is not None:
            raise self._error("failed")
        return self


def failing(kind: str, position: str, error: str, closing: str) -> Any:
    """Return a body in one of `KINDS`, of which a part fails."""
    body: Any = Body(int(position), ERRORS[error], fails_closed=closing == "1")
    if kind.startswith("generator"):
        body = (part for part in body)
    if kind.endswith("context"):
        body = stream_with_context(body)
    return Response(body) if kind.startswith("response") else body


def random_query(random: Random) -> str:
    """Return the arguments of a call of `failing`, as a query."""
    return ",".join(map(str, map(random.choice, (KINDS, POSITIONS, list(ERRORS), "01"))))


class Text(str):
    """A text that is not exactly a `str`."""

    __slots__ = ()


class Environ(dict[str, Any]):
    """An environment that is not exactly a `dict`."""


class Input(io.BytesIO):
    """An input that fails when it is read."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self._error = error

    def read(self, _size: int | None = -1, /) -> bytes:
        """Fail."""
        raise self._error("failed")

    def readline(self, _size: int | None = -1, /) -> bytes:
        """Fail."""
        raise self._error("failed")

    def __iter__(self) -> Iterator[bytes]:
        raise self._error("failed")


_KEYS = (
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_HOST", "HTTP_X_OWN"),
    *("CONTENT_LENGTH", "CONTENT_TYPE", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"),
)
_ODD: tuple[object, ...] = (
    "",
    "\0",
    "\ud800",
    "\u20ac",
    "a\r\nb",
    "a" * 70_000,
    None,
    7,
    b"bytes",
    ["list"],
    {},
    object,
)


def make_odd(environ: dict[str, Any], random: Random) -> dict[str, Any]:
    """Return an environment with a value of an unexpected type, or of an unexpected type itself."""
    key, way = random.choice(_KEYS), random.random()
    if way < 0.3:
        return Environ(environ)
    if way < 0.6:
        return environ | {key: Text(environ.get(key, ""))}
    if way < 0.8:
        return environ | {key: random.choice(_ODD)}
    error = random.choice([error for error in ERRORS.values() if error is not None])
    return environ | {"wsgi.input": Input(error), "CONTENT_LENGTH": "7"}
