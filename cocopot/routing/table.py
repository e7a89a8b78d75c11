"""The table: all that matching needs, built of Werkzeug's states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cocopot.exceptions import NotFound
from cocopot.routing.plans import find_hits, lay_plans
from cocopot.routing.walk import Node

if TYPE_CHECKING:
    from collections.abc import Generator

    from werkzeug.routing.matcher import State

    from cocopot.routing.plans import Lane
    from cocopot.routing.rule import Rule

#: The host, and if there is one of them, the server name and the subdomain to match with.
Host: TypeAlias = "str | tuple[str | None, str | None, str | None] | None"


class Domain:
    """The quick tables for the rules of one host or subdomain that has no variable."""

    __slots__ = ("index", "lane", "name", "static")

    def __init__(self, name: str, node: Node, redirecting: frozenset[int], *, dead_ends: bool) -> None:
        self.name = name
        #: By whole path and method, the rule; "/" is apart, as it may stand for an empty path.
        self.static: dict[str, dict[str | None, Rule]] = {}
        self.index: dict[str | None, Rule] = {}
        self.lane: Lane = {}
        start = node.static.get("")
        if start is not None:
            self.lane[""] = self._lay(start, [""], redirecting, dead_ends)
            self.index = _by_method(start.static.get(""), redirecting)

    def find(  # noqa: C901, PLR0912 - the hot loop
        self, path: str, method: str
    ) -> tuple[Rule, dict[str, Any]] | None:
        """Match by a plan; ``None`` where no plan is sure.

        Every request to a rule with variables comes through here, so it is written out in one go.

        Raises:
            NotFound: No rule begins as the path does.
        """
        parts = path.split("/")
        lane = self.lane
        for part in parts:
            below = lane.get(part)
            if below is None:
                break
            lane = below
        else:
            part = ""
        groups = lane.get(len(parts))
        if groups is None:
            if part and None in lane and "//" not in path:
                raise NotFound
            return None
        for pick, plans in groups:
            plan = plans.get(pick(parts))
            if plan is None:
                continue
            hit = plan.get(method) or plan.get(None)
            if hit is None:
                return None
            rule, captures = hit
            arguments = {}
            try:
                for index, name, accepts, convert in captures:
                    text = parts[index]
                    if accepts is None:
                        if not text:
                            break
                        arguments[name] = text
                    elif accepts(text):
                        arguments[name] = convert(text)
                    else:
                        break
                else:
                    if rule.defaults:
                        arguments.update(rule.defaults)
                    return rule, arguments
            except ValueError:
                return None
        return None

    def _lay(self, node: Node, path: list[str], redirecting: frozenset[int], dead_ends: bool) -> Lane:
        if node.rules:
            self.static["/".join(path)] = _by_method(node, redirecting)
        dead_ends = dead_ends and not node.edges
        lane: Lane = lay_plans(node, len(path), redirecting)
        if dead_ends:
            lane[None] = True
        for text, child in node.static.items():
            # No path begins with two slashes: Werkzeug drops all but one.
            if text or len(path) > 1:
                lane[text] = self._lay(child, [*path, text], redirecting, dead_ends)
        return lane


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
