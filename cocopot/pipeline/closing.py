"""The end of a response: `cocopot_response_closed`.

A body is wrapped only if a plugin implements the hook for the endpoint, which is decided when the endpoint's
pipeline is compiled. The server closes the body (PEP 3333) after its last byte, or when the client is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING

from cocopot.context import CURRENT, new_context
from cocopot.exceptions import ClientDisconnected
from cocopot.hooks.reporting import report_errors
from cocopot.logs import log_failure
from cocopot.wsgi import close_unsent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from werkzeug.wrappers import Response

    from cocopot.context import Context
    from cocopot.types import WSGIEnvironment

_WITHOUT_BODY = frozenset({204, 304})


def observed(
    context: Context, response: Response, environ: WSGIEnvironment, body: Iterable[bytes]
) -> Iterable[bytes]:
    """Return a body whose end `cocopot_response_closed` is notified of, if the hook is implemented.

    Args:
        context: The request's context.
        response: The response.
        environ: The WSGI environment.
        body: What the response has returned for the server.
    """
    pipeline = context.pipeline or context.get_pipeline()
    if pipeline.response_closed_hook is None:
        return body
    return ObservedBody(context, response, body, is_head=environ.get("REQUEST_METHOD") == "HEAD")


class ObservedBody(Iterator[bytes]):
    """A body for the server, whose end is reported once: when it is closed, or else when it is collected.

    Args:
        context: The request's context, which has been torn down when the end is reported.
        response: The response.
        body: The body.
        is_head: Whether the request's method is HEAD, so that no byte of a body is sent.
    """

    def __init__(self, context: Context, response: Response, body: Iterable[bytes], *, is_head: bool) -> None:
        # Emptied by what ends the body first; `pop` is atomic, and a server may close in another thread.
        self._pending = [context]
        self.response = response
        self._body = body
        self._next: Callable[[], bytes] | None = None
        self._is_complete = is_head or response.status_code in _WITHOUT_BODY

    def __next__(self) -> bytes:
        try:
            if self._next is None:
                self._next = iter(self._body).__next__
            return self._next()
        except StopIteration:
            self._is_complete = True
            raise
        except BaseException as exc:
            self._fail(exc)
            raise

    def close(self) -> None:
        """Close the body and report its end; again, it does nothing.

        Raises:
            BaseException: What closing the body has raised.
        """
        try:
            context = self._pending.pop()
        except IndexError:
            return
        exc: BaseException | None = None
        if not self._is_complete:
            exc = ClientDisconnected("The response was closed before the end of its body.")
        try:
            if (close := getattr(self._body, "close", None)) is not None:
                close()
        except BaseException as error:
            exc = error if exc is None else exc
            raise
        finally:
            try:
                report_closed(context, self.response, exc)
            finally:
                exc = None  # break the reference cycle exception -> traceback -> frame

    def _fail(self, exc: BaseException) -> None:
        """Close the body, which has raised an exception, and report its end."""
        try:
            context = self._pending.pop()
        except IndexError:
            return
        close_unsent(self._body, exc)
        report_closed(context, self.response, exc)

    def __del__(self) -> None:
        if not self._pending:
            return
        # What has not closed it expects no exception. The garbage collector may run inside `ContextVar.set`,
        # where to set a variable of the same context may end the process (cpython#148891).
        with suppress(Exception):
            copy_context().run(self.close)


def report_closed(context: Context, response: Response, exc: BaseException | None) -> None:
    """Call the hook, in an application context that sees the request, and log what is raised.

    The teardown hooks of that context run only if its `g` has been used.

    Args:
        context: The request's context.
        response: The response.
        exc: What ended the body early, or `None`.
    """
    app, hook = context.app, (context.pipeline or context.get_pipeline()).response_closed_hook
    if hook is None:
        return
    inside = new_context(app, context.request)
    inside.request_owner = context.request_owner or context
    token = CURRENT.set(inside)
    try:
        try:
            hook(app, context.request, response, exc)
        except Exception as error:  # noqa: BLE001 - logged
            report_errors(app, error, raises=False)
        if inside.has_globals or inside.teardown_functions:
            inside.tear_down()
    except Exception as error:  # noqa: BLE001 - of a teardown hook: the response has been sent
        log_failure(app, "Tearing down the context of cocopot_response_closed failed", error=error)
    finally:
        CURRENT.reset(token)
        del exc  # break the reference cycle exception -> traceback -> frame
