"""The application object: a facade over the parts that it holds."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.exceptions import Aborter

from cocopot import logs, urls
from cocopot.config import Config
from cocopot.config_attributes import ConfigAttribute
from cocopot.config_keys import DEFAULTS
from cocopot.environment import is_true
from cocopot.folders import check_instance_path, check_static_host, open_in_folder
from cocopot.globals import Globals
from cocopot.helpers import URLS
from cocopot.hooks import PluginManager
from cocopot.hooks.selection import Selection
from cocopot.json import DefaultJSONProvider
from cocopot.lifespan import Lifespan
from cocopot.origins import Origin
from cocopot.paths import find_instance_path
from cocopot.pipeline.entry import HANDLER
from cocopot.pipeline.overrides import RequestOverrides, pipeline_for
from cocopot.redirects import redirect_response
from cocopot.registry.route_options import add_scope_options, place_of_caller
from cocopot.request import Request
from cocopot.response import Response
from cocopot.routing import Router, Rule
from cocopot.runnable import Runnable
from cocopot.speedups import config_flag

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from cocopot.hooks.loading import OnError
    from cocopot.json import JSONProvider
    from cocopot.pipeline.endpoint import EndpointPipeline
    from cocopot.types import Options


def _timedelta(value: timedelta | int | None) -> timedelta | None:
    return timedelta(seconds=value) if isinstance(value, int) else value


@HANDLER.with_fast_call
class Cocopot(Runnable, RequestOverrides):
    """The WSGI application, and the registry of its routes, functions and plugins.

    Example:
        ```python
        from cocopot import Cocopot

        app = Cocopot(__name__)

        @app.route("/")
        def index():
            return "Hello, World!"

        assert app.test_client().get("/").text == "Hello, World!"
        ```

    Args:
        import_name: Name of the module, usually `__name__`; by default that of the module that makes the
            application.
        static_folder: Folder with static files, relative to the root path; `None` for none.
        static_url_path: URL path of the static files; by default `/` and the folder's name.
        static_host: Host of the static route; required with `host_matching`, and only then allowed.
        host_matching: Whether rules match the host.
        subdomain_matching: Whether rules match the subdomain of SERVER_NAME.
        template_folder: Folder with templates, relative to the root path; `None` for none.
        instance_path: Absolute path of the instance folder; by default found beside the module.
        instance_relative_config: Whether configuration files are relative to the instance folder.
        root_path: Folder that other paths are relative to; by default that of the module.
        autoload: Which installed plugins to load: `True` for all, `False` for none, or names. The environment
            variable `COCOPOT_PLUGINS` replaces it, unless it is `False`.
        plugins: Objects, modules or classes to register as plugins beside the installed ones.
        disable: Names of plugins that must not be loaded, in addition to `COCOPOT_DISABLE_PLUGINS`.
        order: Names of plugins in the order in which to load them; those that are not named are loaded by
            name. The environment variable `COCOPOT_PLUGIN_ORDER` replaces it.
        plugin_errors: `"raise"`, or `"warn"` to log an error and skip that plugin entirely. The environment
            variable `COCOPOT_PLUGIN_ERRORS` replaces it.
        route_options: Route options for all rules, which plugins declare.

    Raises:
        PluginError: If a plugin cannot be loaded.
        ValueError: If `plugin_errors`, or the variable, is neither; if `instance_path` is relative; or if
            there is a static folder, and only one of `static_host` and `host_matching`.
    """

    #: Class of requests.
    request_class: type[Request] = Request
    #: Class of responses.
    response_class: type[Response] = Response
    #: Class of URL rules.
    url_rule_class: type[Rule] = Rule
    #: Class of the configuration.
    config_class: type[Config] = Config
    #: Class of `g`.
    app_ctx_globals_class: type[Globals] = Globals
    #: Class of `aborter`.
    aborter_class: type[Aborter] = Aborter
    #: Class of `json`, unless a plugin supplies another provider.
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    #: The configuration defaults of a subclass, beside those of the core.
    default_config: Mapping[str, Any] = DEFAULTS
    #: Format of log records, as `logging.Formatter` takes it.
    log_format: str = logs.LOG_FORMAT
    #: Whether exceptions reach the test client, and other things that help tests.
    testing = ConfigAttribute[bool]("TESTING")
    #: Key for signing.
    secret_key = ConfigAttribute["str | bytes | None"]("SECRET_KEY")
    #: How long a browser may keep a sent file, as a timedelta; `None`: it asks each time.
    send_file_max_age_default = ConfigAttribute["timedelta | None"]("SEND_FILE_MAX_AGE_DEFAULT", _timedelta)
    #: Whether the server sends files itself, as the header X-Sendfile requests.
    use_x_sendfile = ConfigAttribute[bool]("USE_X_SENDFILE")

    #: Whether the first request has begun, and registration is closed.
    started: bool = False
    _name: str | None = None

    def __init__(
        self,
        import_name: str = "",
        *,
        static_folder: str | os.PathLike[str] | None = "static",
        static_url_path: str | None = None,
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
        autoload: bool | Iterable[str] = True,
        plugins: Iterable[object] = (),
        disable: Iterable[str] = (),
        order: Iterable[str] = (),
        plugin_errors: OnError = "raise",
        route_options: Options | None = None,
    ) -> None:
        #: The plugin manager.
        self.plugins = PluginManager()
        # Read in every request, and found faster on the instance.
        self.request_class, self.response_class = self.request_class, self.response_class
        super().__init__(import_name or _caller(self), static_folder, static_url_path, root_path)
        #: Folder for the files of one installation.
        self.instance_path = check_instance_path(instance_path) or self.auto_find_instance_path()
        self.static_host, self.template_folder = static_host, template_folder
        self.subdomain_matching = subdomain_matching
        check_static_host(self, host_matching)
        self.config = self.template_globals["config"] = self.make_config(instance_relative_config)
        #: The URL rules.
        self.router = Router(host_matching=host_matching)
        add_scope_options(self, None, route_options, place_of_caller(route_options))
        selection = Selection.make(autoload, disable, order=order)
        self._lifespan = Lifespan.begin(self, selection, plugins, plugin_errors)

    # -- set-up --------------------------------------------------------

    def auto_find_instance_path(self) -> str:
        """Return the path of the instance folder: beside the module or package, or in the environment."""
        return find_instance_path(self.import_name, self.root_path)

    def make_config(self, instance_relative: bool = False) -> Config:
        """Return the configuration, with its defaults; called once, by the constructor.

        Args:
            instance_relative: Whether relative file names are relative to the instance folder.
        """
        folder = self.instance_path if instance_relative else self.root_path
        config = self.config_class(folder, {**DEFAULTS, **self.default_config})
        if debug := os.environ.get("COCOPOT_DEBUG"):
            config.set_from({"DEBUG": is_true(debug)}, Origin("environment", "COCOPOT_DEBUG"))
        return config

    @property
    def got_first_request(self) -> bool:
        """Whether the first request has begun: `started`, under the name that Flask has for it."""
        return self.started

    @property
    def name(self) -> str:
        """Name of the application for display: the import name, or the run file's if that is `__main__`."""
        if self._name is None:
            self._name = _run_file() if self.import_name == "__main__" else self.import_name
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    @config_flag("DEBUG")
    def debug(self) -> bool:
        """Whether debug mode is on; from the configuration key DEBUG."""
        return bool(self.config["DEBUG"])

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if "logger" in self.__dict__:
            logs.follow_debug(self, self.log_format)

    @property
    def propagate_exceptions(self) -> bool:
        """Whether unhandled exceptions are raised again; by default in debug and test mode."""
        configured: bool | None = self.config["PROPAGATE_EXCEPTIONS"]
        return self.testing or self.debug if configured is None else configured

    @property
    def url_map(self) -> Router:
        """The URL rules, under the name that Flask has for them."""
        return self.router

    @cached_property
    def logger(self) -> logging.Logger:
        """The application's logger, named like the application, with a handler if it has none that fits."""
        if getattr(self.create_logger, "__func__", None) is not Cocopot.create_logger:
            return self.create_logger()
        return logs.get_logger(self, self.log_format)

    def create_logger(self) -> logging.Logger:
        """Remove the handlers of `logger` and configure it again: in debug mode it logs everything.

        It gets a handler with `log_format`, unless a parent logger has one that accepts its records.
        """
        return logs.create_logger(self, self.log_format)

    @cached_property
    def json(self) -> JSONProvider:
        """The JSON provider."""
        return cast("JSONProvider", self.plugins.hook.cocopot_json_provider(app=self))

    @cached_property
    def aborter(self) -> Aborter:
        """What `abort` calls: it raises the HTTP exception of a status code."""
        return self.make_aborter()

    def make_aborter(self) -> Aborter:
        """Return an object of `aborter_class`."""
        return self.aborter_class()

    def redirect(self, location: str, code: int = 302) -> Response:
        """Return a response that redirects the client to another URL; `cocopot.redirect` calls it.

        Args:
            location: The URL, relative or absolute.
            code: 301, 302, 303, 305, 307 or 308.
        """
        return redirect_response(location, code, self.response_class)

    # -- files ---------------------------------------------------------

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002 - for subclasses
        """Return how many seconds a file may be cached: SEND_FILE_MAX_AGE_DEFAULT."""
        value: int | timedelta | None = self.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> IO[Any]:
        """Open a file of the instance folder.

        Args:
            resource: Path relative to the instance folder.
            mode: As for `open`.
            encoding: Of a text file.
        """
        return open_in_folder(self.instance_path, resource, mode, encoding)

    # -- start and end -------------------------------------------------

    def start(self) -> None:
        """Run the startup hooks, unless they have run; called by the first request.

        Raises:
            PluginError: If a plugin implements an unknown hook.
            ConfigError: If keys of the core have invalid values.
            RouteOptionError: If route options are not declared, or have invalid values.
        """
        self._lifespan.start()

    def close(self) -> None:
        """Run the shutdown hooks, if the application has been started; also done when the process ends.

        Raises:
            ExceptionGroup: Of what they raised, after all have run.
        """
        self._lifespan.close()

    # -- requests ------------------------------------------------------

    def pipeline_for(self, endpoint: str | None) -> EndpointPipeline:
        """Return what is compiled for an endpoint, or with `None` for requests that matched no rule."""
        return pipeline_for(self, endpoint)

    # -- URLs ------------------------------------------------

    @URLS.method
    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str:
        """Build the URL of an endpoint; see `cocopot.url_for`."""
        return urls.url_for(
            self, endpoint, values, anchor=_anchor, method=_method, scheme=_scheme, external=_external
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _run_file() -> str:
    file = getattr(sys.modules["__main__"], "__file__", None)
    return Path(file).stem if file else "__main__"


def _caller(app: Cocopot) -> str:
    """Return the name of the module that makes `app`."""
    frame = sys._getframe(2)  # noqa: SLF001 - what `warnings` and `logging` do
    while frame.f_back is not None and frame.f_locals.get("self") is app:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "__main__"))
