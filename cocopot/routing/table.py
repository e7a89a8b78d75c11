"""The table: all that matching needs, built of Werkzeug's states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cocopot.routing.plans import NO_PLANS, find_hits, lay_plans
from cocopot.routing.walk import Node

if TYPE_CHECKING:
    from collections.abc import Generator

    from werkzeug.routing.matcher import State

    from cocopot.exceptions import MethodNotAllowed
    from cocopot.routing.plans import Plans
    from cocopot.routing.rule import Rule

#: The host, and if there is one of them, the server name and the subdomain to match with.
Host: TypeAlias = "str | tuple[str | None, str | None, str | None] | None"
#: The lanes that a static segment leads to, if there is any; the plans for paths that go on otherwise; and
#: whether such a path is of no rule, because none has a variable so far.
Lane: TypeAlias = "tuple[dict[str, Lane] | None, Plans, bool]"


class Domain:
    """The quick tables for the rules of one host or subdomain that has no variable."""

    __slots__ = ("index", "lane", "name", "pages", "refused")

    def __init__(self, name: str, node: Node, redirecting: frozenset[int], *, dead_ends: bool) -> None:
        self.name = name
        #: By whole path and method, the rule; "/" is apart, as it may stand for an empty path.
        self.pages: dict[str, dict[str | None, Rule]] = {}
        self.index: dict[str | None, Rule] = {}
        #: By path of a page and method, the methods that a refusal names.
        self.refused: dict[tuple[str, str], list[str]] = {}
        self.lane: Lane = (None, NO_PLANS, False)
        start = node.static.get("")
        if start is not None:
            self.lane = self._lay(start, [""], redirecting, dead_ends)
            self.index = _by_method(start.static.get(""), redirecting)

    def remember_refusal(self, path: str, method: str, error: MethodNotAllowed) -> None:
        """Keep what a page's refusal names. There are so many as pages and methods, not as clients ask for.

        Args:
            path: A path; only that of a page is kept.
            method: A standard method.
            error: The refusal.
        """
        if path in self.pages or path == "/":
            self.refused[path, method] = list(error.valid_methods or ())

    def _lay(self, node: Node, path: list[str], redirecting: frozenset[int], dead_ends: bool) -> Lane:
        if node.rules:
            self.pages["/".join(path)] = _by_method(node, redirecting)
        dead_ends = dead_ends and not node.edges
        lanes = {
            text: self._lay(child, [*path, text], redirecting, dead_ends)
            for text, child in node.static.items()
            # No path begins with two slashes: Werkzeug drops all but one.
            if text or len(path) > 1
        }
        return lanes or None, lay_plans(node, len(path), redirecting), dead_ends


def _by_method(node: Node | None, redirecting: frozenset[int]) -> dict[str | None, Rule]:
    rules = node.rules if node is not None else ()
    return {method: rule for method, (rule, _) in find_hits(rules, redirecting).items()}


class Table:
    """Everything that matching needs, built of a matcher's states and never changed."""

    def __init__(self, root: State) -> None:
        self.root = Node(root)
        #: Rules that may answer with a redirect although they match.
        self.redirecting = frozenset(_redirecting(list(_rules(self.root))))
        self.domains = {
            name: Domain(name, node, self.redirecting, dead_ends=not self.root.edges)
            for name, node in self.root.static.items()
        }
        #: The domains of hosts seen, by what they were found with. Bounded: see ``_MAX_HOSTS``.
        self.hosts: dict[str, dict[Host, Domain]] = {"http": {}, "https": {}}


def _rules(node: Node) -> Generator[Rule, None, None]:
    yield from node.rules
    for child in node.static.values():
        yield from _rules(child)
    for edge in node.edges:
        yield from _rules(edge.node)


def _redirecting(rules: list[Rule]) -> Generator[int, None, None]:
    providers: dict[Any, list[Rule]] = {}
    for rule in rules:
        if rule.defaults:
            providers.setdefault(rule.endpoint, []).append(rule)
    for rule in rules:
        others = providers.get(rule.endpoint, ())
        if rule.alias or rule.redirect_to is not None or any(r.provides_defaults_for(rule) for r in others):
            yield id(rule)
