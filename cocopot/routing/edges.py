"""The transitions of a node over variable segments, and an index of them.

A path is tried against every edge of a node that it comes to, in Werkzeug's order. Where there are many, such
as for 1,000 rules like `/x7-<id>` or `/<path:file>/x7`, the static text at the beginning or at the end of a
part selects the few that can match.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cocopot.routing.readers import SUFFIX, make_reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.readers import Reader
    from cocopot.routing.walk import Node

#: Of fewer edges an index is not faster.
_MIN_EDGES = 5

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HEAD = re.compile(r"(?:[^\\(]|\\.)*", re.DOTALL)
#: What follows the last variable: in it, a parenthesis is escaped.
_TAIL = re.compile(r"\)((?:[^\\()]|\\.)*)\Z", re.DOTALL)
#: One of several texts, as of the converter `any`.
_ITEMS = re.compile(r"\(\?P<__werkzeug_0>\(\?:((?:[\w\s/<>\"',;:=!%&@`~-]|\\[\W_]|\|)*)\)\)")
_BAR = re.compile(r"((?:[^\\|]|\\.)*)(?:\||\Z)", re.DOTALL)


class Edge(NamedTuple):
    """The transition from a node over a variable segment, or over all the rest if `final`."""

    node: Node
    read: Reader
    final: bool
    suffixed: bool


class _Key(NamedTuple):
    """Texts of which one is in every text that a part matches.

    Args:
        final: Whether the part matches all the rest of a path.
        suffixed: Whether a slash at the end does not belong to the text.
        at_end: Whether they are at its end, not at its beginning.
        texts: The texts.
    """

    final: bool
    suffixed: bool
    at_end: bool
    texts: tuple[str, ...]


_Lengths: TypeAlias = "dict[int, dict[str, list[int]]]"


class EdgeIndex:
    """Finds the edges of a node that can match, by the text at the beginning or at the end of a part."""

    __slots__ = ("_always", "_edges", "_tables")

    def __init__(self, edges: tuple[Edge, ...], parts: Iterable[RulePart]) -> None:
        self._edges = edges
        #: The numbers of edges that are always tried.
        self._always: list[int] = []
        #: Which text they are looked up in, and by length and text the numbers of the edges.
        self._tables: dict[tuple[bool, bool, bool], _Lengths] = {}
        for number, part in enumerate(parts):
            key = _key(part)
            if key is None:
                self._always.append(number)
                continue
            table = self._tables.setdefault(key[:3], {})
            for text in set(key.texts):
                table.setdefault(len(text), {}).setdefault(text, []).append(number)

    def find(self, parts: list[str], index: int) -> list[Edge]:
        """Return the edges that can match the parts of a path from `index` on, in their order."""
        numbers = self._always.copy()
        for (final, suffixed, at_end), table in self._tables.items():
            text = "/".join(parts[index:]) if final else parts[index]
            if suffixed:
                text = text.removesuffix("/")
            for length, found in table.items():
                numbers += found.get(text[-length:] if at_end else text[:length], ())
        numbers.sort()
        return [self._edges[number] for number in numbers]


def make_edges(dynamic: Iterable[tuple[RulePart, Node]]) -> tuple[tuple[Edge, ...], EdgeIndex | None]:
    """Return the edges for the transitions of a state, and an index if there are many.

    Args:
        dynamic: The parts, and the nodes that they lead to.
    """
    pairs = tuple(dynamic)
    edges = tuple(Edge(node, make_reader(part), part.final, part.suffixed) for part, node in pairs)
    index = EdgeIndex(edges, (part for part, _ in pairs)) if len(edges) >= _MIN_EDGES else None
    return edges, index


def _key(part: RulePart) -> _Key | None:
    """Return the longest texts that can be looked up, or `None` if there are none."""
    content = part.content.removesuffix(r"\Z").removesuffix(SUFFIX if part.suffixed else "")
    beginning = _HEAD.match(content)
    end = _TAIL.search(content)
    head = beginning[0] if beginning is not None else ""
    items = _ITEMS.match(content, len(head))
    heads = [head + item for item in _BAR.findall(items[1])[:-1]] if items is not None else [head]
    tail = _unescape(end[1]) if end is not None else ""
    texts = tuple(map(_unescape, heads))
    if len(tail) > min(map(len, texts)):
        return _Key(part.final, part.suffixed, at_end=True, texts=(tail,))
    return _Key(part.final, part.suffixed, at_end=False, texts=texts) if all(texts) else None


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
