"""The plugin: adds security headers to responses."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import hookimpl
from cocopot_headers.hooks import HeadersHooks
from cocopot_headers.https import HTTPSRedirect, warn_about_proxies
from cocopot_headers.options import DEFAULTS, check_keys, proxy_arguments
from cocopot_headers.policy import RoutePolicy
from cocopot_headers.reports import ReportLog
from cocopot_headers.state import State, add_missing

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import click

    from cocopot import Cocopot, PluginManager, Request, Response
    from cocopot.types import WSGIApplication

#: The key of the plugin's state in `app.extensions`.
NAME = "headers"
# The endpoint for reports.
_REPORTS = "headers_csp_report"
# In the environment of a request whose headers have no nonce, and whose body is not complete.
_SENT = "cocopot_headers.sent"


class SecurityHeaders:
    """Add security headers to each response, with a Content-Security-Policy to which plugins add.

    Example:
        ```python
        from cocopot import Cocopot, request
        from cocopot_headers import SecurityHeaders

        app = Cocopot(__name__, autoload=False, plugins=[SecurityHeaders])

        @app.get("/")
        def index():
            return f'<script nonce="{request.csp_nonce}">start()</script>'

        response = app.test_client().get("/")
        assert "'strict-dynamic'" in response.headers["Content-Security-Policy"]
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME
    # Its option is set for the route of the reports.
    after = ("csrf",)

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: PluginManager) -> None:
        """Add the hook `headers_csp`."""
        pluginmanager.add_hookspecs(HeadersHooks)

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Declare the route options and the nonce."""
        app.add_route_option("csp", RoutePolicy.of, default=True)
        app.add_route_option("https", bool, default=True)
        app.add_request_property("csp_nonce", _make_nonce)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Compute the headers, and add the route of the reports.

        Raises:
            PluginError: The configuration is invalid; the message names the key and the value.
        """
        config = app.config
        check_keys(config)
        app.extensions[NAME] = State(config)
        port = config["HEADERS_HTTPS_REDIRECT"]
        if app.plugins.has_plugin(HTTPSRedirect.plugin_name):  # of an earlier start
            app.plugins.unregister(name=HTTPSRedirect.plugin_name)
        if port and not app.debug:
            app.plugins.register(HTTPSRedirect(443 if port is True else port))
        report = config["HEADERS_CSP_REPORT"]
        if report and report.startswith("/") and _REPORTS not in app.view_functions:
            options = dict.fromkeys({"csp", "https", "csrf"} & app.route_options.keys(), False)
            app.add_url_rule(report, _REPORTS, ReportLog().receive, methods=["POST"], **options)

    @hookimpl
    def cocopot_wsgi(self, app: Cocopot, wsgi: WSGIApplication) -> WSGIApplication | None:
        """Trust the configured number of proxies."""
        arguments = proxy_arguments(app.config)
        return ProxyFix(wsgi, **arguments) if arguments else None

    @hookimpl
    def cocopot_register_commands(self, cli: click.Group) -> None:
        """Add `cocopot headers`."""
        from cocopot_headers.command import command

        cli.add_command(command)

    @hookimpl(wrapper=True)
    def cocopot_after_request(
        self, app: Cocopot, request: Request, response: Response
    ) -> Generator[None, Response, Response]:
        """Add the headers to the final response, after all other implementations.

        If one of them raises while the response to an error is processed, that response is sent unprocessed,
        so the headers are added to the original one.
        """
        try:
            response = yield
            return response
        finally:
            # Any other value is rejected by the application, with the name of the plugin that returned it.
            if isinstance(response, WerkzeugResponse):
                _add_headers(app, request, response)


def _add_headers(app: Cocopot, request: Request, response: Response) -> None:
    state: State = app.extensions[NAME]
    environ, rule = request.environ, request.url_rule
    is_https = environ["wsgi.url_scheme"] == "https"
    if state.watches_proxies and (
        "HTTP_X_FORWARDED_FOR" in environ
        or "HTTP_X_FORWARDED_PROTO" in environ
        or "HTTP_FORWARDED" in environ
    ):
        state.watches_proxies = False
        warn_about_proxies(app, environ)
    option = True if rule is None else rule.options["csp"]
    hook = app.plugins.compiled_hook("headers_csp")
    if (
        hook is None
        and option is True
        and type(response.response) is list
        and "csp_nonce" not in vars(request)
    ):
        add_missing(response, state.complete[is_https], state.names)
        return
    policy = state.new_policy(option)
    try:
        if hook is not None and policy is not None:
            hook(app, request, policy)
    except BaseException:
        policy = state.new_policy(option)  # without the additions
        raise
    finally:
        nonce, is_late = state.nonce_of(request, response) if policy is not None else (None, False)
        headers = state.policy_headers(policy, nonce, is_https=is_https, is_late=is_late)
        add_missing(response, [*state.static[is_https], *headers], state.names)
        if nonce is None and policy is not None and not response.is_sequence:
            environ[_SENT] = True


def _make_nonce(request: Request) -> str:
    """Return the nonce of a request: 128 random bits (CSP Level 3, section 7.1).

    Raises:
        RuntimeError: The headers of a stream have been sent without it.
    """
    if _SENT in request.environ:
        raise RuntimeError(
            "request.csp_nonce is first read after the headers were sent without it. If a stream is "
            "not HTML, read it in the view, before it returns."
        )
    return token_urlsafe(16)
