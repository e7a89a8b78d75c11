"""Add URL rules to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cocopot.functions import check_function, name_of
from cocopot.registry.route_options import set_options_of, take_route_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cocopot.app import Cocopot
    from cocopot.registry.decorators import AppRegistrar
    from cocopot.types import Options, View


def add_url_rule(
    app: AppRegistrar,
    rule: str,
    endpoint: str | None,
    view_func: View | None,
    methods: Iterable[str] | None,
    options: Options,
) -> None:
    """Add a rule to the router, and its view to the view functions; see `Cocopot.add_url_rule`."""
    check_rule("add_url_rule", rule)
    endpoint = endpoint_of(view_func) if endpoint is None else endpoint
    check_view(view_func)
    known = app.view_functions.get(endpoint)
    if view_func is not None and known is not None and known is not view_func and known != view_func:
        owner = app.plugins.claims.owner_of("endpoint", endpoint)
        raise ValueError(
            f"The endpoint {endpoint!r} already has a function, {name_of(known)}{owner and f' of {owner}'}; "
            f"give {name_of(view_func)} another name, or pass endpoint=."
        )
    allowed = _methods(view_func, methods)
    automatic = options.pop(
        "provide_automatic_options", getattr(view_func, "provide_automatic_options", None)
    )
    if automatic is None:
        automatic = "OPTIONS" not in allowed and app.config["PROVIDE_AUTOMATIC_OPTIONS"]
    if automatic:
        allowed.add("OPTIONS")
    given = take_route_options(cast("Cocopot", app), options) if options else {}
    rule_object = app.url_rule_class(rule, methods=allowed, endpoint=endpoint, **options)
    rule_object.provide_automatic_options = bool(automatic)
    rule_object.added_by = app.plugins.current_setup.get()
    if given or app.route_options:
        set_options_of(cast("Cocopot", app), rule_object, given, view_func)
    try:
        app.router.add(rule_object)
    except LookupError as exc:
        known_converters = ", ".join(sorted(app.router.converters))
        raise LookupError(f"In the rule {rule!r}, {exc}. Converters are: {known_converters}.") from exc
    if view_func is not None:
        app.view_functions[endpoint] = view_func


def check_rule(name: str, rule: object, what: str = "the URL rule") -> None:
    """Reject a rule that is not a text, such as the function below a decorator without parentheses.

    Args:
        name: Name of the decorator, or of the method.
        rule: What was passed as the rule.
        what: What it should be.

    Raises:
        TypeError: If it is not a text.
    """
    if not isinstance(rule, str):
        cure = f"Pass it in parentheses: @{name}(...)." if callable(rule) else ""
        value = name_of(rule) if callable(rule) else repr(rule)
        raise TypeError(f"{name}() takes {what}, a string, not {value}. {cure}".rstrip())


def check_view(view_func: object) -> None:
    """Reject a view that is not callable, or would never run; it may be a generator function, for a stream.

    Raises:
        TypeError: With the reason.
    """
    if isinstance(view_func, type) and hasattr(view_func, "as_view"):
        name = view_func.__name__
        raise TypeError(f"The view {name} is a class; pass {name}.as_view({name.lower()!r}).")
    if view_func is not None:
        check_function("@route", view_func, may_yield=True, may_await=True)


def endpoint_of(view_func: View | None) -> str:
    """Return the endpoint that a view has by default: the name of the function.

    Raises:
        TypeError: If `view_func` is `None`.
    """
    if view_func is None:
        raise TypeError("A rule needs an endpoint, or a view function to take the name from.")
    return str(getattr(view_func, "__name__", type(view_func).__name__))


def _methods(view_func: View | None, methods: Iterable[str] | None) -> set[str]:
    if methods is None:
        own: Iterable[str] | None = getattr(view_func, "methods", None)
        methods = own or ("GET",)
    if isinstance(methods, str):
        raise TypeError(f"methods takes a list of names, not a string: methods=[{methods!r}].")
    required = getattr(view_func, "required_methods", ())
    return {method.upper() for method in (*methods, *required)}
