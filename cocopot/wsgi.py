"""Both sides of PEP 3333: what a server is passed, and what an application that a view returns may do."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from werkzeug.wsgi import ClosingIterator

from cocopot.datastructures import check_text, checked_header
from cocopot.exceptions import add_note
from cocopot.locations import shown
from cocopot.speedups.streams import BUFFERS
from cocopot.statuses import clean_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cocopot.types import ExcInfo, StartResponse, WSGIApplication, WSGIEnvironment

#: In the environment if a response failed after `start_response` was called, so that it has to be replaced.
START_FAILED = "cocopot.start_failed"


class CheckedStart:
    """A server's `start_response` that raises `ValueError` for what must not reach a server.

    Args:
        start_response: The server's.
    """

    def __init__(self, start_response: StartResponse) -> None:
        self.start_response = start_response
        self.is_called = False

    def __call__(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        line, _ = clean_status(status)
        head = []
        for item in headers:
            name, value = checked_header(*item)
            if not value.isascii():  # a location has been converted by now
                check_text(value, f"The value of the header {name!r}")
            head.append((name, value))
        self.is_called = True
        if exc_info is None:
            return self.start_response(line, head)
        return self.start_response(line, head, cast("Any", exc_info))


def send_checked(
    response: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Send a response of any class, as a WSGI application.

    Raises:
        ValueError: The status or a header must not reach a server.
    """
    start = CheckedStart(start_response)
    try:
        return response(environ, start)
    except Exception:
        if start.is_called:
            environ[START_FAILED] = True
        raise


_NOT_STARTED = "It has not called start_response (PEP 3333)."


class NestedApplication:
    """A WSGI application that is run for its response, as Werkzeug's `run_wsgi_app` runs it.

    Its `start_response` may be passed `exc_info` (PEP 3333), for which Werkzeug's raises the exception in any
    case. This one accepts the new head, as a server does, as long as the first one has not been used.

    Args:
        application: The application.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._parts: list[bytes] = []
        # Whether the head has been used, so that it cannot be replaced.
        self._is_sent = False

    def run(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Call the application, and read its body until it has started its response.

        The body is closed if that raises an exception.

        Args:
            environ: The WSGI environment, of which the application is passed a copy.

        Returns:
            The body, which closes the application's, the status and the headers.

        Raises:
            TypeError: It cannot be called as an application, or has not called `start_response`.
        """
        body = self.application(environ.copy(), self._start_response)
        try:
            rest = self._read_until_started(body)
        except Exception as error:
            close_unsent(body, error)
            raise
        self._is_sent = True
        whole = chain(self._parts, rest) if self._parts else rest
        close = getattr(body, "close", None)
        if close is not None and whole is not body:
            whole = ClosingIterator(whole, close)
        status, headers = cast("tuple[str, list[tuple[str, str]]]", self._head)
        return whole, status, headers

    def _read_until_started(self, body: Iterable[bytes]) -> Iterator[bytes]:
        try:
            rest = iter(body)
            for part in rest:
                self._parts.append(part)
                if self._head is not None:
                    break
        except TypeError as error:
            if self._head is None:
                raise TypeError(_NOT_STARTED) from error
            raise
        if self._head is None:
            raise TypeError(_NOT_STARTED)
        return rest

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info and exc_info[1] is not None:
            if self._is_sent:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._head is not None:
            raise RuntimeError("start_response was called a second time without exc_info (PEP 3333).")
        self._head = status, headers
        return self._parts.append


def call_all(functions: Iterable[Callable[[], Any]]) -> None:
    """Call each function, also after one that raises.

    Args:
        functions: Read while they are called, so that one may add another.

    Raises:
        BaseException: The first exception, with a note for each other. One that is not an `Exception`, such
            as a `KeyboardInterrupt`, takes precedence.
    """
    errors: list[BaseException] = []
    for function in functions:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)
    if not errors:
        return
    errors.sort(key=lambda error: isinstance(error, Exception))
    try:
        for other in errors[1:]:
            _note(errors[0], other)
        raise errors[0]
    finally:
        errors.clear()  # break the reference cycle exception -> traceback -> frame


def close_unsent(body: object, error: BaseException) -> None:
    """Close what no server will close, as it is not sent, because of an error.

    Args:
        body: The response or its body; may have a method `close`.
        error: The error; an exception that `close` raises is noted on it.
    """
    try:
        if (close := getattr(body, "close", None)) is not None:
            close()
    except Exception as second:  # noqa: BLE001 - noted
        _note(error, second)


def close_unstarted(response: object, environ: WSGIEnvironment, error: Exception) -> None:
    """Close a response that has to be replaced, as the server has raised an exception for its head.

    Args:
        response: The response.
        environ: The WSGI environment, which records that.
        error: The exception; another one that `close` raises is noted on it.
    """
    environ[START_FAILED] = True
    close_unsent(response, error)


def _note(first: BaseException, error: BaseException) -> None:
    add_note(first, f"Closing the response raised another exception: {shown(error)}")


# -------------------------------------------------------------------------
# The body
# -------------------------------------------------------------------------

#: What is a body by itself, and not an iterable of parts.
TEXTS = (str, bytes, *BUFFERS)


class ResponseBody:
    """The body of a response for a server, which closes the response with it.

    Args:
        parts: The parts, as bytes. A server that iterates over the body is passed their own iterator.
        close: Closes the response.
    """

    def __init__(self, parts: Iterable[bytes], close: Callable[[], object]) -> None:
        self._parts = iter(parts)
        #: Closes the response (PEP 3333).
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def __next__(self) -> bytes:
        return next(self._parts)
