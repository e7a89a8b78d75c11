"""Redirects of a path without the slash at the end of its rule, where no adapter is needed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.routing import RequestRedirect

from cocopot.hosts import host_of, without_default_port
from cocopot.request_urls import quote_path, quote_query
from cocopot.speedups import plain_host, plain_url

if TYPE_CHECKING:
    from cocopot.routing.walk import Node
    from cocopot.types import WSGIEnvironment


def redirected_methods(node: Node) -> frozenset[str | None]:
    """Return the methods with which the path of a node is redirected to the path with a slash.

    Args:
        node: A node without rules that is reached by static segments alone.

    Returns:
        The methods, with `None` for any; empty if only a walk can decide.
    """
    rules = node.static[""].rules if "" in node.static else ()
    rules = tuple(rule for rule in rules if not rule.websocket)
    if not all(rule.strict_slashes for rule in rules):
        return frozenset()
    return frozenset(method for rule in rules for method in rule.methods or (None,))


def redirect_to(
    environ: WSGIEnvironment, path: str, server_name: str | None = None, subdomain: str = ""
) -> RequestRedirect | None:
    """Return the redirect to another path, with the query of the request; `None` where an adapter decides.

    Args:
        environ: The WSGI environment of a request whose host is valid.
        path: The decoded path.
        server_name: The server name that URLs are built from, or `None` for the host of the request.
        subdomain: The subdomain of the server name.
    """
    scheme, script_name = environ["wsgi.url_scheme"], environ.get("SCRIPT_NAME", "")
    try:
        script, query = script_name.encode("latin1"), environ.get("QUERY_STRING", "").encode("latin1")
    except UnicodeEncodeError:  # not as PEP 3333 requires
        return None
    header = environ.get("HTTP_HOST") if server_name is None else server_name
    host = plain_host(header, scheme) if type(header) is str else None
    url = None
    if host is not None and not script_name and path[1:2] != "/":
        url = plain_url(
            scheme, f"{subdomain}.{host}" if subdomain and server_name is not None else host, path
        )
    if url is None:
        if server_name is not None:
            return None
        root = quote_path(script).strip("/")
        url = (
            f"{scheme}://{_host(environ, scheme).lower()}{root and f'/{root}'}/{quote_path(path).lstrip('/')}"
        )
    return RequestRedirect(f"{url}?{quote_query(query)}" if query else url)


def _host(environ: WSGIEnvironment, scheme: str) -> str:
    """Return the host, with its port unless that is the scheme's."""
    header = environ.get("HTTP_HOST")
    if type(header) is str and header:
        port = header.rpartition(":")[2]
        if len(port) == len(header):
            return header
        if port[:1] in _FIRST_DIGITS and port.isdecimal():
            return without_default_port(header, scheme)
    return host_of(environ)


_FIRST_DIGITS = frozenset("123456789")
