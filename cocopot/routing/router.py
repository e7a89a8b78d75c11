"""Router: a Werkzeug Map that matches a request without an adapter."""

from __future__ import annotations

from http import HTTPMethod
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from werkzeug.datastructures import ImmutableDict
from werkzeug.routing import Map, RequestRedirect, ValidationError
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.wrappers import Request as WerkzeugRequest

from cocopot import speedups
from cocopot.exceptions import MethodNotAllowed
from cocopot.fork_safety import fork_safe
from cocopot.hosts import host_of, scheme_of, subdomain_of, without_default_port, without_final_dot
from cocopot.request_urls import quote_path, quote_query
from cocopot.routing.building import find_rules
from cocopot.routing.converters import CONVERTERS
from cocopot.routing.matcher import Matcher
from cocopot.routing.slashes import redirect_to
from cocopot.routing.walk import SlashRequiredError, Walk, read_arguments
from cocopot.speedups import RouterState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from werkzeug.routing import BaseConverter, MapAdapter, RuleFactory

    from cocopot.routing.building import Builder, RuleIndex
    from cocopot.routing.plans import Match, Outcome
    from cocopot.routing.rule import Rule
    from cocopot.routing.table import Domain, Host, Table
    from cocopot.types import WSGIEnvironment

#: What no rule's subdomain matches, with a variable or without: Werkzeug's would be the value of a variable.
NO_SUBDOMAIN = "<invalid>/"
#: What no rule has as a method: the error that is raised for it has all methods of a path.
NO_METHOD = "--"
_CACHED_METHODS = frozenset({*map(str, HTTPMethod), NO_METHOD})


class Router(RouterState, Map):
    """A Werkzeug Map that matches a request without an adapter.

    Everything that a Map does continues to work, and rules may be added while other threads match: a match in
    progress keeps the table that it began with. A rule that is changed in place after the first match takes
    effect with the next `add`.

    Example:
        >>> from cocopot.routing import Router, Rule
        >>> router = Router([Rule("/users/<int:id>", endpoint="user")])
        >>> environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost", "REQUEST_METHOD": "GET"}
        >>> rule, view_args = router.match_request(environ, "/users/7", "GET")
        >>> rule.endpoint, view_args
        ('user', {'id': 7})
    """

    _matcher: Matcher

    #: The converters of rules, by their names; `converters` has those of one router.
    default_converters = ImmutableDict(CONVERTERS)

    # Returns what `match_request` returns, or raises, for a request for which the tables and its environment
    # are enough, and otherwise `None`, for `match_request` to decide.
    match_plain = speedups.match_plain

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "match_plain" not in vars(cls):
            cls.match_plain = _match_nothing  # it may override anything

    def __init__(
        self,
        rules: Iterable[RuleFactory] | None = None,
        default_subdomain: str = "",
        strict_slashes: bool = True,
        merge_slashes: bool = True,
        redirect_defaults: bool = True,
        converters: Mapping[str, type[BaseConverter]] | None = None,
        sort_parameters: bool = False,
        sort_key: Callable[[Any], Any] | None = None,
        host_matching: bool = False,
    ) -> None:
        self._lock = fork_safe(RLock())
        #: By endpoint, for those of one rule: its builder, if that decides everything.
        self._plain_builders: dict[str, Builder] = {}
        #: By endpoint, for those of several rules.
        self._rule_indexes: dict[str, RuleIndex] = {}
        super().__init__(
            None,
            default_subdomain=default_subdomain,
            strict_slashes=strict_slashes,
            merge_slashes=merge_slashes,
            redirect_defaults=redirect_defaults,
            converters=converters,
            sort_parameters=sort_parameters,
            sort_key=sort_key,
            host_matching=host_matching,
        )
        self._matcher = Matcher(merge_slashes, self._lock, host_matching=host_matching)
        for rule in rules or ():
            self.add(rule)

    @property
    def table(self) -> Table:
        """The table for all rules added so far: another one after each addition."""
        return self._matcher.table or self._matcher.current()

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule or all rules of a factory."""
        with self._lock:
            super().add(rulefactory)

    def restricted_to(self, rules: Iterable[WerkzeugRule]) -> Router:
        """Return a new router with the same options and only some of the rules."""
        return type(self)(
            [rule.empty() for rule in rules],
            default_subdomain=self.default_subdomain,
            strict_slashes=self.strict_slashes,
            merge_slashes=self.merge_slashes,
            redirect_defaults=self.redirect_defaults,
            converters=self.converters,
            sort_parameters=self.sort_parameters,
            sort_key=self.sort_key,
            host_matching=self.host_matching,
        )

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        """Whether a rule of an endpoint has these variables; `False` for an endpoint without rules.

        Werkzeug raises a `KeyError` for those, in functions that add defaults before a URL is built.
        """
        return endpoint in self._rules_by_endpoint and super().is_endpoint_expecting(endpoint, *arguments)

    def update(self) -> None:
        """Sort the rules for building URLs, into new lists: other threads may be reading the old ones."""
        if not self._remap:
            return
        with self._lock:
            self._rules_by_endpoint = {
                endpoint: sorted(rules, key=WerkzeugRule.build_compare_key)
                for endpoint, rules in self._rules_by_endpoint.items()
            }
            self._plain_builders, self._rule_indexes = {}, {}
            self._remap = False

    def match_request(  # noqa: C901, PLR0912 - the hot path
        self,
        environ: WSGIEnvironment,
        path: str,
        method: str,
        server_name: str | None = None,
        subdomain: str | None = None,
    ) -> Match:
        """Return the rule that a request belongs to, and new arguments for its view.

        It is one function, to make no calls that can be avoided: first the static rules, then the plans, then
        a walk.
        The outcome is that of `bind_to_environ(environ, server_name, subdomain).match(return_rule=True)`.

        Args:
            environ: The WSGI environment: host, scheme and, for a redirect, query string and script name.
            path: The decoded path, as in `request.path`.
            method: The request method.
            server_name: The configured server name, if the host is to be compared with it.
            subdomain: The subdomain, if it is not to be taken from the host.

        Raises:
            NotFound: No rule matches.
            MethodNotAllowed: A rule matches, but not the method; `valid_methods` are those that do.
            RequestRedirect: The path is not the canonical one, or the rule redirects.
            WebsocketMismatch: Either the request or the only rule that matches is for a WebSocket.
            BadHost: The host cannot be a host name.
        """
        table = self._matcher.table
        if table is None:
            table = self._matcher.current()
        host: Host = environ.get("HTTP_HOST")
        if server_name is not None or subdomain is not None:
            host = (environ.get("HTTP_HOST"), server_name, subdomain)
        domain: Domain | None
        try:
            domain = table.hosts[environ["wsgi.url_scheme"]][host]
        except KeyError:
            domain = table.domain_of(environ, server_name, subdomain)
        if domain is None or "HTTP_UPGRADE" in environ:
            return self._match_bound(environ, path, method, server_name, subdomain)
        rules = domain.static_rules.get(path)
        if rules is None and path == "/":
            if environ.get("PATH_INFO") == "":
                return self._match_bound(environ, path, method, server_name, subdomain)
            rules = domain.root_rules
        if rules is not None:
            rule = rules.get(method) or rules.get(None)
            if rule is not None:
                return rule, dict(rule.defaults) if rule.defaults else {}
        parts = path.split("/")
        if parts[0]:
            return self._match_bound(environ, path, method, server_name, subdomain)
        outcome: Outcome = None
        depth = 1
        prefixes, plans, is_exhaustive = domain.prefix
        while prefixes is not None and depth < len(parts):
            prefix = prefixes.get(parts[depth])
            if prefix is None:
                break
            prefixes, plans, is_exhaustive = prefix
            depth += 1
        if len(parts) < len(plans):
            plan = plans[len(parts)]
            if plan is None:
                outcome = is_exhaustive and depth < len(parts) and parts[depth] != ""
            else:
                outcome = plan[0](parts, method, plan)
                if type(outcome) is tuple:
                    return outcome
        is_plain = server_name is None and subdomain is None and not self.host_matching
        error = domain.error_of(outcome, environ, path, method, is_plain, server_name)
        if error is not None:
            raise error
        is_known = is_plain or (server_name is not None and not self.host_matching)
        return self._walk(environ, domain, path, method, is_known, server_name) or self._match_bound(
            environ, path, method, server_name, subdomain
        )

    def _walk(
        self,
        environ: WSGIEnvironment,
        domain: Domain,
        path: str,
        method: str,
        is_known: bool,
        server_name: str | None,
    ) -> Match | None:
        """Match by a walk of the states; return `None` where an adapter is needed, mostly for a redirect."""
        if not path or path[1:2] == "/":
            return None
        walk = Walk(method.upper())
        is_redirected = is_rejected = False
        try:
            found = walk.find(domain.root, [domain.name, *path.split("/")], 0, ())
            if found is not None and id(found[0]) in domain.redirecting:
                return None
            if found is not None:
                return found[0], read_arguments(*found)
        except ValidationError:
            is_rejected = True
        except SlashRequiredError:
            is_redirected = True
        # What is raised here has no context, with the frames of this request.
        if is_redirected and is_known:
            redirect = redirect_to(environ, f"{path}/", server_name, domain.name)
            if redirect is not None:
                raise redirect
        if is_redirected or (not is_rejected and self.merge_slashes and "//" in path):
            return None
        error = walk.error()
        if isinstance(error, MethodNotAllowed) and not is_rejected and method in _CACHED_METHODS:
            domain.remember_allowed_methods(path, method, error)
        raise error

    def plain_methods(
        self, environ: WSGIEnvironment, config: Mapping[str, Any], subdomain_matching: bool = False
    ) -> Collection[str] | None:
        """Return the methods that a request's path has, or `None` if `match_plain` does not find them.

        Args:
            environ: As for `match_plain`.
            config: Likewise.
            subdomain_matching: Likewise.
        """
        found = self.match_plain(environ, config, subdomain_matching, NO_METHOD)
        if isinstance(found, MethodNotAllowed):
            return list(found.valid_methods or ())
        return found if type(found) is list else None

    def build_path(
        self,
        endpoint: str,
        values: Mapping[str, Any],
        method: str | None,
        default_method: str,
        domain: str | None,
    ) -> str | None:
        """Return the path of a URL, with its query, or `None` where an adapter has to decide.

        Args:
            endpoint: The endpoint.
            values: The values; those that are `None` are missing.
            method: As for `MapAdapter.build`.
            default_method: The method of the request.
            domain: The subdomain of the request, or `None` if it is not known.
        """
        if self._remap:
            self.update()
        # Read once, and before the rules: another thread may add some.
        builders, indexes = self._plain_builders, self._rule_indexes
        builder = builders.get(endpoint)
        if builder is not None and method is None and builder.domain == domain:
            try:
                return builder.path(values)
            except Exception:  # noqa: BLE001 - the adapter raises it, unless another value is missing
                return None
        if self.host_matching or type(self) is not Router:
            return None
        rules = cast("list[Rule]", self._rules_by_endpoint.get(endpoint, ()))
        if method is None and len(rules) == 1 and rules[0].is_plain and rules[0].builder.is_plain:
            builders[endpoint] = rules[0].builder
        values = {name: value for name, value in values.items() if value is not None}
        rules = rules if len(rules) < 2 else find_rules(endpoint, rules, values, indexes)
        # Werkzeug prefers a rule for the method of the request.
        for wanted in (default_method, None) if method is None else (method,):
            for rule in rules:
                if not rule.is_plain:
                    return None
                if rule.suitable_for(values, wanted) and (built := rule.build(values)) is not None:
                    return built[1] if built[0] == domain else None
        return None

    def bind_to_environ(
        self,
        environ: WSGIEnvironment | WerkzeugRequest,
        server_name: str | None = None,
        subdomain: str | None = None,
    ) -> MapAdapter:
        """Return an adapter for a WSGI environment, as Werkzeug's method does.

        A host that is not valid raises, one that is not a subdomain of the server name gives no warning, and
        the script name and the query are quoted, as they are parts of URLs.

        Args:
            environ: The WSGI environment, or a request.
            server_name: The server name to build with; by default the host of the request.
            subdomain: The subdomain; by default the one that the host is, `NO_SUBDOMAIN` if it is not one.

        Raises:
            BadHost: The host cannot be a host name.
        """
        env = environ.environ if isinstance(environ, WerkzeugRequest) else environ
        scheme = scheme_of(env)
        if server_name is None or (subdomain is None and not self.host_matching):
            host = environ.host if isinstance(environ, WerkzeugRequest) else host_of(env)
            server_name = host if server_name is None else server_name
            if subdomain is None and not self.host_matching:
                found = subdomain_of(host, server_name, scheme)
                subdomain = NO_SUBDOMAIN if found is None else found
        if self.host_matching:
            server_name = without_final_dot(server_name)
        return self.bind(
            without_default_port(server_name, scheme),
            quote_path(env.get("SCRIPT_NAME", "").encode("latin1")),
            subdomain,
            scheme,
            env["REQUEST_METHOD"],
            env.get("PATH_INFO", "").encode("latin1").decode(errors="replace"),
            quote_query(env.get("QUERY_STRING", "").encode("latin1")),
        )

    def _match_bound(
        self, environ: WSGIEnvironment, path: str, method: str, server_name: str | None, subdomain: str | None
    ) -> Match:
        """Match as Werkzeug does, and cache the host, which is valid then."""
        host_of(environ)
        adapter = self.bind_to_environ(environ, server_name, subdomain)
        if not adapter.websocket:
            self._cache_host(adapter, environ, server_name, subdomain)
        if path == "/" and environ.get("PATH_INFO") == "":
            path = ""
        try:
            rule, arguments = adapter.match(path, method, return_rule=True)
        except RequestRedirect as exc:
            exc.__context__ = None  # break the cycle redirect -> traceback -> frames -> request -> redirect
            raise
        return cast("Rule", rule), cast("dict[str, Any]", arguments)

    def _cache_host(
        self,
        adapter: MapAdapter,
        environ: WSGIEnvironment,
        server_name: str | None,
        subdomain: str | None,
    ) -> None:
        """Cache which domain a host belongs to, if only the key of the cache decides that."""
        host = environ.get("HTTP_HOST")
        name = adapter.server_name if adapter.subdomain is None else adapter.subdomain
        table = self.table
        domain = table.domain_named(name)
        if domain is None or not host:  # an empty one is valid only with HTTP/1.0
            return
        plain = server_name is None and subdomain is None
        hosts = table.hosts.get(environ["wsgi.url_scheme"], {})
        table.cache_host(hosts, host if plain else (host, server_name, subdomain), domain)


def _match_nothing(*_: object, **__: object) -> None:
    """Leave every request to `Router.match_request`, which a subclass may have overridden."""
