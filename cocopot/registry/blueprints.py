"""Blueprints: routes, functions and handlers for a later registration, under a prefix."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from cocopot.context import current
from cocopot.functions import check_function, takes_function
from cocopot.registry.blueprint_commands import BY_NAME, BlueprintCommands
from cocopot.registry.callbacks import (
    AFTER_REQUEST,
    BEFORE_REQUEST,
    CONTEXT_PROCESSOR,
    TEARDOWN_REQUEST,
    URL_DEFAULTS,
    URL_VALUE_PREPROCESSOR,
)
from cocopot.registry.decorators import Registrar
from cocopot.registry.error_handlers import check_handler, error_key
from cocopot.registry.route_options import add_scope_options, check_scope_options, place_of_caller
from cocopot.registry.rules import check_rule, check_view, endpoint_of
from cocopot.registry.tables import ScopedTable
from cocopot.registry.templates import NAME_TABLES

if TYPE_CHECKING:
    import os

    from cocopot.app import Cocopot
    from cocopot.registry.callbacks import Decorator
    from cocopot.registry.error_handlers import ErrorKey
    from cocopot.types import F, Options, View

Deferred = Callable[["BlueprintSetupState"], object]


class BlueprintSetupState(NamedTuple):
    """One registration of a blueprint: where, and under which name and prefix.

    Args:
        blueprint: The blueprint.
        app: The application.
        options: What was passed to `register_blueprint`.
        first_registration: Whether the application has not had this blueprint before.
        name: Full name, such as `"admin.users"`.
        url_prefix: Full prefix, without a slash at its end, or `None`.
        subdomain: Full subdomain, or `None`.
        url_defaults: Values for all rules of the blueprint.
    """

    blueprint: Blueprint
    app: Cocopot
    options: Options
    first_registration: bool
    name: str
    url_prefix: str | None
    subdomain: str | None
    url_defaults: Options

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: View | None = None, **options: Any
    ) -> None:
        """Register a rule on the application, with the blueprint's prefix, name, subdomain and defaults."""
        if self.url_prefix is not None:
            rule = "/".join((self.url_prefix.rstrip("/"), rule.lstrip("/"))) if rule else self.url_prefix
        options.setdefault("subdomain", self.subdomain)
        options["defaults"] = {**self.url_defaults, **(options.get("defaults") or {})} or None
        if endpoint is None:
            endpoint = endpoint_of(view_func)
        self.app.add_url_rule(rule, f"{self.name}.{endpoint}", view_func, **options)


class Blueprint(BlueprintCommands, Registrar):
    """A part of an application that can be registered under a prefix, more than once, and inside another one.

    Args:
        name: Name of the blueprint; endpoints begin with it. No dots.
        import_name: Name of the module, usually `__name__`.
        static_folder: Folder with static files, relative to the root path.
        static_url_path: URL path of the static files, below the prefix.
        template_folder: Folder with templates, relative to the root path.
        url_prefix: Prefix for all rules.
        subdomain: Subdomain for all rules.
        url_defaults: Default values for all rules.
        root_path: Folder that other paths are relative to; by default that of the module.
        cli_group: Name of the group that `app.cli` has the blueprint's commands in, by default the
            blueprint's name; `None` for no group.
        route_options: Route options for all rules, which plugins declare; those of an outer blueprint apply
            where it has none.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: Options | None = None,
        root_path: str | None = None,
        cli_group: str | None = BY_NAME,
        route_options: Options | None = None,
    ) -> None:
        _check_name(name)
        super().__init__(import_name, static_folder, static_url_path, root_path)
        self.name = name
        self.template_folder = template_folder
        self.cli_group = cli_group
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.url_values_defaults = dict(url_defaults or {})
        #: Route options for all rules.
        self.route_options = check_scope_options(route_options)
        self._place = place_of_caller(route_options)
        self._deferred: list[Deferred] = []
        self._children: list[tuple[Blueprint, Options]] = []
        self._registered = False

    def __repr__(self) -> str:
        return f"<Blueprint {self.name!r}>"

    def check_open(self, action: str) -> None:
        """Raise an error if the blueprint has been registered: what is added now would be lost.

        Raises:
            RuntimeError: If it has been registered.
        """
        if self._registered:
            raise RuntimeError(
                f"{action}() was called on the blueprint {self.name!r} after it was registered, so it would "
                "have no effect. Call it before register_blueprint(), or import the module that calls it "
                "before."
            )

    # -- recording -----------------------------------------------------

    @takes_function
    def record(self, func: Deferred) -> None:
        """Call `func` with the setup state whenever the blueprint is registered."""
        self.check_open("record")
        check_function("record()", func)
        self._deferred.append(func)

    @takes_function
    def record_once(self, func: Deferred) -> None:
        """Call `func` with the setup state at the blueprint's first registration on an application."""

        @functools.wraps(func)
        def once(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        check_function("record_once()", func)
        self.record(once)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: View | None = None,
        methods: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        """Connect a URL rule with a view when the blueprint is registered.

        Args:
            rule: The rule, below the blueprint's prefix.
            endpoint: Name of the endpoint, without the blueprint's; by default that of the function.
            view_func: The view.
            methods: Methods; by default GET.
            options: What `werkzeug.routing.Rule` takes, and route options, which plugins declare.

        Raises:
            RuntimeError: If the blueprint has been registered.
            TypeError: If there is neither an endpoint nor a function.
            ValueError: If the endpoint has a dot in it.
        """
        self.check_open("add_url_rule")
        check_rule("add_url_rule", rule)
        check_view(view_func)
        name = endpoint_of(view_func) if endpoint is None else endpoint
        _check_endpoint(name)
        if methods is not None:
            options["methods"] = methods
        self.record(lambda state: state.add_url_rule(rule, name, view_func, **options))

    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Register a function as the view of an endpoint of this blueprint.

        Args:
            endpoint: The endpoint's name, without the blueprint's.

        Raises:
            ValueError: If it has a dot in it.
        """
        check_rule("endpoint", endpoint, "the endpoint's name")
        _check_endpoint(endpoint)

        def decorator(f: F) -> F:
            check_view(f)

            def register(state: BlueprintSetupState) -> None:
                state.app.view_functions[f"{state.name}.{endpoint}"] = f

            self.check_open("endpoint")
            self.record(register)
            return f

        return decorator

    # -- for the whole application -------------------------------------

    def _record_for_app(self, action: str, decorator: Decorator, table: str, f: F) -> F:
        self.check_open(action)
        decorator.check(f)
        self.record_once(lambda state: getattr(state.app, table)[None].append(f))
        return f

    @takes_function
    def before_app_request(self, f: F) -> F:
        """As `before_request`, for every request of the application."""
        return self._record_for_app("before_app_request", BEFORE_REQUEST, "before_request_funcs", f)

    @takes_function
    def after_app_request(self, f: F) -> F:
        """As `after_request`, for every request of the application."""
        return self._record_for_app("after_app_request", AFTER_REQUEST, "after_request_funcs", f)

    @takes_function
    def teardown_app_request(self, f: F) -> F:
        """As `teardown_request`, for every request of the application."""
        return self._record_for_app("teardown_app_request", TEARDOWN_REQUEST, "teardown_request_funcs", f)

    @takes_function
    def app_url_value_preprocessor(self, f: F) -> F:
        """As `url_value_preprocessor`, for every request of the application."""
        return self._record_for_app(
            "app_url_value_preprocessor", URL_VALUE_PREPROCESSOR, "url_value_preprocessors", f
        )

    @takes_function
    def app_url_defaults(self, f: F) -> F:
        """As `url_defaults`, for every endpoint of the application."""
        return self._record_for_app("app_url_defaults", URL_DEFAULTS, "url_default_functions", f)

    @takes_function
    def app_context_processor(self, f: F) -> F:
        """As `context_processor`, for every template of the application."""
        table = "template_context_processors"
        return self._record_for_app("app_context_processor", CONTEXT_PROCESSOR, table, f)

    # Filters, tests and globals are those of all templates, also without `app_` in the name.
    app_template_filter = Registrar.template_filter
    add_app_template_filter = Registrar.add_template_filter
    app_template_test = Registrar.template_test
    add_app_template_test = Registrar.add_template_test
    app_template_global = Registrar.template_global
    add_app_template_global = Registrar.add_template_global

    def app_errorhandler(self, code_or_exception: ErrorKey) -> Callable[[F], F]:
        """As `errorhandler`, for every request of the application."""
        key = error_key(code_or_exception)

        def decorator(f: F) -> F:
            self.check_open("app_errorhandler")
            check_handler(f)
            self.record_once(lambda state: state.app.register_error_handler(key, f))
            return f

        return decorator

    # -- registering ---------------------------------------------------

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register a blueprint inside this one.

        Args:
            blueprint: The inner blueprint.
            options: `name`, `url_prefix`, `subdomain`, `url_defaults` and `route_options` for this
                registration.

        Raises:
            ValueError: If it is this blueprint itself, or has this one inside.
        """
        self.check_open("register_blueprint")
        if blueprint.has_inside(self):
            raise ValueError(f"The blueprint {self.name!r} cannot be registered inside itself.")
        self._children.append((blueprint, options))

    def has_inside(self, other: Blueprint) -> bool:
        """Whether `other` is this blueprint, or registered on it, or on one that is."""
        return other is self or any(child.has_inside(other) for child, _ in self._children)

    def register(self, app: Cocopot, options: Options) -> None:
        """Register everything on an application; called by `app.register_blueprint`.

        Args:
            app: The application.
            options: What was passed to `register_blueprint`, with `name_prefix` from an outer blueprint.

        Raises:
            ValueError: If the application has a blueprint of that name, or the prefix has no slash in front.
        """
        name = ".".join(filter(None, (options.get("name_prefix", ""), options.get("name", self.name))))
        if name in app.blueprints:
            same = "this" if app.blueprints[name] is self else "another"
            owner = app.plugins.claims.owner_of("blueprint", name)
            raise ValueError(
                f"The name {name!r} is already registered for {same} blueprint{owner and f' by {owner}'}. "
                "Use name= to give it another name."
            )
        first = not any(other is self for other in app.blueprints.values())
        state = self._state(app, options, name, first)
        if state.url_prefix and not state.url_prefix.startswith("/"):
            raise ValueError(
                f"The URL prefix {state.url_prefix!r} of the blueprint {name!r} must begin with a slash: "
                f"url_prefix={'/' + state.url_prefix!r}."
            )
        add_scope_options(
            app, name, {**self.route_options, **(options.get("route_options") or {})}, self._place
        )
        app.blueprints[name] = self
        self._registered = True
        app.blueprint_prefixes[name] = state.url_prefix or ""
        if self.has_static_folder:
            state.add_url_rule(f"{self.static_url_path}/<path:filename>", "static", self.send_static_file)
        self._copy_functions(app, name)
        self._register_commands(app, name, options)
        for deferred in self._deferred:
            deferred(state)
        for child, child_options in self._children:
            child.register(app, _child_options(child, child_options, state))

    def _state(self, app: Cocopot, options: Options, name: str, first: bool) -> BlueprintSetupState:
        return BlueprintSetupState(
            blueprint=self,
            app=app,
            options=options,
            first_registration=first,
            name=name,
            url_prefix=_option(options, "url_prefix", self.url_prefix),
            subdomain=_option(options, "subdomain", self.subdomain),
            url_defaults={**self.url_values_defaults, **(options.get("url_defaults") or {})},
        )

    def _copy_functions(self, app: Cocopot, name: str) -> None:
        for attribute, table in vars(self).items():
            if isinstance(table, ScopedTable) and None in table:
                getattr(app, attribute)[name].add_all(table[None])
        for attribute in NAME_TABLES:
            getattr(app, attribute).update(getattr(self, attribute))
        for endpoint, view in self.view_functions.items():
            app.view_functions[f"{name}.{endpoint}"] = view

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return how many seconds a static file may be cached; by default as in the application."""
        return current().app.get_send_file_max_age(filename)


def _child_options(child: Blueprint, options: Options, state: BlueprintSetupState) -> Options:
    """Return the options for a nested blueprint: prefixes and subdomains are joined."""
    prefix = _option(options, "url_prefix", child.url_prefix)
    if state.url_prefix is not None:
        prefix = (
            state.url_prefix if prefix is None else f"{state.url_prefix.rstrip('/')}/{prefix.lstrip('/')}"
        )
    subdomain = _option(options, "subdomain", child.subdomain)
    if state.subdomain is not None:
        subdomain = state.subdomain if subdomain is None else f"{subdomain}.{state.subdomain}"
    defaults = {**state.url_defaults, **child.url_values_defaults, **(options.get("url_defaults") or {})}
    return {
        **options,
        "url_prefix": prefix,
        "subdomain": subdomain,
        "url_defaults": defaults,
        "name_prefix": state.name,
    }


def _option(options: Options, key: str, default: str | None) -> str | None:
    value: str | None = options.get(key)
    return default if value is None else value


def _check_name(name: str) -> None:
    if not name:
        raise ValueError("A blueprint's name may not be empty.")
    if "." in name:
        raise ValueError(f"A blueprint's name may not contain a dot: {name!r}.")


def _check_endpoint(name: str) -> None:
    if "." in name:
        raise ValueError(f"The endpoint {name!r} may not contain a dot: the blueprint's name precedes it.")
