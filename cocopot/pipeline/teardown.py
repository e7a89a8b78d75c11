"""The teardown of a context: of the request, then of the application context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.hooks.reporting import report_errors, run_every
from cocopot.logs import log_failure

if TYPE_CHECKING:
    from cocopot.context import Context


def tear_down(  # noqa: C901 - the hot path: the two steps are inlined
    context: Context, exc: BaseException | None
) -> None:
    """Run the teardown hooks of a request, and those of its application context."""
    app, pipeline = context.app, context.pipeline or context.get_pipeline()
    try:
        try:
            has_request = context.request is not None and context.request_owner is None
            if exc is not None and has_request and "should_ignore_error" in app.overridden:
                exc = None if app.should_ignore_error(exc) else exc
            step = pipeline.do_teardown_request
            if has_request and step is do_teardown_request:
                hook: Any = pipeline.teardown_request_hook
                try:
                    hook(app, context.request, exc)
                except Exception as error:
                    if report_errors(app, error):
                        raise
            elif has_request and step is not None:
                step(context, exc)
        finally:
            step = pipeline.do_teardown_appcontext
            if step is do_teardown_appcontext:
                hook = pipeline.teardown_app_context_hook
                try:
                    hook(app, exc)
                except Exception as error:
                    if report_errors(app, error):
                        raise
            elif step is not None:
                step(context, exc)
    except Exception as error:
        if app.propagate_exceptions:
            raise
        log_failure(app, "Tearing down a context failed", error=error)


def do_teardown_request(context: Context, exc: BaseException | None) -> None:
    """Run all teardown-request hooks, also after an error."""
    hook = (context.pipeline or context.get_pipeline()).teardown_request_hook
    if hook is not None:
        run_every(context.app, hook, context.app, context.request, exc)


def do_teardown_appcontext(context: Context, exc: BaseException | None) -> None:
    """Run all teardown-app-context hooks, also after an error."""
    hook = (context.pipeline or context.get_pipeline()).teardown_app_context_hook
    if hook is not None:
        run_every(context.app, hook, context.app, exc)
