"""Trust in the proxies in front of the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.middleware.proxy_fix import ProxyFix

from cocopot import hookimpl
from cocopot.exceptions import PluginError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from cocopot import Cocopot


class Proxies:
    """A plugin of the application's own: it reads client, scheme and host from the headers of proxies.

    `NOTES_PROXIES` is how many proxies there are in front of the application, each of which adds its values
    to the `X-Forwarded` headers; by default none, as a client could send these headers, too.
    """

    plugin_name = "proxies"

    @hookimpl
    def cocopot_config_defaults(self) -> dict[str, Any]:
        """Trust none."""
        return {"NOTES_PROXIES": 0}

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Validate the configuration."""
        number = app.config["NOTES_PROXIES"]
        if type(number) is not int or number < 0:
            raise PluginError(f"NOTES_PROXIES is {number!r}; it is the number of proxies, 0 or more.")

    @hookimpl
    def cocopot_wsgi(self, app: Cocopot, wsgi: WSGIApplication) -> WSGIApplication | None:
        """Put Werkzeug's middleware around the application if there are proxies."""
        number = app.config["NOTES_PROXIES"]
        if not number:
            return None
        return ProxyFix(wsgi, x_for=number, x_proto=number, x_host=number)
