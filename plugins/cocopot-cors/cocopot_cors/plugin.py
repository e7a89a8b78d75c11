"""The plugin: compiles the configuration, answers preflights, and adds headers to responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response as WerkzeugResponse

from cocopot import hookimpl
from cocopot_cors.options import DEFAULTS, compile_resources
from cocopot_cors.policy import Resources, is_exempt, is_preflight, methods_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from cocopot import Cocopot, Request, Response

#: The key of the plugin's state in `app.extensions`.
NAME = "cors"


class CORS:
    """Allow pages of other origins to use an application, as configured under `CORS_*`.

    It is outermost among the plugins: a preflight is answered before any plugin checks credentials, and the
    headers are added to the final response, errors included.

    Example:
        ```python
        from cocopot import Cocopot
        from cocopot_cors import CORS

        app = Cocopot(__name__, autoload=False, plugins=[CORS])
        app.config["CORS_ORIGINS"] = ["https://shop.example"]
        ```
    """

    #: The name under which it is registered when it is passed to an application as an object.
    plugin_name = NAME

    @hookimpl
    def cocopot_config_defaults(self) -> Mapping[str, object]:
        """Return the defaults of the configuration keys."""
        return DEFAULTS

    @hookimpl
    def cocopot_setup(self, app: Cocopot) -> None:
        """Declare the route option; until the configuration is compiled, no path has a policy."""
        app.add_route_option("cors", bool, default=True)
        app.extensions[NAME] = Resources()

    @hookimpl
    def cocopot_startup(self, app: Cocopot) -> None:
        """Compile the configuration.

        Raises:
            PluginError: If it is invalid; the message names the key and the value, and how to correct it.
        """
        app.extensions[NAME] = compile_resources(app.config)

    @hookimpl(tryfirst=True)
    def cocopot_before_request(self, app: Cocopot, request: Request) -> Response | None:
        """Answer a preflight for a path that exists; ignore all other requests."""
        if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in request.environ or not is_preflight(request):
            return None
        resources: Resources = app.extensions[NAME]
        if resources.has_exempt is not False and is_exempt(app, request, resources):
            return None
        policy = resources.everywhere or resources.policy_for(request)
        methods = None if policy is None else methods_of(app, request, resources)
        if policy is None or methods is None:
            return None
        response = app.response_class(status=204, headers=policy.preflight_headers(request, methods))
        response.headers.remove("Content-Type")
        return response

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
            resources: Resources = app.extensions[NAME]
            is_shared = resources.has_exempt is False or not is_exempt(app, request, resources)
            policy = (resources.everywhere or resources.policy_for(request)) if is_shared else None
            # Any other value is rejected by the application, with the name of the plugin that returned it.
            if policy is not None and isinstance(response, WerkzeugResponse):
                policy.add_headers(request, response.headers)
