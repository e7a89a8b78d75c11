"""Werkzeug's debugger, restricted to requests for a host of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.debug import DebuggedApplication

from cocopot.serving.address import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.types import StartResponse, WSGIApplication, WSGIEnvironment


class Debugger(DebuggedApplication):
    """Shows the traceback of an exception in the browser.

    A page of a foreign site whose name resolves to this machine (DNS rebinding) could read tracebacks. If
    only this machine reaches the server, an exception under a foreign host is left to the server, which logs
    it.

    Args:
        application: The application.
        host: The host name that the server listens on, which is trusted as well.
        evalex: Whether the debugger runs code.
    """

    def __init__(self, application: WSGIApplication, host: str, *, evalex: bool) -> None:
        super().__init__(application, evalex=evalex)
        self.trusted_hosts.append(host)
        self._is_local = is_loopback(host)

    def check_host_trust(self, environ: WSGIEnvironment) -> bool:
        """Return whether a request has a host of this machine, or the one that the server listens on."""
        if super().check_host_trust(environ):
            return True
        try:
            name = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
        except ValueError:
            return False
        return name is not None and is_loopback(name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        if self._is_local and not self.check_host_trust(environ):
            return self.app(environ, start_response)
        return super().__call__(environ, start_response)
