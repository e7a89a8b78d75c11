"""The exact search: a walk through a frozen copy of Werkzeug's states."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

from werkzeug.routing import ValidationError
from werkzeug.routing.converters import NumberConverter
from werkzeug.routing.exceptions import NoMatch, WebsocketMismatch

from cocopot.exceptions import MethodNotAllowed, NotFound
from cocopot.routing.edges import make_edges

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from werkzeug.routing.matcher import State

    from cocopot.exceptions import HTTPException
    from cocopot.routing.edges import Edge
    from cocopot.routing.rule import Rule

#: A rule, and the texts of its variables.
WalkResult: TypeAlias = "tuple[Rule, tuple[str, ...]]"


class SlashRequiredError(Exception):
    """The path matches with a slash appended."""


class Node:
    """A frozen copy of one of Werkzeug's states: other threads may add rules while it is walked."""

    __slots__ = ("edges", "index", "rules", "static")

    def __init__(self, state: State) -> None:
        self.rules = cast("tuple[Rule, ...]", tuple(state.rules))
        self.static = {text: Node(child) for text, child in state.static.items()}
        self.edges, self.index = make_edges((part, Node(child)) for part, child in state.dynamic)


class Walk:
    """One search of the states, depth first, in the order of Werkzeug's matcher."""

    __slots__ = ("method", "missed", "websocket")

    def __init__(self, method: str, *, websocket: bool = False) -> None:
        self.method = method
        self.websocket = websocket
        self.missed: list[Rule] = []

    def find(self, node: Node, parts: list[str], index: int, values: tuple[str, ...]) -> WalkResult | None:
        """Return the rule that the parts from `index` on lead to, with its values, or `None`.

        It goes as deep as the rules do, never as deep as the path.
        """
        if index == len(parts):
            return self._end(node, values)
        child = node.static.get(parts[index])
        found = None if child is None else self.find(child, parts, index + 1, values)
        if found is not None:
            return found
        for edge in node.edges if node.index is None else node.index.find(parts, index):
            found = self._cross(edge, parts, index, values)
            if found is not None:
                return found
        if not parts[index] and index + 1 == len(parts):
            lenient = [rule for rule in node.rules if not rule.strict_slashes]
            return self._choose(lenient, values)
        return None

    def _cross(self, edge: Edge, parts: list[str], index: int, values: tuple[str, ...]) -> WalkResult | None:
        read = edge.read("/".join(parts[index:]) if edge.final else parts[index])
        if read is None:
            return None
        if edge.suffixed:
            *read, slash = read
            if slash:
                return self.find(edge.node, [""], 0, (*values, *read))
        return self.find(edge.node, parts, len(parts) if edge.final else index + 1, (*values, *read))

    def _choose(self, rules: Iterable[Rule], values: tuple[str, ...]) -> WalkResult | None:
        for rule in rules:
            if self._fits(rule):
                return rule, values
            self.missed.append(rule)
        return None

    def _fits(self, rule: Rule) -> bool:
        return (rule.methods is None or self.method in rule.methods) and rule.websocket == self.websocket

    def _end(self, node: Node, values: tuple[str, ...]) -> WalkResult | None:
        found = self._choose(node.rules, values)
        if found is None and "" in node.static:
            for rule in filter(self._fits, node.static[""].rules):
                if rule.strict_slashes:
                    raise SlashRequiredError
                return rule, values
        return found

    def no_match(self) -> NoMatch:
        """Return Werkzeug's error for a miss, with the methods that the rules on the way allow."""
        methods: set[str] = set()
        mismatch = False
        for rule in self.missed:
            if rule.methods is not None and self.method not in rule.methods:
                methods.update(rule.methods)
            else:
                mismatch = True
        return NoMatch(methods, mismatch)

    def error(self) -> HTTPException:
        """Return the HTTP exception that Werkzeug's adapter raises for a miss."""
        miss = self.no_match()
        if miss.have_match_for:
            return MethodNotAllowed(valid_methods=list(miss.have_match_for))
        return WebsocketMismatch() if miss.websocket_mismatch else NotFound()


def read_arguments(rule: Rule, values: Iterable[str]) -> dict[str, Any]:
    """Return the values of a rule's variables, converted, and its defaults.

    Raises:
        ValidationError: A converter rejects its value, or a number has more digits than `int` reads.
    """
    arguments: dict[str, Any] = {}
    for (name, converter), value in zip(rule._converters.items(), values, strict=False):  # noqa: SLF001
        try:
            arguments[str(name)] = converter.to_python(value)
        except ValueError as error:
            if isinstance(converter, NumberConverter):
                raise ValidationError from error
            raise
    if rule.defaults:
        arguments.update(rule.defaults)
    return arguments
