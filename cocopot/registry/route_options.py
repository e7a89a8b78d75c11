"""Route options: keywords of routes that plugins declare, and defaults of blueprint and application."""

from __future__ import annotations

import functools
import inspect
import keyword
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cocopot.hooks.missing import why_not_loaded
from cocopot.locations import SourceLocation, locate, locate_caller, message_of, shown
from cocopot.missing_names import ROUTE_OPTIONS
from cocopot.option_errors import RouteOptionError, RouteOptionFault
from cocopot.option_types import OptionType, option_type
from cocopot.scopes import blueprints_of
from cocopot.suggestions import close_name

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from cocopot.app import Cocopot
    from cocopot.routing import Rule
    from cocopot.scopes import Scope
    from cocopot.types import Options, View

_ACTION = "add_route_option"
#: The parameters of `add_url_rule`, `route` and the functions in them, beside those of the rule.
_RESERVED = frozenset({"endpoint", "f", "methods", "options", "route_options", "rule", "self", "view_func"})
#: What other classes take route options in.
_MAPPINGS = frozenset({"options", "route_options"})
#: The classes of values that cannot be a default, which all requests share.
_MUTABLE = (list, dict, set, bytearray)
#: How similar a name must be so that an unknown one is taken for a misspelling, from 0 to 1.
_SIMILAR = 0.7
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class RouteOption(NamedTuple):
    """A keyword of routes that is declared.

    Args:
        name: Its name.
        type: What `add_route_option` was called with.
        default: The value of a route without it.
        plugin: The plugin that declares it, or `None` for the application.
        accepts: The values that it accepts.
    """

    name: str
    type: object
    default: object
    plugin: str | None
    accepts: OptionType

    def convert(self, value: object) -> object:
        """Return a converted value; `None` is accepted if it is the default.

        Raises:
            Exception: If the value is not accepted; usually a `ValueError` or a `TypeError`.
        """
        return None if value is None and self.default is None else self.accepts.convert(value)


class ScopeOptions(NamedTuple):
    """What a blueprint or the application sets for all of its routes.

    Args:
        values: The values by name.
        place: Where the blueprint or the application is created, if it is known.
    """

    values: Mapping[str, Any]
    place: SourceLocation | None


class AppRouteOptions:
    """The route options of an application."""

    #: The declared options by name.
    route_options: dict[str, RouteOption]
    _scope_options: dict[Scope, ScopeOptions]

    def check_open(self, action: str) -> None:
        """Raise an error that names the remedy if it is too late for `action`."""
        raise NotImplementedError

    def add_route_option(self, name: str, type: object, default: object = None) -> None:  # noqa: A002 - public
        """Declare a keyword of `route()`, `get()` and its like, and `add_url_rule()`.

        Call it in `cocopot_setup`. The value for the rule of a request is `request.url_rule.options[name]`.

        Args:
            name: Name of the keyword, as in `@app.post("/hook", csrf=False)`.
            type: The values that it accepts: a class such as `bool`, which is not an `int` here; a union or a
                tuple of classes, with or without `None`; a `Literal`; or a function that takes a value,
                and returns it converted or raises a `ValueError` or a `TypeError`.
            default: The value of a route that does not set it; converted as any other, except `None`.

        Raises:
            RuntimeError: After the first request, except in the set-up of a plugin that is registered then.
            TypeError: If `type` is none of these, or the default is not one of the values, or a list, a dict,
                a set or a bytearray, which all requests would share.
            ValueError: If the name is not an identifier, begins with an underscore, is that of another
                parameter of routes, or the option is declared already; or if the default is invalid.
            PluginError: If another plugin declares an option of that name; raised after the set-up.
        """
        app = cast("Cocopot", self)
        plugin, known = app.plugins.current_setup.get(), self.route_options.get(name)
        if plugin is None:
            self.check_open(_ACTION)
        _check_name(app, name)
        if known is not None and (plugin is None or known.plugin == plugin):  # else it is a conflict
            owner = _owner(app, known) or ("the plugin itself" if plugin else "the application")
            raise ValueError(
                f"{_ACTION}: the option {name!r} is declared by {owner} already. Choose another name."
            )
        accepts = option_type(_ACTION, type)
        if default is not None:
            default = _convert_default(name, accepts, default)
        self.route_options[name] = RouteOption(name, type, default, plugin, accepts)
        set_route_options(app)


def _check_name(app: Cocopot, name: object) -> None:
    is_name = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
    if not is_name or str(name).startswith("_"):
        raise ValueError(f"{_ACTION}: {name!r} cannot name an option. It must be an identifier without '_'.")
    if name in _keywords(app) | _RESERVED:
        raise ValueError(f"{_ACTION}: {name!r} is a parameter of every route. Choose another name.")


def _convert_default(name: str, accepts: OptionType, default: object) -> object:
    try:
        converted = accepts.convert(default)
    except (ValueError, TypeError) as error:
        raise type(error)(
            f"{_ACTION}: the default of {name!r} is {shown(default)}, which its type does not accept: {error}"
        ) from error
    if isinstance(converted, _MUTABLE):
        raise TypeError(
            f"{_ACTION}: the default of {name!r} is {shown(converted)}, a {type(converted).__name__}, which "
            "all requests would share and could change. Use a tuple, a frozenset, a types.MappingProxyType, "
            "or None."
        )
    return converted


def _keywords(app: Cocopot) -> frozenset[str]:
    cls: type = app.url_rule_class
    return _keywords_of(cls)


@functools.lru_cache(maxsize=32)
def _keywords_of(cls: Hashable) -> frozenset[str]:
    """Return the keywords that a class of rules takes, with those that it passes on to its bases."""
    found: set[str] = set()
    for base in cast("type", cls).__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            found.update(p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY})
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return frozenset(found) - {"options"}


# -------------------------------------------------------------------------
# Registration
# -------------------------------------------------------------------------


def take_route_options(app: Cocopot, options: Options) -> Options:
    """Return the options that are not keywords of the rule, after removing them from `options`.

    Raises:
        TypeError: If they are passed in a mapping.
    """
    names = options.keys() - _keywords(app)
    for name in names & _MAPPINGS:
        raise TypeError(f"Pass route options as keywords, such as csrf=False, and not in {name}=.")
    return {name: options.pop(name) for name in [*options] if name in names} if names else {}


def set_options_of(app: Cocopot, rule: Rule, given: Options, view: View | None) -> None:
    """Set the options of a rule that is being added.

    Args:
        app: The application.
        rule: The rule.
        given: Its own options.
        view: Its view.

    Raises:
        RouteOptionError: If an option has an invalid value, or its name is misspelled. A name that is not
            declared may be that of a plugin which is registered later; `check_route_options` rejects it.
    """
    if given:
        rule.given_options = rule.options = MappingProxyType(given)
    scopes = _Scopes(app)
    faults = scopes.set_options(rule, view)
    _raise_certain(app, faults)


def add_scope_options(app: Cocopot, scope: Scope, values: object, place: SourceLocation | None) -> None:
    """Record what a blueprint or the application sets for all of its routes.

    Args:
        app: The application.
        scope: The blueprint's name, or `None`.
        values: The values by name.
        place: Where the blueprint or the application is created.

    Raises:
        TypeError: If `values` is not a mapping.
        RouteOptionError: As for `set_options_of`.
    """
    options = check_scope_options(values)
    if not options:
        return
    table = app._scope_options  # noqa: SLF001 - of this module
    table[scope] = ScopeOptions(options, place)
    try:
        _raise_certain(app, _Scopes(app).faults_of(scope))
    except RouteOptionError:
        del table[scope]
        raise


def check_scope_options(values: object) -> Options:
    """Return a copy of what a blueprint or the application sets; empty for `None`.

    Raises:
        TypeError: If it is not a mapping of names.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise TypeError(f"route_options takes a mapping of names to values, not {shown(values)}.")
    return dict(values)


def place_of_caller(values: object) -> SourceLocation | None:
    """Return the line that calls Cocopot, if route options are passed."""
    return locate_caller() if values else None


def _raise_certain(app: Cocopot, faults: Iterable[RouteOptionFault]) -> None:
    """Raise an error for what no plugin that is registered later can correct."""
    in_setup = app.plugins.current_setup.get() is not None
    certain = [fault for fault in faults if fault.owner or (fault.suggestion and not in_setup)]
    if certain:
        raise RouteOptionError(certain)


# -------------------------------------------------------------------------
# All rules
# -------------------------------------------------------------------------


def set_route_options(app: Cocopot) -> list[RouteOptionFault]:
    """Set the options of all rules, and return what is wrong with them.

    Args:
        app: The application.
    """
    scopes = _Scopes(app)
    faults = [fault for scope in app._scope_options for fault in scopes.faults_of(scope)]  # noqa: SLF001
    for rule in app.router.iter_rules():
        faults += scopes.set_options(cast("Rule", rule), app.view_functions.get(rule.endpoint))
    return faults


def check_route_options(app: Cocopot) -> None:
    """Set the options of all rules, and reject those that are invalid.

    Args:
        app: The application.

    Raises:
        RouteOptionError: With all of them.
    """
    if faults := set_route_options(app):
        raise RouteOptionError(faults)


class _Scopes:
    """The options that the rules of an application have by default, computed once for each blueprint.

    Args:
        app: The application.
    """

    def __init__(self, app: Cocopot) -> None:
        self._app = app
        self._table = app._scope_options  # noqa: SLF001 - of this module
        self._converted: dict[Scope, tuple[Options, list[RouteOptionFault]]] = {}
        self._inherited: dict[Sequence[Scope], Mapping[str, Any]] = {}

    def set_options(self, rule: Rule, view: View | None) -> list[RouteOptionFault]:
        """Set the options of a rule, and return what is wrong with its own."""
        inherited = self._inherit(str(rule.endpoint))
        given = getattr(rule, "given_options", _NOTHING)  # a rule of Werkzeug's class has none
        if not given:
            rule.options = inherited
            return []
        make_fault = functools.partial(
            RouteOptionFault,
            rule=rule.rule,
            endpoint=str(rule.endpoint),
            added_by=getattr(rule, "added_by", None),
            place=None if view is None else locate(getattr(view, "view_class", view)),
        )
        values, faults = self._convert(given, make_fault)
        rule.options = MappingProxyType({**inherited, **values})
        return faults

    def faults_of(self, scope: Scope) -> list[RouteOptionFault]:
        """Return what is wrong with the options of a blueprint, or of the application."""
        return self._convert_scope(scope)[1]

    def _inherit(self, endpoint: str) -> Mapping[str, Any]:
        """Return the options of a rule that sets none itself; rules of one blueprint share them."""
        scopes = tuple(scope for scope in (*blueprints_of(endpoint), None) if scope in self._table)
        found = self._inherited.get(scopes)
        if found is None:
            values = {option.name: option.default for option in self._app.route_options.values()}
            for scope in reversed(scopes):
                values.update(self._convert_scope(scope)[0])
            found = self._inherited[scopes] = MappingProxyType(values)
        return found

    def _convert_scope(self, scope: Scope) -> tuple[Options, list[RouteOptionFault]]:
        found = self._converted.get(scope)
        if found is None:
            values, place = self._table[scope]
            make_fault = functools.partial(RouteOptionFault, blueprint=scope, place=place)
            found = self._converted[scope] = self._convert(values, make_fault, is_rule=False)
        return found

    def _convert(
        self, given: Mapping[str, Any], make_fault: Callable[..., RouteOptionFault], *, is_rule: bool = True
    ) -> tuple[Options, list[RouteOptionFault]]:
        """Return the converted values, those that are invalid as they are, and what is wrong with these."""
        values, faults = dict(given), []
        for name, value in given.items():
            option = self._app.route_options.get(name)
            if option is None:
                details = _undeclared(self._app, name, is_rule=is_rule)
                faults.append(make_fault(name, shown(value), **details))
                continue
            try:
                values[name] = option.convert(value)
            except Exception as error:  # noqa: BLE001 - whatever the function of a plugin raises
                details = _invalid(self._app, option, error)
                faults.append(make_fault(name, shown(value), **details))
        return values, faults


# -------------------------------------------------------------------------
# What is wrong, and the cure
# -------------------------------------------------------------------------


def _owner(app: Cocopot, option: RouteOption) -> str:
    if option.plugin is None:
        return "the application"
    return app.plugins.claims.owner_of("route option", option.name) or f"plugin {option.plugin!r}"


def _invalid(app: Cocopot, option: RouteOption, error: Exception) -> dict[str, str | None]:
    reason = message_of(error).rstrip(".")
    if not isinstance(error, (ValueError, TypeError)):
        reason = f"{type(error).__name__}: {reason}"
    problem = reason if option.accepts.function is None else f"is invalid: {reason}"
    return {
        "problem": problem,
        "cure": f"Correct the value, or remove it: the default is {shown(option.default)}.",
        "owner": _owner(app, option),
    }


def _undeclared(app: Cocopot, name: str, *, is_rule: bool) -> dict[str, str | None]:
    """Return what is wrong with an option that is not declared, as arguments of a `RouteOptionFault`."""
    problem, declared = "is not declared by any plugin", sorted(app.route_options)
    if name in ROUTE_OPTIONS:
        return {"problem": problem, "cure": why_not_loaded(app.plugins, ROUTE_OPTIONS[name])}
    others = (_keywords(app) | {"endpoint", "methods"}) - {"added_by", "self", "string"}
    close = close_name(name, [*declared, *(others if is_rule else ())], cutoff=_SIMILAR)
    if not is_rule and name in others | _RESERVED:
        return {"problem": "is a parameter of each route", "cure": f"Pass {name}= to the route instead."}
    if close is not None:
        return {"problem": problem, "cure": f"Did you mean {close!r}?", "suggestion": close}
    cure = f"Declared are: {', '.join(declared)}." if declared else "No plugin declares any."
    failed = ", ".join(map(repr, app.plugins.failed))
    more = f" Plugins that failed to load may declare it: {failed}." if failed else ""
    return {"problem": problem, "cure": f"{cure}{more} Install the plugin that declares it, or remove it."}
