"""The steps of a request as methods of the application, so that a subclass can override any of them.

The steps themselves are in `cocopot.pipeline.lifecycle`, in the order in which they happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cocopot.context import Context, current_request_context
from cocopot.pipeline import lifecycle
from cocopot.pipeline.defaults.dispatch import default_options_response
from cocopot.pipeline.endpoint import Calls, calls_for, default_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cocopot.exceptions import HTTPException
    from cocopot.hooks import PluginManager
    from cocopot.response import Response
    from cocopot.types import ExcInfo, ResponseValue, StartResponse, WSGIEnvironment


class RequestSteps:
    """What an application does with a request."""

    plugins: PluginManager

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in Calls.STEPS:
            self.plugins.invalidate()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in Calls.STEPS:
            self.plugins.invalidate()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.wsgi_app(environ, start_response)

    wsgi_app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = lifecycle.handle_request  # type: ignore[assignment]  # a method

    @default_step
    def full_dispatch_request(self) -> Response:
        """Run the request from its first hook to the finished response, errors included."""
        return cast("Response", lifecycle.full_dispatch_request(_context()))

    @default_step
    def preprocess_request(self) -> ResponseValue | None:
        """Run the URL value preprocessors and before-request hooks; a result stands for the view's."""
        return cast("ResponseValue | None", lifecycle.preprocess_request(_context()))

    @default_step
    def dispatch_request(self) -> ResponseValue:
        """Call the view, and return what it returns."""
        return cast("ResponseValue", lifecycle.dispatch_request(_context()))

    @default_step
    def make_response(self, rv: ResponseValue) -> Response:
        """Turn what a view may return into a response.

        Raises:
            TypeError: If it cannot be made into one.
        """
        return cast("Response", lifecycle.make_response(_context(), rv))

    @default_step
    def process_response(self, response: Response) -> Response:
        """Run the after-request hooks, and return the response to be sent.

        Args:
            response: The response.
        """
        return cast("Response", lifecycle.process_response(_context(), response))

    def make_default_options_response(self) -> Response:
        """Return the response that OPTIONS gets: empty, with the methods of the URL."""
        return cast(
            "Response",
            default_options_response(cast("Any", self), cast("Any", _context().request)),
        )

    def handle_user_exception(self, e: Exception) -> ResponseValue:
        """Turn an exception into a response value with the error handlers, or raise it again."""
        try:
            return cast("ResponseValue", lifecycle.handle_user_exception(_context(), e))
        finally:
            del e  # a frame that holds an exception of its own traceback is a circle

    def handle_http_exception(self, e: HTTPException) -> ResponseValue:
        """Ask the error handlers about an HTTP exception; without one it is the response itself."""
        return cast("ResponseValue", lifecycle.handle_http_exception(_context(), e))

    def handle_exception(self, e: Exception) -> Response:
        """Answer an exception that nobody handled: in debug and test mode raise it, else log it and send a
        500.
        """
        return cast("Response", lifecycle.handle_exception(_context(), e))

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Log an exception that nobody handled, as an error.

        Args:
            exc_info: As from `sys.exc_info()`.
        """
        request = cast("Any", _context().request)
        cast("Any", self).logger.error(
            "Exception on %s [%s]", request.path, request.method, exc_info=exc_info
        )

    @default_step
    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the teardown-request hooks; called when the request context is popped."""
        lifecycle.do_teardown_request(_context(), exc)

    @default_step
    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run the teardown-app-context hooks; called when the context is popped."""
        lifecycle.do_teardown_appcontext(cast("Any", self), exc)


def _context() -> Context:
    """Return the current context with the hook calls of its request.

    A request that is being served keeps those that it began with; one that was made up sees what has been
    registered since.
    """
    context = current_request_context()
    if context.calls is None or context.renews_calls:
        request: Any = context.request
        context.calls = calls_for(context.app, request.endpoint)
        context.renews_calls = True
    return context
