"""The plugin: it compiles the configuration at startup, answers preflights, and adds headers to responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import hookimpl
from cocopot_cors.options import DEFAULTS, compile_resources
from cocopot_cors.policy import Resources, is_preflight, methods_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from cocopot import Cocopot, Request, Response

#: The key of the plugin's state in `app.extensions`.
NAME = "cors"


class CORS:
    """Let pages of other origins use an application, as far as its configuration under `CORS_*` says.

    It lies outside every other plugin: a preflight is answered before anybody asks for credentials, and the
    headers are added to what is really sent, errors included.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot_cors import CORS

        app = Cocopot(__name__, autoload=False, plugins=[CORS])
        app.config["CORS_ORIGINS"] = ["https://shop.example"]
        ```
    """

    #: The name under which it is registered when it is given to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, Any]:
        """Name the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Make room for the compiled configuration; until it is there, no path has a policy."""
        app.extensions[NAME] = Resources()
        if app.started:
            self.cocopot_startup(app)

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Compile the configuration.

        Raises:
            PluginError: If it is wrong; the message names the key, the value and what to do.
        """
        app.extensions[NAME] = compile_resources(app.config)

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self, app: Cocopot, request: Request) -> Response | None:
        """Answer a preflight for a path that exists; leave all other requests alone."""
        if not is_preflight(request):
            return None
        policy = _resources(app).policy_for(request.path)
        methods = None if policy is None else methods_of(app, request)
        if policy is None or methods is None:
            return None
        response = app.response_class(status=204)
        del response.headers["Content-Type"]
        policy.add_preflight_headers(request, methods, response.headers)
        return response

    @hookimpl(wrapper=True)
    def cocopot_after_request(
        self, app: Cocopot, request: Request, response: Response
    ) -> Generator[None, Response, Response]:
        """Add the headers to what is sent, whatever the other implementations make of it.

        If one of them raises while the response to an error is finished, that response is sent as it was
        handed in; so the headers are added to it in that case.
        """
        try:
            response = yield
            return response
        finally:
            policy = _resources(app).policy_for(request.path)
            # What is no response, the application refuses, and names who returned it.
            if policy is not None and isinstance(response, WerkzeugResponse):
                policy.add_headers(request, response.headers)


def _resources(app: Cocopot) -> Resources:
    resources: Resources = app.extensions[NAME]
    return resources
