"""Build URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.routing import BuildError

from cocopot.context import CURRENT
from cocopot.helpers import URLS
from cocopot.request_urls import quote_path
from cocopot.scopes import blueprints_of

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

    from cocopot.app import Cocopot
    from cocopot.context import Context
    from cocopot.hooks.source import HookFunction
    from cocopot.request import Request
    from cocopot.types import Options

#: Of an endpoint with more characters nothing is computed that takes the square of its length.
LONGEST_USUAL = 200
_SAFE_IN_FRAGMENT = "%!#$&'()*+,/:;=?@"


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
    if context is not None and scheme is None and "create_url_adapter" not in app.overridden:
        plain_url = _plain_url(app, context, endpoint, values, method, external)
        if plain_url is not None:
            return plain_url if anchor is None else _with_anchor(plain_url, anchor)
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
    return url if anchor is None else f"{url}#{quote(anchor, safe=_SAFE_IN_FRAGMENT)}"


def _plain_url(
    app: Cocopot, context: Context, endpoint: str, values: Options, method: str | None, external: bool
) -> str | None:
    """Return a URL as the adapter of a request builds it, or `None` where only the adapter can.

    The host of a request that a rule matches is valid and trusted.
    """
    request = context.request
    if request is None or request.url_rule is None:
        return None
    domain = "" if app.config["SERVER_NAME"] is None else domain_of(app)[1]  # `None` if the host decides
    environ = request.environ
    path = app.router.build_path(endpoint, values, method, environ["REQUEST_METHOD"], domain)
    if path is None:
        return None
    if not external:
        script_name = environ.get("SCRIPT_NAME")
        if not script_name and path[:1] == "/" != path[1:2]:
            return path
        root = quote_path(script_name.encode("latin1")).rstrip("/") if script_name else ""
        return f"{root}/{path.lstrip('/')}"
    adapter = context.url_adapter
    if adapter is None or adapter.subdomain or domain:
        return None
    scheme = "https" if adapter.url_scheme in {"https", "wss"} else "http"
    return f"{scheme}://{adapter.server_name}{adapter.script_name[:-1]}/{path.lstrip('/')}"


def _relative(context: Context | None, endpoint: str) -> str:
    """Put the current blueprint's name before an endpoint that begins with a dot."""
    blueprint = context.request.blueprint if context is not None and context.request is not None else None
    return f"{blueprint}{endpoint}" if blueprint else endpoint[1:]
