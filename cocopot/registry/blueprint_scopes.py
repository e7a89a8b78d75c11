"""Which blueprint a request belongs to that matched no rule, read as the router reads a URL."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from werkzeug.routing import BaseConverter, ValidationError

from cocopot.routing import Router, Rule
from cocopot.routing.parts import rule_parts
from cocopot.routing.walk import read_arguments
from cocopot.scopes import blueprints_of
from cocopot.urls import create_url_adapter, domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cocopot.app import Cocopot
    from cocopot.request import Request
    from cocopot.routing.parts import RulePart
    from cocopot.routing.table import Table
    from cocopot.routing.walk import Node

#: How exact a scope is: segments of its prefix, those of them without variables, a host without variables,
#: and the earlier registration.
_Rank: TypeAlias = tuple[int, int, bool, int]
_REST = "cocopot_rest"
_PLAIN_PREFIX = r"(?a)(/[\w.~-]+)*"


class _RestConverter(BaseConverter):
    """Matches the rest of a path."""

    regex = "(?s:.*)"
    part_isolating = False


class BlueprintScopes:
    """The hosts and prefixes of an application's blueprints.

    Args:
        app: The application.
        table: The router's table, for `is_current`.
    """

    def __init__(self, app: Cocopot, table: Table) -> None:
        self._app = app
        self._table = table
        self._count = len(app.blueprint_prefixes)
        self._ranks: dict[int, _Rank] = {}
        # A router of its own, whose endpoints are the names of blueprints.
        self._router = Router(
            converters={**app.router.converters, _REST: _RestConverter},
            default_subdomain=app.router.default_subdomain,
            host_matching=app.router.host_matching,
        )
        domains = _domains_of_blueprints(app)
        for order, (name, prefix) in enumerate(app.blueprint_prefixes.items()):
            for domain in domains[name]:
                self._add(name, prefix.rstrip("/"), domain, order)
        self._root = self._router.table.root
        self._plain = self._plain_prefixes(domains)
        self._depth = max((prefix.count("/") for prefix in self._plain or ()), default=0)

    def _plain_prefixes(self, domains: dict[str, list[str]]) -> dict[str, list[str]] | None:
        """Return the blueprints of each prefix, or `None` if they have hosts or variables."""
        names: dict[str, list[str]] = {}
        for name, prefix in self._app.blueprint_prefixes.items():
            path = prefix.rstrip("/")
            if self._router.host_matching or any(domains[name]) or not re.fullmatch(_PLAIN_PREFIX, path):
                return None
            if path:
                names.setdefault(path, blueprints_of(f"{name}."))
        return names

    def is_current(self, app: Cocopot, table: Table) -> bool:
        """Return whether no rule and no blueprint has been added to the application."""
        return self._table is table and self._count == len(app.blueprint_prefixes)

    def _add(self, name: str, prefix: str, domain: str, order: int) -> None:
        is_whole_host = domain in {"", self._router.default_subdomain} or (
            self._router.host_matching and re.fullmatch("<[^>]*>", domain)
        )
        if not prefix and is_whole_host:
            return  # it has no place of its own
        parts = prefix.split("/")
        rank = (len(parts), sum("<" not in part for part in parts), "<" not in domain, -order)
        with suppress(ValueError, LookupError):  # no rule can have this prefix
            is_open = not prefix or any(part.is_final for part in self._add_rule(name, prefix, domain, rank))
            if is_open:  # its last variable takes the rest of the path, which has to be one too
                self._add_rule(name, f"{prefix}/<{_REST}:{_REST}>", domain, rank)

    def _add_rule(self, name: str, string: str, domain: str, rank: _Rank) -> list[RulePart]:
        rule = Rule(string, endpoint=name, subdomain=domain, host=domain)
        self._router.add(rule)
        self._ranks[id(rule)] = rank
        return rule_parts(rule)

    def find(self, request: Request) -> list[str]:
        """Return the blueprint of a request that matched no rule, and those that contain it, innermost first.

        It is the one with the longest prefix of the path, for the host of the request. Of prefixes with equal
        length the one without variables counts, then the one that was registered first: a blueprint before
        its nested ones. A blueprint without a prefix has only a subdomain or a host, if it has one.

        Args:
            request: The request.
        """
        is_plain = self._plain is not None and self._app.config["SERVER_NAME"] is None
        try:
            path, domain = request.path, "" if is_plain else self._domain(request)
        except Exception:  # noqa: BLE001 - the error that is handled, most often: neither can be read
            return []
        if "//" in path and self._app.router.merge_slashes:
            path = re.sub("/{2,}", "/", path)
        if self._plain is not None and not domain:
            return self._find_plain(self._plain, path)  # what follows finds the same
        found = _matches(self._root, [domain, *path.split("/")], 0, ())
        for rule, values in sorted(found, key=lambda match: self._ranks[id(match[0])], reverse=True):
            try:
                read_arguments(rule, values)
            except ValidationError:
                continue
            return blueprints_of(f"{rule.endpoint}.")
        return []

    def _find_plain(self, names: dict[str, list[str]], path: str) -> list[str]:
        parts = path.split("/", self._depth + 1)
        for end in range(min(len(parts), self._depth + 1), 1, -1):
            found = names.get("/".join(parts[:end]))
            if found is not None:
                return found
        return []

    def _domain(self, request: Request) -> str:
        """Return the host or the subdomain that the router matches the request with."""
        server_name, subdomain = domain_of(self._app)
        if not self._router.host_matching and (server_name is None or subdomain is not None):
            return subdomain or ""
        adapter = create_url_adapter(self._app, request)
        assert adapter is not None  # noqa: S101 - for the type checker: there is always one for a request
        return adapter.server_name if adapter.subdomain is None else adapter.subdomain


def _matches(
    node: Node, parts: list[str], index: int, values: tuple[str, ...]
) -> Iterator[tuple[Rule, Sequence[str]]]:
    """Yield the rules that match the beginning of a path, each with the texts of its variables."""
    for rule in node.rules:
        yield rule, values
        if not values:
            break  # the following ones match as well, and are less exact
    if index == len(parts):
        return
    child = node.static.get(parts[index])
    if child is not None:
        yield from _matches(child, parts, index + 1, values)
    for edge in node.edges if node.index is None else node.index.find(parts, index):
        read = edge.read("/".join(parts[index:]) if edge.final else parts[index])
        if read is not None:
            end = len(parts) if edge.final else index + 1
            yield from _matches(edge.node, parts, end, (*values, *read))


def _domains_of_blueprints(app: Cocopot) -> dict[str, list[str]]:
    """Return by the name of a blueprint the hosts or subdomains of its rules, or of the blueprint itself."""
    by_host = app.router.host_matching
    domains: dict[str, dict[str, None]] = {name: {} for name in app.blueprint_prefixes}
    for rule in app.router.iter_rules():
        for name in blueprints_of(str(rule.endpoint)):
            if name in domains:
                domains[name][(rule.host if by_host else rule.subdomain) or ""] = None
    return {
        name: list(found) or [app.blueprints[name].subdomain or app.router.default_subdomain]
        for name, found in domains.items()
    }
