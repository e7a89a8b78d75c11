"""What is compiled for the endpoints of a blueprint: hooks, and what runs each step of their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cocopot.coroutines import synchronous
from cocopot.pipeline import fastpath, lifecycle, sessions, teardown
from cocopot.pipeline.defaults.dispatch import cocopot_dispatch_request
from cocopot.pipeline.defaults.errors import cocopot_handle_exception
from cocopot.pipeline.sending import serve_observed
from cocopot.scopes import blueprints_of
from cocopot.speedups import PipelineState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.exceptions import HTTPException
    from cocopot.response import Response
    from cocopot.sessions import Session
    from cocopot.types import ResponseValue, StartResponse, WSGIEnvironment

    #: Runs a step; takes the context, then what the method of that name takes.
    Step: TypeAlias = Callable[..., Any]

#: The steps that a subclass of the application may override, with what runs them by default.
STEPS: Mapping[str, Step] = {
    "full_dispatch_request": lifecycle.full_dispatch_request,
    "preprocess_request": lifecycle.preprocess_request,
    "dispatch_request": lifecycle.dispatch_request,
    "finalize_request": lifecycle.finalize_request,
    "make_response": lifecycle.make_response,
    "process_response": lifecycle.process_response,
    "handle_user_exception": lifecycle.handle_user_exception,
    "handle_http_exception": lifecycle.handle_http_exception,
    "handle_exception": lifecycle.handle_exception,
    "do_teardown_request": teardown.do_teardown_request,
    "do_teardown_appcontext": teardown.do_teardown_appcontext,
}


class EndpointPipeline(PipelineState):
    """The requests of one endpoint, compiled; the endpoints of a blueprint share it.

    A slot that is named like a step runs that step. A slot whose name ends in `_hook` calls the hook.

    Args:
        app: The application.
        endpoint: The endpoint, or `None` for requests that matched no rule.
        overrides: The methods that override steps, by the step's name.
    """

    __slots__ = (
        "dispatch_request",
        "dispatch_request_hook",
        "do_teardown_appcontext",
        "do_teardown_request",
        "finalize_request",
        "full_dispatch_request",
        "got_request_exception_hook",
        "handle_exception",
        "handle_http_exception",
        "handle_user_exception",
        "make_response",
        "make_response_hook",
        "open_session",
        "open_session_hook",
        "preprocess_request",
        "process_response",
        "response_closed_hook",
        "save_session_hook",
        "teardown_app_context_hook",
        "teardown_request_hook",
    )

    full_dispatch_request: Callable[[Context], Response]
    preprocess_request: Callable[[Context], ResponseValue | None]
    dispatch_request: Callable[[Context], ResponseValue]
    #: Takes a value, and optionally whether an error handler has returned it.
    finalize_request: Callable[..., Response]
    make_response: Callable[[Context, object], Response]
    process_response: Callable[[Context, Response], Response]
    handle_user_exception: Callable[[Context, Exception], ResponseValue]
    handle_http_exception: Callable[[Context, HTTPException], ResponseValue]
    handle_exception: Callable[[Context, Exception], Response]
    #: `None` if there is nothing to run.
    do_teardown_request: Callable[[Context, BaseException | None], None] | None
    #: `None` if there is nothing to run.
    do_teardown_appcontext: Callable[[Context, BaseException | None], None] | None
    #: Runs the request and sends the response: `fastpath.serve`, `lifecycle.serve` or `serve_observed`.
    serve: Callable[[Context, WSGIEnvironment, StartResponse], Iterable[bytes]]
    #: Opens the session of a request at its first use.
    open_session: Callable[[Context], Session]
    #: Returns a response value, or `None`.
    handle_exception_hook: Callable[..., ResponseValue | None] | None

    def __init__(self, app: Cocopot, endpoint: str | None, overrides: Mapping[str, Step]) -> None:
        scopes = blueprints_of(endpoint)
        compiled = app.plugins.compile
        self.request_started_hook = compiled("cocopot_request_started", scopes, results=False)
        self.url_value_preprocessor_hook = compiled("cocopot_url_value_preprocessor", scopes, results=False)
        self.before_request_hook = compiled("cocopot_before_request", scopes)
        self.dispatch_request_hook = compiled("cocopot_dispatch_request", scopes)
        self.make_response_hook = compiled("cocopot_make_response", scopes)
        self.after_request_hook = compiled("cocopot_after_request", scopes)
        self.open_session_hook = compiled("cocopot_open_session", scopes)
        self.save_session_hook = compiled("cocopot_save_session", scopes)
        self.handle_exception_hook = compiled("cocopot_handle_exception", scopes)
        self.got_request_exception_hook = compiled("cocopot_got_request_exception", scopes, results=False)
        self.teardown_request_hook = compiled("cocopot_teardown_request", scopes, results=False)
        self.teardown_app_context_hook = compiled("cocopot_teardown_app_context", scopes, results=False)
        self.response_closed_hook = compiled("cocopot_response_closed", scopes, results=False)
        for name, default in STEPS.items():
            setattr(self, name, _without_context(overrides[name]) if name in overrides else default)
        self._choose_teardown(overrides)
        own = self.dispatch_request_hook is not cocopot_dispatch_request
        #: The hook, if it is more than to call the view.
        self.own_dispatch_hook = self.dispatch_request_hook if own else None
        #: Whether no step is overridden that turns an exception into a response.
        self.recovers_here = fastpath.INLINED_IN_RECOVERY.isdisjoint(overrides)
        #: Whether in addition nothing handles HTTP exceptions: each is its own response.
        self.answers_errors = self.recovers_here and self.handle_exception_hook is cocopot_handle_exception
        self.open_session = sessions.open_session
        #: Whether the end of each response is reported.
        self.is_observed = self.response_closed_hook is not None
        general = serve_observed if self.is_observed else lifecycle.serve
        self.serve = fastpath.serve if fastpath.serves(app, self, overrides) else general
        self.read_direct_calls()

    def _choose_teardown(self, overrides: Mapping[str, Step]) -> None:
        if self.teardown_request_hook is None and "do_teardown_request" not in overrides:
            self.do_teardown_request = None
        if self.teardown_app_context_hook is None and "do_teardown_appcontext" not in overrides:
            self.do_teardown_appcontext = None
        has_teardown = self.do_teardown_request is not None or self.do_teardown_appcontext is not None
        #: Runs the teardown steps when a context is torn down; `None` if there are none.
        self.tear_down = teardown.tear_down if has_teardown else None
        #: The hook, if teardown is nothing but to call it.
        self.plain_teardown_hook = None
        if self.do_teardown_appcontext is None and "do_teardown_request" not in overrides:
            self.plain_teardown_hook = self.teardown_request_hook


def make_view_synchronous(app: Cocopot, endpoint: str | None) -> None:
    """Replace the view of an endpoint, if it is a coroutine function, by a plain function that runs it."""
    if endpoint is not None and (view := app.view_functions.get(endpoint)) is not None:
        plain = synchronous(view)
        if plain is not view:
            app.view_functions[endpoint] = plain


def _without_context(method: Step) -> Step:
    """Return a method of the application as a step: it looks the context up itself."""

    def step(_context: Context, *args: object) -> Any:
        try:
            return method(*args)
        finally:
            del args  # break the reference cycle exception -> traceback -> frame

    return step
