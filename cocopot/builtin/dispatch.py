"""Call the view that the URL matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cocopot.hooks import hookimpl

if TYPE_CHECKING:
    from cocopot.request import Request
    from cocopot.types import Application, ResponseValue


@hookimpl(trylast=True)
def cocopot_dispatch_request(app: Application, request: Request) -> ResponseValue:
    """Raise what routing found wrong, answer OPTIONS, or call the view with the values of the URL."""
    if request.routing_exception is not None:
        raise request.routing_exception
    rule: Any = request.url_rule
    if request.method == "OPTIONS" and rule.provide_automatic_options:
        return app.make_default_options_response()  # type: ignore[no-any-return]
    view = app.view_functions.get(rule.endpoint)
    if view is None:
        raise LookupError(_no_view(rule))
    value = view(**request.view_args or {})
    if value is None:
        raise TypeError(
            f"The view for {rule.endpoint!r} returned None. A view must return a response: "
            "a string, a dict, a tuple, a Response; perhaps a return statement is missing."
        )
    return value


def default_options_response(app: Application, request: Request) -> ResponseValue:
    """Return an empty response that names the methods of the URL (RFC 9110, section 9.3.7)."""
    response = app.response_class()
    response.allow.update(app.create_url_adapter(request).allowed_methods())
    return response  # type: ignore[no-any-return]


def _no_view(rule: Any) -> str:
    return (
        f"The rule {rule.rule!r} has the endpoint {rule.endpoint!r}, but no function is registered for it. "
        f"Pass view_func= to add_url_rule, or use @app.endpoint({rule.endpoint!r})."
    )
