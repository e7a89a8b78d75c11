"""Build URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.routing import BuildError

from cocopot.context import CURRENT
from cocopot.helpers import URLS
from cocopot.request_urls import quote_path
from cocopot.scopes import blueprints_of
from cocopot.speedups import Quoter, plain_host, plain_url

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.hooks.source import HookFunction
    from cocopot.request import Request
    from cocopot.types import Options

#: Of an endpoint with more characters nothing is computed that takes the square of its length.
LONGEST_USUAL = 200
#: What `_scheme` usually is.
_USUAL_SCHEMES = {None, "http", "https"}
_quote_in_fragment = Quoter("%!#$&'()*+,/:;=?@")


def domain_of(app: Cocopot) -> tuple[str | None, str | None]:
    """Return the server name and the subdomain to match and build with; `None` is taken from the request.

    With SERVER_NAME configured, no URL is built from the Host header, which a client controls.
    """
    server_name: str | None = app.config["SERVER_NAME"]
    if server_name is None or app.router.host_matching:
        return None, None
    return server_name, None if app.subdomain_matching else app.router.default_subdomain


def create_url_adapter(app: Cocopot, request: Request | None) -> MapAdapter | None:
    """Return the URL adapter for a request, or outside of one for SERVER_NAME.

    Args:
        app: The application.
        request: The request, or `None`.

    Returns:
        A Werkzeug `MapAdapter`, or `None` outside of a request without SERVER_NAME.

    Raises:
        BadHost: The host of the request is not valid.
        SecurityError: The host of the request is not trusted.
    """
    config = app.config
    if request is not None:
        host = request.host  # checked also if the URLs are built from SERVER_NAME
        server_name, subdomain = domain_of(app)
        if server_name is None:
            server_name, subdomain = host, None if app.router.host_matching else ""
        return app.router.bind_to_environ(request.environ, server_name, subdomain)
    if config["SERVER_NAME"] is None:
        return None
    if not app.started:
        config.check()
    return app.router.bind(
        config["SERVER_NAME"],
        script_name=config["APPLICATION_ROOT"],
        url_scheme=config["PREFERRED_URL_SCHEME"],
    )


@URLS.defaults_hook
def defaults_hook(app: Cocopot, endpoint: str) -> HookFunction | None:
    """Return what fills in the values of an endpoint's URLs, or `None` if no hook does.

    Args:
        app: The application.
        endpoint: The endpoint.
    """
    scopes: list[str] = []
    if "." in endpoint:
        head = endpoint
        if len(endpoint) > LONGEST_USUAL:  # perhaps a client's, with any number of dots
            head = endpoint[: max(map(len, app.blueprints), default=0) + 1]
        scopes = [name for name in blueprints_of(head) if name in app.blueprints]
    return app.plugins.compiled_hook("cocopot_url_defaults", scopes)


def url_for(
    app: Cocopot,
    endpoint: str,
    values: Options,
    *,
    anchor: str | None,
    method: str | None,
    scheme: str | None,
    external: bool | None,
) -> str:
    """Build the URL of an endpoint; see `cocopot.url_for`."""
    context = CURRENT.get(None)
    if context is not None and context.app is not app:
        context = None
    request = None if context is None else context.request
    if endpoint.startswith("."):
        endpoint = _relative(context, endpoint)
    if external is None:
        external = scheme is not None or request is None
    if scheme is not None and not external:
        raise ValueError("url_for() with _scheme= builds an external URL; remove _external=False.")
    app.inject_url_defaults(endpoint, values)
    if context is not None and scheme in _USUAL_SCHEMES and "create_url_adapter" not in app.overridden:
        url = _url_of_request(app, context, endpoint, values, method, scheme if external else "")
        if url is not None:
            return _with_anchor(url, anchor)
    adapter = context.url_adapter if context is not None else app.create_url_adapter(None)
    if adapter is None:
        raise RuntimeError(
            "Outside of a request, URLs can be built only with SERVER_NAME configured, and "
            "APPLICATION_ROOT and PREFERRED_URL_SCHEME if they differ from their defaults."
        )
    try:
        url = adapter.build(endpoint, values, method=method, url_scheme=scheme, force_external=external)
    except BuildError as error:
        values.update(_anchor=anchor, _method=method, _scheme=scheme, _external=external)
        return app.handle_url_build_error(error, endpoint, values)
    return _with_anchor(url, anchor)


def _with_anchor(url: str, anchor: str | None) -> str:
    return url if anchor is None else f"{url}#{_quote_in_fragment(anchor)}"


def _url_of_request(
    app: Cocopot, context: Context, endpoint: str, values: Options, method: str | None, scheme: str | None
) -> str | None:
    """Return a URL as the adapter of a request builds it, or `None` where only the adapter can.

    The host of a request that a rule matches is valid and trusted.

    Args:
        app: The application.
        context: The context.
        endpoint: The endpoint.
        values: The values.
        method: The method of the rule.
        scheme: The scheme, `None` for that of the request, or an empty text for a path.
    """
    request = context.request
    if request is None or request.url_rule is None:
        return None
    server_name = app.config["SERVER_NAME"]
    domain = "" if server_name is None else domain_of(app)[1]  # `None` if the host decides
    environ = request.environ
    path = app.router.build_path(endpoint, values, method, environ["REQUEST_METHOD"], domain)
    if path is None:
        return None
    script_name = environ.get("SCRIPT_NAME")
    root = quote_path(script_name.encode("latin1")) if script_name else ""
    if scheme != "":
        origin = None if domain else _origin(request, server_name, scheme)
        return None if origin is None else f"{origin}{root.removesuffix('/')}/{path.lstrip('/')}"
    if not root and path[:1] == "/" != path[1:2]:
        return path
    return f"{root.rstrip('/')}/{path.lstrip('/')}"


def _origin(request: Request, server_name: str | None, scheme: str | None) -> str | None:
    """Return the scheme and the host of an external URL, or `None` where only the adapter can."""
    host: str | None = request.host  # checked also if the URLs are built from SERVER_NAME
    own: str = request.environ["wsgi.url_scheme"]
    if server_name is not None:
        host = plain_host(server_name, own)
    return None if host is None else plain_url(scheme or own, host, "")


def _relative(context: Context | None, endpoint: str) -> str:
    """Put the current blueprint's name before an endpoint that begins with a dot."""
    blueprint = context.request.blueprint if context is not None and context.request is not None else None
    return f"{blueprint}{endpoint}" if blueprint else endpoint[1:]
