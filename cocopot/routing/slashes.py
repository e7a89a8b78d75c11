"""Redirects of a path without the slash at the end of its rule, where no adapter is needed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.routing import RequestRedirect

from cocopot.hosts import host_of, without_default_port
from cocopot.request_urls import quote_path, quote_query
from cocopot.speedups import plain_host, plain_url, redirect_error

if TYPE_CHECKING:
    from cocopot.types import WSGIEnvironment


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
    scheme, query = environ["wsgi.url_scheme"], environ.get("QUERY_STRING", "")
    header = environ.get("HTTP_HOST") if server_name is None else server_name
    host = plain_host(header, scheme) if type(header) is str else None
    if host is not None and subdomain and server_name is not None:
        host = f"{subdomain}.{host}"
    url = None
    if host is not None and not environ.get("SCRIPT_NAME") and path[1:2] != "/":
        url = plain_url(scheme, host, path, query)
    if url is None:
        origin = None if host is None else plain_url(scheme, host, "")
        if origin is None and server_name is None:
            origin = f"{scheme}://{_host(environ, scheme).lower()}"
        url = None if origin is None else _quoted_url(origin, environ, path)
    return None if url is None else redirect_error(RequestRedirect, url)


def _quoted_url(origin: str, environ: WSGIEnvironment, path: str) -> str | None:
    """Return a URL of the application, or `None` if the environment is not as PEP 3333 requires."""
    try:
        script, query = (environ.get(key, "").encode("latin1") for key in ("SCRIPT_NAME", "QUERY_STRING"))
    except UnicodeEncodeError:
        return None
    root = quote_path(script).strip("/")
    url = f"{origin}{root and f'/{root}'}/{quote_path(path).lstrip('/')}"
    return f"{url}?{quote_query(query)}" if query else url


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
