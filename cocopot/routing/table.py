"""The table: all that matching needs, built from Werkzeug's states.

Its layout is defined here and in `cocopot.routing.plans`. It is read by `Router.match_request` and, for what
the tables alone can answer, by `cocopot.speedups.match_plain`.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeAlias

from cocopot.exceptions import MethodNotAllowed, NotFound
from cocopot.hosts import host_of_server, is_host, is_trusted, parse_host, sent_host
from cocopot.routing.captures import ending_rules, group_by_method, lenient_rules, slash_rules
from cocopot.routing.defaults import redirecting_rules
from cocopot.routing.plans import NO_PLANS, REDIRECTED, REJECTED, build_plans
from cocopot.routing.slashes import redirect_to
from cocopot.routing.walk import Node, Walk
from cocopot.speedups import DomainState, TableState

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable

    from werkzeug.routing.matcher import State

    from cocopot.exceptions import HTTPException
    from cocopot.routing.plans import Outcome, Plans
    from cocopot.routing.rule import Rule
    from cocopot.types import WSGIEnvironment

#: The most hosts in a cache, which is cleared then. A valid host has a limited length.
MAX_HOSTS = 256
#: The host, or the host, the server name and the subdomain to match with, if one of the latter is set.
Host: TypeAlias = "str | tuple[str | None, str | None, str | None] | None"
#: What follows static segments at the beginning of a path. `[0]`: the prefixes that are one static segment
#: longer, by that segment, or `None` without any. `[1]`: the plans for paths that continue with a variable.
#: `[2]`: whether the static segments are exhaustive, because no rule has had a variable so far: a path that
#: continues with neither matches no rule.
Prefix: TypeAlias = "tuple[dict[str, Prefix] | None, Plans, bool]"


class Domain(DomainState):
    """The tables for the rules of one host or subdomain that has no variable.

    Args:
        name: The host or subdomain.
        node: Its node; `None` if only rules with a variable match it: the tables are empty.
        table: The table.
    """

    __slots__ = (
        "_host_matching",
        "method_not_allowed",
        "name",
        "redirected",
        "redirecting",
        "root",
    )

    def __init__(self, name: str, node: Node | None, table: Table) -> None:
        self.name = name
        #: The node that a walk begins with, whose child this domain is.
        self.root = table.root
        #: As in the table.
        self.redirecting = table.redirecting
        self._host_matching = table.host_matching
        self.static_rules, self.root_rules = {}, {}
        #: By static path that only lacks a slash, the methods that are redirected, with `None` for any.
        self.redirected: dict[str, frozenset[str | None]] = {}
        #: By static path and rejected method, the methods that are allowed.
        self.method_not_allowed: dict[tuple[str, str], list[str]] = {}
        self.prefix = (None, NO_PLANS, False)
        start = None if node is None else node.static.get("")
        if start is not None:
            self.prefix = self._build(start, [""], exhaustive=not self.root.edges)
            root = start.static.get("")
            self.root_rules = self._by_method(() if root is None else root.rules)

    def error_of(
        self,
        outcome: Outcome,
        environ: WSGIEnvironment,
        path: str,
        method: str,
        is_plain: bool,
        server_name: str | None = None,
    ) -> HTTPException | None:
        """Return what is raised for a path, if the tables show that no rule matches, or else `None`.

        Args:
            outcome: What the plan of the path has returned.
            environ: The WSGI environment.
            path: The decoded path.
            method: The method.
            is_plain: Whether URLs are built from the host of the request.
            server_name: The server name that they are built from otherwise, if hosts are not matched.
        """
        if outcome is True:
            return None if "//" in path else NotFound()  # slashes may be merged
        if method != method.upper():  # perhaps one of a rule's, in small letters
            return None
        allowed = self.method_not_allowed.get((path, method))
        if allowed is None and type(outcome) is list and "//" not in path:
            allowed = outcome
        if allowed is not None:
            return MethodNotAllowed(allowed.copy())
        if outcome is REDIRECTED or (self.redirected and self._is_redirected(path, method)):
            is_known = (is_plain or server_name is not None) and path[1:2] != "/"
            return redirect_to(environ, f"{path}/", server_name, self.name) if is_known else None
        return self._rejection(path, method) if outcome is REJECTED and "//" not in path else None

    def _is_redirected(self, path: str, method: str) -> bool:
        methods = self.redirected.get(path, ())
        return method in methods or None in methods

    def _rejection(self, path: str, method: str) -> HTTPException:
        """Return what is raised if a converter rejects the text of its variable."""
        walk = Walk(method)
        walk.find(self.root, [self.name, *path.split("/")], 0, ())
        return walk.error()

    def remember_allowed_methods(self, path: str, method: str, error: MethodNotAllowed) -> None:
        """Cache which methods are allowed. The cache grows with the rules, not with what clients send.

        Args:
            path: A path; ignored unless it is that of a rule without variables.
            method: A standard method.
            error: The error to be raised for it.
        """
        if path in self.static_rules or path == "/":
            self.method_not_allowed[path, method] = list(error.valid_methods or ())

    def _build(self, node: Node, path: list[str], *, exhaustive: bool) -> Prefix:
        self._add_static("/".join(path), node)
        plans = build_plans(node, len(path), self.redirecting, exhaustive=exhaustive)
        exhaustive = exhaustive and not node.edges
        prefixes = {
            text: self._build(child, [*path, text], exhaustive=exhaustive)
            for text, child in node.static.items()
            # No path begins with two slashes: Werkzeug drops all but one.
            if text or len(path) > 1
        }
        return prefixes or None, plans, exhaustive

    def _add_static(self, path: str, node: Node) -> None:
        """Add the rules for a static path, and for the path with a slash more, if they match it as well."""
        if not path:
            return
        if rules := ending_rules(node):
            self.static_rules.setdefault(path, self._by_method(rules))
        elif not self._host_matching and (rules := slash_rules(node)):
            self.redirected[path] = frozenset(method for rule in rules for method in rule.methods or (None,))
        slash = node.static.get("")
        is_last = slash is None or "" not in slash.static
        if (rules := lenient_rules(node)) and is_last and all(edge.read("") is None for edge in node.edges):
            self.static_rules[f"{path}/"] = self._by_method((*(slash.rules if slash else ()), *rules))

    def _by_method(self, rules: Iterable[Rule]) -> dict[str | None, Rule]:
        found = group_by_method(rules, dict.fromkeys(self.redirecting))
        return {method: selected.rule for method, selected in found.items()}


class Table(TableState):
    """All that matching needs, built from a matcher's states and never changed.

    Args:
        root: The first state.
        host_matching: Whether rules have hosts.
    """

    def __init__(self, root: State, *, host_matching: bool) -> None:
        self.root = Node(root)
        #: Rules that may answer with a redirect although they match.
        self.redirecting = dict(redirecting_rules(list(_rules(self.root))))
        #: Whether rules have hosts.
        self.host_matching = host_matching
        self.domains = {name: Domain(name, node, self) for name, node in self.root.static.items()}
        self.any_host = None if host_matching else self.domains.get("")
        # Bounded by `MAX_HOSTS`.
        self.hosts = {"http": {}, "https": {}}
        #: The methods of the path of a rule without variables, as in `Allow`, by the rule's identity.
        self.allow: dict[int, str] = {}
        #: A value of TRUSTED_HOSTS, and hosts that it trusts; bounded likewise.
        self._trust: tuple[Collection[str], set[str]] = ((), set())

    def domain_of(
        self,
        environ: WSGIEnvironment,
        server_name: str | None = None,
        subdomain: str | None = None,
        trusted_hosts: Collection[str] | None = None,
    ) -> Domain | None:
        """Return the domain of a request whose host is valid and trusted; `None` if an adapter has to decide.

        Args:
            environ: The WSGI environment.
            server_name: As for `Router.match_request`.
            subdomain: Likewise.
            trusted_hosts: The hosts to accept, as in TRUSTED_HOSTS; `None` for any.
        """
        sent, hosts = environ.get("HTTP_HOST"), self.hosts.get(environ.get("wsgi.url_scheme", ""))
        is_sent = sent_host(environ, sent) is not None
        host = sent if is_sent else host_of_server(environ)
        if type(host) is not str or hosts is None or not self._accepts(host, trusted_hosts):
            return None
        key: Host = host if server_name is None and subdomain is None else (host, server_name, subdomain)
        if self.host_matching or (server_name is not None and subdomain is None):
            return hosts.get(key) if is_sent else None
        domain = self.domains.get(subdomain or "")
        if domain is not None and is_sent:
            self.cache_host(hosts, key, domain)
        return domain

    def domain_named(self, name: str) -> Domain | None:
        """Return the domain of a name, which a variable may match; `None` if no rule can."""
        return self.domains.get(name) or (Domain(name, None, self) if self.root.edges else None)

    @staticmethod
    def cache_host(hosts: dict[Host, Domain], host: Host, domain: Domain) -> None:
        """Cache the domain of a valid host, and drop all others if these are too many.

        Args:
            hosts: The cache for the scheme.
            host: The key.
            domain: The domain.
        """
        if len(hosts) >= MAX_HOSTS:
            hosts.clear()
        hosts[host] = domain

    def _accepts(self, host: str, trusted_hosts: Collection[str] | None) -> bool:
        if trusted_hosts is None:
            return is_host(host)
        value, trusted = self._trust
        if value != trusted_hosts:
            value, trusted = self._trust = copy(trusted_hosts), set()
        if host in trusted:
            return True
        parsed = parse_host(host)
        if parsed is None or not is_trusted(parsed, trusted_hosts):
            return False
        if len(trusted) >= MAX_HOSTS:
            trusted.clear()
        trusted.add(host)
        return True


def _rules(node: Node) -> Generator[Rule, None, None]:
    yield from node.rules
    for child in node.static.values():
        yield from _rules(child)
    for edge in node.edges:
        yield from _rules(edge.node)
