"""The context of a request or an application, and its context variable.

There is one kind of context. One with a request is a request context; one without is an application context,
for commands and set-up code. Nothing in it is built before it is needed.
"""

from __future__ import annotations

import contextvars
import functools
import sys
from typing import TYPE_CHECKING, NoReturn, cast

from cocopot.escapes import printable
from cocopot.frames import forget_frames
from cocopot.speedups import ContextState

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from werkzeug.routing import MapAdapter

    from cocopot.app import Cocopot
    from cocopot.pipeline.endpoint import EndpointPipeline
    from cocopot.pipeline.sessions import RequestSession
    from cocopot.request import Request
    from cocopot.sessions import Session
    from cocopot.teardown_functions import TeardownFunction
    from cocopot.types import F, Function


class Context(ContextState):
    """What belongs to one request, or to one use of an application outside of a request.

    It is active while it is pushed; it is torn down when its last holder releases it.

    Args:
        app: The application.
        request: The request, or `None` for an application context.
    """

    # What most requests never use stays on the class until it is needed.
    _tokens: tuple[contextvars.Token[Context], ...] = ()
    #: What `teardown_this_context` has added, first added first.
    teardown_functions: tuple[TeardownFunction, ...] = ()

    def __init__(self, app: Cocopot, request: Request | None = None) -> None:
        # Without a default on the class they are read faster. `lifecycle.new_context` sets the same.
        self.app = app
        self.request = request
        #: The number of pushes and holds; the context is torn down when it becomes zero.
        self.holds = 0
        #: Functions that `after_this_request` has collected; a tuple when it is too late for more.
        self.after_functions: list[Function] | tuple[()] | None = None
        #: The pipeline of a request that is being served: it keeps the one that it began with.
        self.pipeline: EndpointPipeline | None = None
        #: The session of the request, if it has been used.
        self.opened_session: RequestSession | None = None

    @property
    def owner(self) -> Context:
        """The context that the request belongs to: this one, or the one that this one is inside of."""
        return self.request_owner or self

    @property
    def existing_request(self) -> Request:
        """The request.

        Raises:
            RuntimeError: If there is none.
        """
        if self.request is None:
            _raise_outside("a request context", "with app.test_request_context():")
        return self.request

    def get_pipeline(self) -> EndpointPipeline:
        """Return the pipeline of the request's endpoint.

        Without a request that is being served it is looked up, so that it has what was registered last.
        """
        if self.pipeline is not None:
            return self.pipeline
        return self.app.pipeline_for(self.request.endpoint if self.request is not None else None)

    @property
    def has_globals(self) -> bool:
        """Whether `g` has been used."""
        return self._globals is not None

    @property
    def session(self) -> Session:
        """The session of the request, which is opened now if this is its first use.

        Raises:
            RuntimeError: If there is no request.
        """
        state = self.opened_session
        if state is None or state.session is None:
            context = self.owner
            context.existing_request  # noqa: B018 - raises if there is none
            context = context.original or context
            return context.get_pipeline().open_session(context)
        return state.session

    @property
    def url_adapter(self) -> MapAdapter | None:
        """The URL adapter, or `None` outside of a request without SERVER_NAME."""
        if self._url_adapter is None:
            self._url_adapter = self.app.create_url_adapter(self.request)
        return self._url_adapter

    def copy(self) -> Context:
        """Return a new context for the same application and request, with its own `g`."""
        context = new_context(self.app, self.request)
        context.pipeline = self.pipeline
        context.original = self.original or self
        return context

    # -- activation ----------------------------------------------------

    def push(self) -> None:
        """Make this the current context."""
        if not self.holds:
            self._see_request_of(CURRENT.get(None))
        self.hold()
        self._tokens = (*self._tokens, CURRENT.set(self))

    def pop(self, exc: BaseException | None = None) -> None:
        """End what `push` began; the last `pop` tears the context down.

        Args:
            exc: The exception that ended the context, for the teardown hooks.

        Raises:
            RuntimeError: If another context is current.
        """
        if CURRENT.get(None) is not self or not self._tokens:
            raise RuntimeError(f"cannot pop {self!r}: it is not the current context")
        token = self._tokens[-1]
        self._tokens = self._tokens[:-1]
        try:
            self.release(exc)
        finally:
            CURRENT.reset(token)

    def __enter__(self) -> Self:
        self.push()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.pop(exc)

    def _see_request_of(self, outer: Context | None) -> None:
        """Make the request around an application context available in it.

        Nothing else is shared: every context has its own `g`, and its own teardown.
        """
        if self.request is not None or outer is None or outer is self or outer.app is not self.app:
            return
        if outer.request is not None:
            self.request = outer.request
            self.request_owner = outer.owner

    # -- lifetime -----------------------------------------------------

    def hold(self) -> None:
        """Keep the context from being torn down until `release`."""
        self.holds += 1

    def release(self, exc: BaseException | None = None) -> None:
        """Release the context; it is torn down when it is not held any more."""
        self._exc = self._exc if exc is None else exc  # an exception may be false
        self.holds -= 1
        if self.holds <= 0:
            self.holds = 0
            exc, self._exc = self._exc, None
            self.tear_down(exc)

    def finish(
        self,
        token: contextvars.Token[Context],
        preserve: Callable[[Context], object] | None,
        exc: BaseException | None,
        body: object,
    ) -> None:
        """End the serving of a request whose context something else holds, such as a stream or the session.

        Where it has raised and no stream is sent, its streams are closed: what holds them may be the
        exception, which the context holds.

        Args:
            token: Of the context variable.
            preserve: Lets a test client or the debugger hold the context as well.
            exc: The exception that has ended the request, or `None`.
            body: What is sent, or `None`.
        """
        try:
            self.response_is_sent = True
            if preserve is not None:
                preserve(self)
            if self.opened_session is not None:
                self.opened_session.finish(self, exc)
            self.release(exc)
            has_raised = exc is not None or self.answered is not None
            if self.streams is not None and has_raised and (body is None or type(body) is list):
                self._close_streams(exc)
        finally:
            CURRENT.reset(token)

    def _close_streams(self, exc: BaseException | None) -> None:
        """Close the streams that still exist, each also after one that raises."""
        for reference in self.streams or ():
            if (stream := reference()) is not None:
                try:
                    stream.close(exc)
                except Exception:
                    self.app.logger.exception("Closing a stream has failed, after the request had failed")

    def tear_down(self, exc: BaseException | None = None) -> None:
        """Run the teardown hooks, with this as the current context, and close uploaded files."""
        try:
            tear_down = (self.pipeline or self.get_pipeline()).tear_down
            if tear_down is not None or self.teardown_functions:
                token = CURRENT.set(self)
                try:
                    if tear_down is not None:
                        tear_down(self, exc)
                finally:
                    self.end_late(token, exc)
        finally:
            request = self.request
            is_own = self.request_owner is None and self.original is None
            if request is not None and request.holds_files and is_own:
                request.close()
            self._reset()

    def end_late(self, token: contextvars.Token[Context], exc: BaseException | None) -> None:
        """End the context after its teardown hooks, one of which has called `teardown_this_context`.

        Args:
            token: Of the context variable.
            exc: The exception that ended the request, or `None`.
        """
        try:
            self.call_teardown_functions(exc)
        finally:
            CURRENT.reset(token)

    def call_teardown_functions(self, exc: BaseException | None) -> None:
        """Call what `teardown_this_context` has added, last added first, also what one of them adds.

        Args:
            exc: The exception that ended the context, or `None`.
        """
        if not self.teardown_functions:
            return
        *others, last = self.teardown_functions
        self.teardown_functions = tuple(others)
        try:
            last(exc)
        finally:
            self.call_teardown_functions(exc)

    def forget_frames(self) -> None:
        """Remove the tracebacks of the exception that has been answered, and of those behind it.

        Their frames hold the request, and an exception object that is raised in every request collects those
        of each.
        """
        exc, self.answered = self.answered, None
        try:
            forget_frames(exc, sys.exception())  # what is handled around the request keeps its own
        except Exception:  # noqa: BLE001 - what a property of its class may raise
            return

    def _reset(self) -> None:
        """Make the context as it was before it was pushed: it may be pushed again elsewhere."""
        if self.request_owner is not None:
            self.request = self.request_owner = None
        self._url_adapter = None
        self._globals = None
        self.streams = None

    def __repr__(self) -> str:
        request = self.request
        what = "application" if request is None else printable(f"{request.method} {request.path}")
        return f"<Context {what} of {self.app.name!r}>"


def new_context(app: Cocopot, request: Request | None) -> Context:
    """Return a context for a request, which `app.app_context` creates if a subclass overrides it.

    Args:
        app: The application.
        request: The request.

    Raises:
        TypeError: If the override returns anything but a context of its own.
    """
    if "app_context" not in app.overridden:
        return Context(app, request)
    context: object = app.app_context()
    if not isinstance(context, Context) or context.request is not None or context.holds:
        raise TypeError(
            f"app_context of {app!r} returned {context!r:.80}, which is not a new application context: "
            "return what super().app_context() returned in this call."
        )
    context.request = request
    return context


#: The current context of this thread, greenlet or task.
CURRENT: contextvars.ContextVar[Context] = contextvars.ContextVar("cocopot.context")


def current_or_none() -> Context | None:
    """Return the current context, or `None`."""
    return CURRENT.get(None)


def current() -> Context:
    """Return the current context.

    Raises:
        RuntimeError: If there is none.
    """
    context = CURRENT.get(None)
    if context is None:
        _raise_outside("the application context", "with app.app_context():")
    return context


def current_request_context() -> Context:
    """Return the context of the current request.

    Raises:
        RuntimeError: If there is none, or it has no request.
    """
    context = CURRENT.get(None)
    if context is None or context.request is None:
        _raise_outside("a request context", "with app.test_request_context():")
    return context.request_owner or context


def current_request() -> Request:
    """Return the current request.

    Raises:
        RuntimeError: If no request context is active.
    """
    context = CURRENT.get(None)
    if context is None or context.request is None:
        _raise_outside("a request context", "with app.test_request_context():")
    return context.request


def _raise_outside(what: str, remedy: str) -> NoReturn:
    raise RuntimeError(
        f"Working outside of {what}. This is only available while a request is handled, "
        f"or inside a block such as `{remedy}`."
    )


def has_app_context() -> bool:
    """Return whether a context is active, so that `current_app` and `g` may be used."""
    return CURRENT.get(None) is not None


def has_request_context() -> bool:
    """Return whether a request context is active, so that `request` may be used."""
    context = CURRENT.get(None)
    return context is not None and context.request is not None


def copy_current_request_context(function: F) -> F:
    """Make `function` run in a copy of the current request context, such as in another thread or greenlet.

    The copy has the same request and its own `g`; its teardown hooks run when the function returns.

    Raises:
        RuntimeError: If no request context is active.
    """
    original = current_request_context()

    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        with original.copy():
            return function(*args, **kwargs)

    return cast("F", wrapper)
