"""HTTPS: the redirect of plain requests, and proxies that state how a client has sent a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from cocopot import hookimpl, redirect
from cocopot.exceptions import Forbidden

if TYPE_CHECKING:
    from cocopot import Cocopot, Request, Response
    from cocopot.types import WSGIEnvironment

_FORWARDED: Final = frozenset(
    {"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"}
)
# How proxies state that a request has reached them by https.
_HTTPS: Final = (
    ("HTTP_X_FORWARDED_PROTO", re.compile(r"\bhttps\b", re.IGNORECASE)),
    ("HTTP_FORWARDED", re.compile(r'\bproto="?https\b', re.IGNORECASE)),
    ("HTTP_X_FORWARDED_SCHEME", re.compile(r"\bhttps\b", re.IGNORECASE)),
    ("HTTP_X_FORWARDED_SSL", re.compile(r"^on$", re.IGNORECASE)),
    ("HTTP_FRONT_END_HTTPS", re.compile(r"^on$", re.IGNORECASE)),
)


class HTTPSRedirect:
    """Redirect plain requests to `https`; the plugin registers it if HEADERS_HTTPS_REDIRECT is set.

    Args:
        port: The port of `https`.
    """

    plugin_name = "headers.https"

    def __init__(self, port: int) -> None:
        self._port = port
        self._has_warned = False

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self, app: Cocopot, request: Request) -> Response | None:
        """Redirect a request that may be repeated, and reject any other one.

        A request that a proxy has received by https is served, as a redirect would lead to the same request
        again, without end. It is a fault of the configuration, which is logged.

        Raises:
            Forbidden: The method is not a safe one: the client has sent everything already, and a browser
                would send the request without its body, or another one.
        """
        environ = request.environ
        rule = request.url_rule
        if environ["wsgi.url_scheme"] == "https" or (rule is not None and not rule.options["https"]):
            return None
        if _is_https_outside(environ):
            self._warn(app)
            return None
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            raise Forbidden("This address is served by HTTPS only: send the request to its https URL.")
        return redirect(self._target(request.url), 301)

    def _target(self, url: str) -> str:
        parts = urlsplit(url)
        host = re.sub(r":\d*$", "", parts.netloc)
        netloc = host if self._port == 443 else f"{host}:{self._port}"
        return urlunsplit(("https", netloc, parts.path, parts.query, ""))

    def _warn(self, app: Cocopot) -> None:
        if not self._has_warned:
            self._has_warned = True
            app.logger.warning(
                "headers: a proxy states that a request is https, and it is not trusted. The request was not "
                "redirected, as that would never end. Set HEADERS_PROXIES to the number of proxies."
            )


def _is_https_outside(environ: WSGIEnvironment) -> bool:
    """Return whether a header states that a client has sent a request by https.

    A client can send such a header itself. It then only does without the redirect.
    """
    return any(pattern.search(environ.get(key, "")) for key, pattern in _HTTPS)


def warn_about_proxies(app: Cocopot, environ: WSGIEnvironment) -> None:
    """Log that headers of a proxy are ignored."""
    names = ", ".join(key[5:].replace("_", "-").title() for key in sorted(_FORWARDED & environ.keys()))
    app.logger.warning(
        "headers: a request has %s, which is ignored, as HEADERS_PROXIES is 0: URLs and client addresses are "
        "those of the connection. If a proxy has sent it, set HEADERS_PROXIES to the number of proxies. A "
        "client can send it, too.",
        names,
    )
