"""Call the view that the URL matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from cocopot.debug_errors import FormDataRoutingRedirect
from cocopot.exceptions import MethodNotAllowed
from cocopot.hooks import hookimpl
from cocopot.request import Request
from cocopot.routing import NO_METHOD
from cocopot.urls import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.routing import Rule

    from cocopot.app import Cocopot
    from cocopot.response import Response
    from cocopot.types import ResponseValue


#: Methods for which the view is called without further checks.
WITH_VIEW = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"})
#: Redirects after which a client sends method and body again (RFC 9110, 15.4.8 and 15.4.9).
_WITH_BODY = frozenset({307, 308})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


@hookimpl(trylast=True)
def cocopot_dispatch_request(app: Cocopot, request: Request) -> ResponseValue:
    """Raise the routing exception, answer OPTIONS, or call the view with the values of the URL."""
    rule = request.url_rule
    if rule is None:
        error = request.routing_exception
        if error is None or type(error) is RequestRedirect or "raise_routing_exception" in app.overridden:
            app.raise_routing_exception(request)
        raise error
    if request.environ["REQUEST_METHOD"] not in WITH_VIEW and _wants_options(request, rule):
        return app.make_default_options_response()
    view = app.view_functions.get(rule.endpoint)
    if view is None:
        raise LookupError(_no_view(rule))
    arguments = request.view_args
    value: Any = view(**arguments) if arguments else view()
    if value is None:
        raise_view_returned_none(rule)
    return value  # type: ignore[no-any-return]  # not a coroutine: the pipeline runs those


def raise_routing_exception(app: Cocopot, request: Request) -> NoReturn:
    """Raise the exception of a request that matches no rule.

    Raises:
        FormDataRoutingRedirect: In debug mode, if the redirect would lose the body of the request.
        LookupError: If it has not been matched.
    """
    error = request.routing_exception
    if error is None:
        raise LookupError("The request has not been matched with the URL rules.")
    is_lossy = app.debug and error.code not in _WITH_BODY and request.method not in _WITHOUT_BODY
    if is_lossy and isinstance(error, RequestRedirect):
        raise FormDataRoutingRedirect(request.method, request.url, error) from None
    raise error


def raise_view_returned_none(rule: Rule) -> NoReturn:
    """Report a view that returned `None`.

    Raises:
        TypeError: Always.
    """
    raise TypeError(
        f"The view for {rule.endpoint!r} returned None. A view must return a response: "
        "a string, a dict, a tuple, a Response; perhaps a return statement is missing."
    )


def _wants_options(request: Request, rule: Rule) -> bool:
    method = request.environ["REQUEST_METHOD"] if type(request) is Request else request.method
    # A rule that was not made by the application may be a plain one of Werkzeug's.
    return method == "OPTIONS" and getattr(rule, "provide_automatic_options", False)


def default_options_response(app: Cocopot, request: Request) -> Response:
    """Return an empty response that names the methods of the URL (RFC 9110, section 9.3.7).

    Raises:
        BadHost: The host of the request is not valid.
        SecurityError: It is not trusted.
    """
    rule, allow, cache = request.url_rule, None, app.router.table.allow
    # The methods of a rule without variables are cached.
    is_plain = (
        rule is not None
        and request.environ.get("PATH_INFO") == rule.rule
        and not rule.arguments
        and "create_url_adapter" not in app.overridden
    )
    if is_plain:
        allow = cache.get(id(rule))
    if allow is None:
        allow = ", ".join(_allowed_methods(app, request))
        if is_plain:
            cache[id(rule)] = allow
    return app.response_class(b"", headers={"Allow": allow} if allow else None)


def _allowed_methods(app: Cocopot, request: Request) -> Iterable[str]:
    is_overridden = "create_url_adapter" in app.overridden
    if type(request) is Request and not is_overridden:
        methods = app.router.plain_methods(request.environ, app.config, app.subdomain_matching)
        if methods is not None:
            return methods
    request.host  # noqa: B018 - raises
    if is_overridden:
        adapter = app.create_url_adapter(request)
        return () if adapter is None else adapter.allowed_methods()
    domain = () if app.config["SERVER_NAME"] is None else domain_of(app)
    try:
        app.router.match_request(request.environ, request.path, NO_METHOD, *domain)
    except HTTPException as error:  # such as a redirect
        error.__traceback__ = None  # break the reference cycle exception -> traceback -> frame
        if isinstance(error, MethodNotAllowed):
            return error.valid_methods or ()
    return ()


def _no_view(rule: Rule) -> str:
    return (
        f"The rule {rule.rule!r} has the endpoint {rule.endpoint!r}, but no function is registered for it. "
        f"Pass view_func= to add_url_rule, or use @app.endpoint({rule.endpoint!r})."
    )
