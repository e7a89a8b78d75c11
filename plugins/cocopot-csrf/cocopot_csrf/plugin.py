"""The plugin: rejects requests that change something and come from a page of another origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cocopot import hookimpl
from cocopot.exceptions import Forbidden
from cocopot_csrf.hooks import CSRFHooks
from cocopot_csrf.messages import for_developers, for_users
from cocopot_csrf.options import DEFAULTS, State, compile_options
from cocopot_csrf.verification import SAFE_METHODS, Reason, has_bearer_only, parse_origin, reason_to_reject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cocopot import Cocopot, PluginManager, Request

#: The key of the plugin's state in `app.extensions`.
NAME = "csrf"


class CSRFError(Forbidden):
    """A request is rejected, because a page of another origin has sent it: status 403.

    Args:
        reason: Why.
        detail: What is wrong with the request, and what a developer can do; shown by the page in debug mode.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(for_users(reason) + (f"\n{detail}" if detail else ""))
        #: Why it is rejected.
        self.reason = reason


class CSRF:
    """Reject requests with an unsafe method that pages of other origins send with a user's cookies.

    It needs neither tokens in forms nor a session: browsers state where a request comes from.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot_csrf import CSRF

        app = Cocopot(__name__, autoload=False, plugins=[CSRF])

        @app.post("/notes")
        def add():
            return "added"

        @app.post("/payments/notify", csrf=False)  # other sites call it, without cookies
        def notify():
            return "", 204
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hooks `csrf_trusted_origins` and `csrf_rejected`."""
        pluginmanager.add_hookspecs(CSRFHooks)

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Declare the route option."""
        app.add_route_option("csrf", bool, default=True)
        app.extensions[NAME] = State()

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Compile the configuration.

        Raises:
            PluginError: If it is invalid; the message names the key and the value, and how to correct it.
        """
        app.extensions[NAME] = compile_options(app.config)

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self, app: Cocopot, request: Request) -> None:
        """Reject a request that changes something and does not come from a page of this application.

        Raises:
            CSRFError: If it is rejected.
        """
        if request.environ["REQUEST_METHOD"] in SAFE_METHODS:
            return
        state: State = app.extensions[NAME]
        if not state.has_warned:
            _warn_about_plain_http(app, request, state)
        reason = reason_to_reject(request, is_strict=state.is_strict)
        if reason is None:
            return
        rule = request.url_rule
        if rule is not None and not rule.options["csrf"]:
            return
        if has_bearer_only(request.environ) or _is_trusted(app, request, state):
            return
        detail = for_developers(request, reason)
        app.logger.warning(
            "csrf: %s %r (endpoint %r) is rejected: %s",
            request.method,
            request.path,
            request.endpoint,
            detail,
        )
        app.plugins.hook.csrf_rejected(app=app, request=request, reason=reason)
        raise CSRFError(reason, detail if app.debug else "")


def _is_trusted(app: Cocopot, request: Request, state: State) -> bool:
    """Return whether the origin of the page is trusted.

    Raises:
        ValueError: If `csrf_trusted_origins` returns a text that is not an origin.
    """
    origin = parse_origin(request.environ.get("HTTP_ORIGIN", ""))
    if origin is None:
        return False
    if origin in state.trusted:
        return True
    for result in app.plugins.hook.csrf_trusted_origins(app=app, request=request):
        for text in (result,) if isinstance(result, str) else result:
            trusted = parse_origin(text) if isinstance(text, str) else None
            if trusted is None:
                raise ValueError(
                    f"An implementation of csrf_trusted_origins returned {text!r}, which is not an origin, "
                    'such as "https://shop.example".'
                )
            if trusted == origin:
                return True
    return False


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _warn_about_plain_http(app: Cocopot, request: Request, state: State) -> None:
    """Warn once if browsers use the application by plain HTTP, where they do not send `Sec-Fetch-Site`."""
    environ = request.environ
    if "HTTP_SEC_FETCH_SITE" in environ:
        return
    origin = parse_origin(environ.get("HTTP_ORIGIN", ""))
    if origin is not None and origin.scheme == "http" and origin.host not in _LOOPBACK:
        state.has_warned = True
        app.logger.warning(
            "csrf: browsers use this application by plain HTTP (%r), where they do not send Sec-Fetch-Site, "
            "and where anybody on the way can change pages and requests. Serve it by HTTPS.",
            environ["HTTP_ORIGIN"],
        )
