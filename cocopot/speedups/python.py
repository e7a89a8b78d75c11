"""The pure-Python twin of `_compiled.pyx`, `_arguments.pxi` and `_matching.pxi`, and their documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes

from cocopot.speedups.quoting import plain_host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.datastructures import ImmutableMultiDict

    from cocopot.exceptions import HTTPException
    from cocopot.routing.matcher import Matcher
    from cocopot.routing.plans import Match, Outcome
    from cocopot.routing.router import Router
    from cocopot.routing.rule import Rule
    from cocopot.routing.table import Domain, Host, Prefix, Table
    from cocopot.types import WSGIEnvironment

T = TypeVar("T")
Arguments = TypeVar("Arguments", bound="ImmutableMultiDict[str, str]")


#: The Content-Length headers of short bodies: looking one up is faster than creating one.
LENGTH_HEADERS = {length: ("Content-Length", str(length)) for length in range(1024)}


# -------------------------------------------------------------------------
# Objects
# -------------------------------------------------------------------------


def new(cls: type[T]) -> T:
    """Return an object without calling its constructor.

    Args:
        cls: Its class, which does not define `__new__`.
    """
    return object.__new__(cls)


class Lazy:
    """An attribute that is computed at its first access and then cached in the instance's dict.

    It defines no `__set__`, so that a value in the instance's dict takes precedence without a call.

    Args:
        load: Computes it from the instance.
        name: Its name.
    """

    def __init__(self, load: Callable[[Any], object], name: str = "") -> None:
        self.load = load
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def on_error(self, error: Exception) -> None:
        """Raise another exception in place of one that `load` has raised, or return."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            value = self.load(instance)
        except Exception as error:
            self.on_error(error)
            raise
        setattr(instance, self.name, value)  # unlike access to __dict__, it keeps CPython's inline values
        return value


class LazyHeaders(Lazy):
    """The headers of a request: as `Lazy`, in one call.

    Args:
        load: Their class, whose constructor is not called.
    """

    load: type[Any]

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        headers = new(self.load)
        headers.environ = instance.environ
        instance.headers = headers
        return headers


class LazyArguments(Lazy):
    """The arguments of a request: as `Lazy`, in one call where the query string is ASCII.

    Args:
        load: Computes them where the query string is not ASCII, or comes from elsewhere.
        name: As for `Lazy`.
        cls: The class of arguments that `load` does not compute.
        default_storage: The request's `parameter_storage_class`, unless it has been changed.
        default_query_string: The attribute of the request's class, unless it has been overridden.
    """

    def __init__(
        self,
        load: Callable[[Any], object],
        name: str,
        cls: type[ImmutableMultiDict[str, str]],
        default_storage: type[ImmutableMultiDict[str, str]],
        default_query_string: object,
    ) -> None:
        super().__init__(load, name)
        self.cls = cls
        self.default_storage = default_storage
        self.default_query_string = default_query_string

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if (
            instance._query_string is None  # noqa: SLF001 - else the one in the environment has been replaced
            and instance.parameter_storage_class is self.default_storage
            and type(instance).query_string is self.default_query_string
        ):
            query = instance.environ.get("QUERY_STRING", "")
            if type(query) is str and query.isascii():
                arguments = instance.args = parse_arguments(query, self.cls)
                return arguments
        return super().__get__(instance, owner)


# -------------------------------------------------------------------------
# Matching
# -------------------------------------------------------------------------


class RouterState:
    """What `match_plain` reads of a router; here and below, fields in the compiled twin."""

    _matcher: Matcher


class MatcherState:
    """What it reads of a matcher."""

    #: The table for all rules; `None` if it has to be built.
    table: Table | None


class TableState:
    """What it reads of a table."""

    #: By scheme and host, the domains of the hosts seen so far.
    hosts: dict[str, dict[Host, Domain]]
    #: The domain of every valid host, without a server name; `None` if rules have hosts or none has this one.
    any_host: Domain | None


class DomainState:
    """What it reads of a domain."""

    __slots__ = ("prefix", "root_rules", "static_rules")

    #: By whole path and method, the rule without variables; "/" is apart, as the path may be empty then.
    static_rules: dict[str, dict[str | None, Rule]]
    root_rules: dict[str | None, Rule]
    #: The empty segment in front of the first slash.
    prefix: Prefix


class RuleState:
    """What it reads of a rule."""

    endpoint: Any
    defaults: Mapping[str, Any] | None


def match_plain(
    router: Router,
    environ: WSGIEnvironment,
    config: Mapping[str, Any],
    subdomain_matching: bool = False,
    method: str | None = None,
) -> Match | HTTPException | list[str] | None:
    """Return a rule and new arguments for its view, or `None` if the router has to decide.

    This is the one function here that knows about routing. It reads the tables of `cocopot.routing.table`.

    Args:
        router: The router; this function is its method `match_plain`.
        environ: The WSGI environment.
        config: The application's configuration, for `TRUSTED_HOSTS` and `SERVER_NAME`.
        subdomain_matching: Whether the subdomain is taken from the host, if there is a server name.
        method: A method instead of that of the request.

    Returns:
        The match; where the tables show that no rule matches, the exception; otherwise `None`. If `method` is
        passed, the methods of the path may be returned instead of the exception: a list of the tables.
    """
    path, is_other = environ.get("PATH_INFO"), method is not None
    if method is None:
        method = environ.get("REQUEST_METHOD")
    if (
        type(environ) is not dict
        or type(path) is not str
        or not path.startswith("/")
        or type(method) is not str
        or "HTTP_UPGRADE" in environ
    ):
        return None
    if not path.isascii() and (path := _decoded_path(path, environ)) is None:
        return None
    domain = _domain_of(router, environ, config, subdomain_matching)
    if domain is None:
        return None
    rules = domain.root_rules if path == "/" else domain.static_rules.get(path)
    if rules is not None:
        rule = rules.get(method) or rules.get(None)
        if rule is not None:
            return rule, dict(rule.defaults) if rule.defaults else {}
    found = _match_plan(domain.prefix, path.split("/"), method)
    if type(found) is tuple or (type(found) is list and is_other and "//" not in path):
        return found
    server_name = config["SERVER_NAME"]
    return domain.error_of(found, environ, path, method, server_name is None, server_name)


def _decoded_path(path: str, environ: WSGIEnvironment) -> str | None:
    """Return a path that is not ASCII, decoded, or `None` if the URL is perhaps not UTF-8 (PEP 3333)."""
    script_name = environ.get("SCRIPT_NAME", "")
    if type(script_name) is not str or not script_name.isascii():
        return None
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return None


def _domain_of(
    router: Router, environ: WSGIEnvironment, config: Mapping[str, Any], subdomain_matching: bool
) -> Domain | None:
    table = router._matcher.table  # noqa: SLF001
    if table is None:
        return None
    host: Host = environ.get("HTTP_HOST")
    server_name, subdomain = config["SERVER_NAME"], None
    if server_name is not None:
        if router.host_matching:
            server_name = None
        else:
            subdomain = None if subdomain_matching else router.default_subdomain
            host = (environ.get("HTTP_HOST"), server_name, subdomain)
    trusted_hosts = config["TRUSTED_HOSTS"]
    if trusted_hosts is None:
        by_host = table.hosts.get(environ.get("wsgi.url_scheme", ""))
        domain = None if by_host is None else by_host.get(host)
        if domain is not None:
            return domain
        if by_host is not None and server_name is None and type(host) is str and plain_host(host, ""):
            domain = table.any_host
            if domain is not None:
                return domain
    return table.domain_of(environ, server_name, subdomain, trusted_hosts)


def _match_plan(prefix: Prefix, parts: list[str], method: str) -> Outcome:
    """Return what the plan of a path returns, or whether no rule matches the path."""
    depth = 1
    prefixes = prefix[0]
    while prefixes is not None and depth < len(parts):
        following = prefixes.get(parts[depth])
        if following is None:
            break
        prefix = following
        prefixes = prefix[0]
        depth += 1
    plans = prefix[1]
    if len(parts) >= len(plans):
        return None
    plan = plans[len(parts)]
    if plan is not None:
        outcome: Outcome = plan[0](parts, method, plan)
        return outcome
    return prefix[2] and depth < len(parts) and parts[depth] != ""


# -------------------------------------------------------------------------
# Arguments
# -------------------------------------------------------------------------


def parse_arguments(query: str, cls: type[Arguments]) -> Arguments:
    """Return the arguments of a query string or of an urlencoded form, decoded as by Werkzeug.

    Args:
        query: The query string, or the body of a form.
        cls: The class of what is returned.

    Raises:
        TypeError: `query` is not exactly a `str`.
    """
    if type(query) is not str:
        raise TypeError(f"a query string is a str, not {type(query).__name__!r}")
    lists: dict[str, list[str]] = {}
    is_plain = "%" not in query and "+" not in query
    for piece in query.split("&"):
        if piece:
            key, _, value = piece.partition("=")
            if not is_plain:
                key, value = unquote_argument(key), unquote_argument(value)
            if key in lists:
                lists[key].append(value)
            else:
                lists[key] = [value]
    # A multi dict is a dict of lists; its own constructor would take these for single values.
    arguments: Arguments = _new_dict(cls)
    _update(arguments, lists)
    return arguments


def unquote_argument(text: str) -> str:
    """Return a name or a value of a query string, decoded; bytes that are not UTF-8 stay encoded."""
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if text.isascii():
        return unquote_to_bytes(text).decode(errors="werkzeug.url_quote")
    return unquote(text, errors="werkzeug.url_quote")


# As names of their own, for the methods of a base class that a type checker does not know as such.
_new_dict: Callable[[type[Any]], Any] = dict.__new__
_update: Callable[[Any, dict[str, list[str]]], None] = dict.update


# -------------------------------------------------------------------------
# Headers
# -------------------------------------------------------------------------


def is_plain_value(value: str) -> bool:
    """Return whether the value of a header consists of printable ASCII characters, as nearly all do."""
    return value.isascii() and value.isprintable()
