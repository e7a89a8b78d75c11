"""The decorators that application and blueprint share; each registers a hook implementation."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from cocopot.functions import takes_function
from cocopot.missing_names import reject_gone
from cocopot.registry.callbacks import (
    AFTER_REQUEST,
    BEFORE_REQUEST,
    SHELL_CONTEXT,
    SHUTDOWN,
    STARTUP,
    TEARDOWN_APP_CONTEXT,
    TEARDOWN_REQUEST,
    URL_BUILD_ERROR,
    URL_DEFAULTS,
    URL_VALUE_PREPROCESSOR,
    FunctionList,
    function_table,
)
from cocopot.registry.checkpoints import checkpoint
from cocopot.registry.error_handlers import ErrorHandlers, ScopeHandlers, error_key
from cocopot.registry.properties import AppProperties, check_request_class
from cocopot.registry.route_options import AppRouteOptions
from cocopot.registry.rules import add_url_rule, check_rule, check_view
from cocopot.registry.tables import ScopedTable
from cocopot.registry.templates import AppTemplates, TemplateRegistrar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cocopot.app import Cocopot
    from cocopot.config import Config
    from cocopot.hooks import PluginManager
    from cocopot.registry.blueprints import Blueprint
    from cocopot.registry.callbacks import Decorator
    from cocopot.registry.error_handlers import ErrorHandler, ErrorKey
    from cocopot.routing import Router, Rule
    from cocopot.types import F, Options, StrPath, View


#: The attributes whose content is replaced when they are assigned to.
_TABLES = frozenset(
    {
        "after_request_funcs",
        "before_request_funcs",
        "error_handler_spec",
        "shell_context_processors",
        "shutdown_funcs",
        "startup_funcs",
        "teardown_appcontext_funcs",
        "teardown_request_funcs",
        "template_context_processors",
        "url_build_error_handlers",
        "url_default_functions",
        "url_value_preprocessors",
    }
)


class Registrar(TemplateRegistrar):
    """What application and blueprint have in common: their folders, and the decorators.

    Args:
        import_name: As for `Folders`.
        static_folder: As for `Folders`.
        static_url_path: As for `Folders`.
        root_path: As for `Folders`.
        plugins: The plugin manager of an application; a blueprint has none.
    """

    #: View functions by endpoint.
    view_functions: dict[str, View]

    def __init__(
        self,
        import_name: str,
        static_folder: StrPath | None = None,
        static_url_path: str | None = None,
        root_path: str | None = None,
        plugins: PluginManager | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, root_path, plugins)
        self.view_functions = {}
        #: Before-request functions by blueprint name, or `None`.
        self.before_request_funcs = function_table(BEFORE_REQUEST, plugins)
        #: After-request functions by blueprint name, or `None`.
        self.after_request_funcs = function_table(AFTER_REQUEST, plugins)
        #: Teardown functions by blueprint name, or `None`.
        self.teardown_request_funcs = function_table(TEARDOWN_REQUEST, plugins)
        #: URL value preprocessors by blueprint name, or `None`.
        self.url_value_preprocessors = function_table(URL_VALUE_PREPROCESSOR, plugins)
        #: URL default functions by blueprint name, or `None`.
        self.url_default_functions = function_table(URL_DEFAULTS, plugins)
        #: Error handlers by blueprint name, or `None`, and by status code or class.
        self.error_handler_spec = _error_handler_table(plugins)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in vars(cls):
            reject_gone(cls, name)

    def __setattr__(self, name: str, value: object) -> None:
        # `__dict__` is not read: CPython 3.13.0 would not track it, so that the object was never collected.
        reject_gone(self, name)
        if name == "request_class":
            check_request_class(self, value)
        table = None
        if name in _TABLES:
            with suppress(AttributeError):  # without `__getattr__`, which searches for similar names
                table = object.__getattribute__(self, name)
        if isinstance(table, (ScopedTable, FunctionList)):
            table.replace(cast("Any", value))
        else:
            super().__setattr__(name, value)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        methods: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        """Connect a URL rule with a view."""
        raise NotImplementedError

    # -- routes --------------------------------------------------------

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for a URL rule.

        Args:
            rule: The rule, such as `"/notes/<int:note_id>"`.
            options: `endpoint`, by default the function's name; `methods`, by default GET; what
                `werkzeug.routing.Rule` takes; and route options, which plugins declare.
        """
        check_rule("route", rule)

        def decorator(f: F) -> F:
            self.add_url_rule(rule, options.pop("endpoint", None), f, **options)
            return f

        return decorator

    def get(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for GET, and HEAD."""
        return self._method_route("GET", rule, options)

    def post(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for POST."""
        return self._method_route("POST", rule, options)

    def put(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for PUT."""
        return self._method_route("PUT", rule, options)

    def delete(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for DELETE."""
        return self._method_route("DELETE", rule, options)

    def patch(self, rule: str, **options: Any) -> Callable[[F], F]:
        """Register a view function for PATCH."""
        return self._method_route("PATCH", rule, options)

    def _method_route(self, method: str, rule: str, options: Options) -> Callable[[F], F]:
        if "methods" in options:
            raise TypeError(f"{method.lower()}() sets the method; use route() to name several.")
        check_rule(method.lower(), rule)
        return self.route(rule, methods=[method], **options)

    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Register a function as the view of an endpoint.

        Args:
            endpoint: The endpoint's name.
        """
        check_rule("endpoint", endpoint, "the endpoint's name")

        def decorator(f: F) -> F:
            self.check_open("endpoint")
            check_view(f)
            self.view_functions[endpoint] = f
            return f

        return decorator

    # -- functions around the view -------------------------------------

    def _append(self, decorator: Decorator, table: ScopedTable[FunctionList] | FunctionList, f: F) -> F:
        self.check_open(decorator.name)
        functions = table[None] if isinstance(table, ScopedTable) else table
        functions.append(f)
        return f

    @takes_function
    def before_request(self, f: F) -> F:
        """Register a function to run before each request; what it returns, if anything, is the response."""
        return self._append(BEFORE_REQUEST, self.before_request_funcs, f)

    @takes_function
    def after_request(self, f: F) -> F:
        """Register a function to run after each request; it takes a response and returns one."""
        return self._append(AFTER_REQUEST, self.after_request_funcs, f)

    @takes_function
    def teardown_request(self, f: F) -> F:
        """Register a function to run at the end of each request; it takes an exception or `None`."""
        return self._append(TEARDOWN_REQUEST, self.teardown_request_funcs, f)

    @takes_function
    def url_value_preprocessor(self, f: F) -> F:
        """Register a function of endpoint and URL values that may change the values before the view runs."""
        return self._append(URL_VALUE_PREPROCESSOR, self.url_value_preprocessors, f)

    @takes_function
    def url_defaults(self, f: F) -> F:
        """Register a function of endpoint and values that may add values to a URL that is built."""
        return self._append(URL_DEFAULTS, self.url_default_functions, f)

    def errorhandler(self, code_or_exception: ErrorKey) -> Callable[[F], F]:
        """Register a function that answers a status code or a class of exceptions.

        Args:
            code_or_exception: The code, or the class.
        """
        key = error_key(code_or_exception)

        def decorator(f: F) -> F:
            self.register_error_handler(key, f)
            return f

        return decorator

    def register_error_handler(self, code_or_exception: ErrorKey, f: ErrorHandler) -> None:
        """Register `f` to answer a status code or a class of exceptions.

        Raises:
            TypeError: If it is neither a status code nor a class of exceptions.
            ValueError: If it is a number that is not the status code of an HTTP error.
        """
        self.check_open("errorhandler")
        self.error_handler_spec[None][error_key(code_or_exception)] = f


def _error_handler_table(plugins: PluginManager | None) -> ScopedTable[ScopeHandlers]:
    return ScopedTable(lambda _: ScopeHandlers()) if plugins is None else ErrorHandlers(plugins).table


class AppRegistrar(AppRouteOptions, AppProperties, AppTemplates, Registrar):
    """The registrations that only an application has.

    Args:
        import_name: As for `Folders`.
        static_folder: As for `Folders`.
        static_url_path: As for `Folders`.
        root_path: As for `Folders`.
    """

    started: bool
    plugins: PluginManager
    config: Config
    router: Router
    url_rule_class: type[Rule]

    @property
    def name(self) -> str:
        """The application's name."""
        raise NotImplementedError

    def __init__(
        self,
        import_name: str,
        static_folder: StrPath | None,
        static_url_path: str | None,
        root_path: str | None,
    ) -> None:
        plugins = self.plugins
        self.properties, self.request_properties = {}, {}
        self.route_options, self._scope_options = {}, {}
        super().__init__(import_name, static_folder, static_url_path, root_path, plugins)
        #: State of plugins, by their names.
        self.extensions: dict[str, Any] = {}
        #: The registered blueprints by full name.
        self.blueprints: dict[str, Blueprint] = {}
        #: The URL prefixes of the registered blueprints by full name.
        self.blueprint_prefixes: dict[str, str] = {}
        #: The groups of the commands of blueprints by full name; `None` for no group.
        self.blueprint_cli_groups: dict[str, str | None] = {}
        #: The functions of `teardown_appcontext`.
        self.teardown_appcontext_funcs = FunctionList(TEARDOWN_APP_CONTEXT, plugins)
        #: The functions of `on_startup`.
        self.startup_funcs = FunctionList(STARTUP, plugins)
        #: The functions of `on_shutdown`.
        self.shutdown_funcs = FunctionList(SHUTDOWN, plugins)
        #: The functions of `shell_context_processor`.
        self.shell_context_processors = FunctionList(SHELL_CONTEXT, plugins)
        #: The functions of `url_build_error_handler`.
        self.url_build_error_handlers = FunctionList(URL_BUILD_ERROR, plugins)

    def check_open(self, action: str) -> None:
        """Raise an error if the application has begun to serve.

        Raises:
            RuntimeError: After the first request; what is registered then would not be seen by all requests.
        """
        if self.started:
            raise RuntimeError(
                f"{action}() was called on the application {self.name!r} after its first request. Routes, "
                "functions and handlers must be registered before: while the module is imported, in the "
                "function that creates the application, or in a plugin's cocopot_setup."
            )

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        methods: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        """Connect a URL rule with a view.

        Args:
            rule: The rule, such as `"/notes/<int:note_id>"`.
            endpoint: Name of the endpoint; by default that of the view function.
            view_func: The view; may be registered later, with `endpoint` or in `view_functions`.
            methods: Methods that the rule answers; by default GET, and HEAD with it.
            options: What `werkzeug.routing.Rule` takes, `provide_automatic_options`, and route options, which
                plugins declare.

        Raises:
            RuntimeError: After the first request.
            ValueError: If the endpoint has another function.
            LookupError: If the rule names an unknown converter.
            RouteOptionError: If a route option has an invalid value, or its name is misspelled.
        """
        self.check_open("add_url_rule")
        add_url_rule(self, rule, endpoint, view_func, methods, options)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register a blueprint.

        Args:
            blueprint: The blueprint.
            options: `name`, `url_prefix`, `subdomain`, `url_defaults` and `route_options` for this
                registration.

        Raises:
            RuntimeError: After the first request.
            ValueError: If there is a blueprint of that name.
            RouteOptionError: If a route option has an invalid value, or its name is misspelled.
        """
        self.check_open("register_blueprint")
        blueprint.register(cast("Cocopot", self), options)

    def iter_blueprints(self) -> Iterable[Blueprint]:
        """Return the registered blueprints."""
        return self.blueprints.values()

    def checkpoint(self) -> Callable[[], None]:
        """Return a function that rolls the application back to its current state.

        It undoes what is registered, or set on the application, in the meantime.
        """
        return checkpoint(self)

    @takes_function
    def teardown_appcontext(self, f: F) -> F:
        """Register a function to run when an application context ends; it takes an exception or `None`."""
        return self._append(TEARDOWN_APP_CONTEXT, self.teardown_appcontext_funcs, f)

    @takes_function
    def on_startup(self, f: F) -> F:
        """Register a function to run once, before the first request."""
        return self._append(STARTUP, self.startup_funcs, f)

    @takes_function
    def on_shutdown(self, f: F) -> F:
        """Register a function to run when the application is closed."""
        return self._append(SHUTDOWN, self.shutdown_funcs, f)

    @takes_function
    def shell_context_processor(self, f: F) -> F:
        """Register a function that returns names for the interactive shell."""
        return self._append(SHELL_CONTEXT, self.shell_context_processors, f)

    @takes_function
    def url_build_error_handler(self, f: F) -> F:
        """Register a function of error, endpoint and values that returns a URL when none can be built."""
        return self._append(URL_BUILD_ERROR, self.url_build_error_handlers, f)
