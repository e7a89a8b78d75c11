"""What the requests of one endpoint need: the compiled hooks, and the steps that are overridden."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from cocopot.pipeline.defaults import dispatch as builtin_dispatch
from cocopot.pipeline.defaults import responses
from cocopot.scopes import blueprints_of

if TYPE_CHECKING:
    from cocopot.types import Application

F = TypeVar("F", bound=Callable[..., Any])

# The functions themselves: a mark on them would be copied by functools.wraps.
_DEFAULT_STEPS: set[Callable[..., Any]] = set()


def default_step(method: F) -> F:
    """Say that a method of the application is the default of a step, which need not be called as a method."""
    _DEFAULT_STEPS.add(method)
    return method


def _override(app: Application, name: str) -> Callable[..., Any] | None:
    method: Callable[..., Any] = getattr(app, name)
    return None if getattr(method, "__func__", None) in _DEFAULT_STEPS else method


class Calls:
    """What one endpoint needs for its requests; a hook that nobody implements, and a default step, is `None`.

    Args:
        app: The application.
        endpoint: The endpoint, or `None` for requests that matched nothing.
    """

    #: The steps that a subclass of the application may override, and that are not always called as methods.
    STEPS = (
        "full_dispatch_request",
        "preprocess_request",
        "dispatch_request",
        "make_response",
        "process_response",
        "do_teardown_request",
        "do_teardown_appcontext",
    )

    __slots__ = (
        "after_request",
        "before_request",
        "dispatch",
        "dispatch_request",
        "dispatches_by_default",
        "full_dispatch",
        "got_request_exception",
        "handle_exception",
        "make_response",
        "preprocess",
        "process",
        "request_started",
        "respond",
        "responds_by_default",
        "teardown_app_context",
        "teardown_is_overridden",
        "teardown_request",
        "url_value_preprocessor",
    )

    def __init__(self, app: Application, endpoint: str | None) -> None:
        scopes = blueprints_of(endpoint)
        compiled = app.plugins.compile
        self.request_started = compiled("cocopot_request_started", scopes, results=False)
        self.url_value_preprocessor = compiled("cocopot_url_value_preprocessor", scopes, results=False)
        self.before_request = compiled("cocopot_before_request", scopes)
        self.dispatch_request = compiled("cocopot_dispatch_request", scopes)
        self.make_response = compiled("cocopot_make_response", scopes)
        self.after_request = compiled("cocopot_after_request", scopes)
        self.handle_exception = compiled("cocopot_handle_exception", scopes)
        self.got_request_exception = compiled("cocopot_got_request_exception", scopes, results=False)
        self.teardown_request = compiled("cocopot_teardown_request", scopes, results=False)
        self.teardown_app_context = compiled("cocopot_teardown_app_context", scopes, results=False)
        self._look_for_overrides(app)

    def _look_for_overrides(self, app: Application) -> None:
        self.full_dispatch = _override(app, "full_dispatch_request")
        self.preprocess = _override(app, "preprocess_request")
        self.process = _override(app, "process_response")
        dispatch = _override(app, "dispatch_request")
        respond = _override(app, "make_response")
        # These two are always called: as the hook itself, or as the method that overrides the step.
        self.dispatch = self.dispatch_request if dispatch is None else lambda _app, _request: dispatch()
        self.respond = self.make_response if respond is None else lambda _app, _request, value: respond(value)
        #: Whether the view is called by the built-in implementation and nobody else.
        self.dispatches_by_default = self.dispatch is builtin_dispatch.cocopot_dispatch_request
        #: Whether a text is made into a response by the built-in implementation and nobody else.
        self.responds_by_default = self.respond is responses.cocopot_make_response
        self.teardown_is_overridden = (
            _override(app, "do_teardown_request") is not None
            or _override(app, "do_teardown_appcontext") is not None
        )


def calls_for(app: Application, endpoint: str | None) -> Calls:
    """Return the calls for an endpoint; made when it is first asked for after a registration."""
    compiled: dict[Any, Any] = app.plugins.compiled
    calls: Calls | None = compiled.get(endpoint)
    if calls is None:
        with app.plugins.locked():
            compiled = app.plugins.compiled
            calls = compiled[endpoint] = Calls(app, endpoint)
    return calls
