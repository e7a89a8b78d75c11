"""The transitions of a node over variable segments, and an index of them.

A path is tried against every edge of a node that it comes to, in Werkzeug's order. Where there are many, such
as for 1,000 rules like `/x7-<id>`, `/<path:file>/x7` or `/<path:file>/x7/<id>`, the static text at the
beginning or at the end of a part, or a word between its variables, selects the few that can match.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cocopot.routing.readers import SUFFIX, make_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.readers import Reader
    from cocopot.routing.walk import Node

#: Of fewer edges an index is not faster.
_MIN_EDGES = 5

_ESCAPED = r"(?s)\\(.)"
_HEAD = r"(?s)(?:[^\\(]|\\.)*"
#: What follows the last variable: in it, a parenthesis is escaped.
_TAIL = r"(?s)\)((?:[^\\()]|\\.)*)\Z"
#: The text between two variables.
_BETWEEN = r"(?s)\)((?:[^\\()]|\\.)*)(?=\(\?P<__werkzeug_)"
_find_words = re.compile(r"\w+").findall
#: A word in such a text that is a word in each text that contains it.
_WHOLE_WORD = r"(?<=\W)\w+(?=\W)"
#: One of several texts, as of the converter `any`.
_ITEMS = r"\(\?P<__werkzeug_0>\(\?:((?:[\w\s/<>\"',;:=!%&@`~-]|\\[\W_]|\|)*)\)\)"
#: A variable of a number of characters that is limited.
_LENGTH = r"\(\?P<__werkzeug_0>\[\^/\]\{(\d{1,4})(?:,(\d{1,4}))?\}\)"
#: The most numbers of characters by which one part is looked up.
_MAX_LENGTHS = 16
_BAR = r"(?s)((?:[^\\|]|\\.)*)(?:\||\Z)"


class Edge(NamedTuple):
    """The transition from a node over a variable segment, or over all the rest if `final`."""

    node: Node
    read: Reader
    final: bool
    suffixed: bool


_Place: TypeAlias = Literal["beginning", "end", "word", "length"]
_Use: TypeAlias = tuple[_Place, str]


class _Key(NamedTuple):
    """Texts of which one is in every text that a part matches.

    Args:
        place: Where it is: at the beginning, at the end, or a whole word; or that the texts are decimal
            numbers, of which one is the length of every text that a part matches.
        texts: The texts.
    """

    place: _Place
    texts: tuple[str, ...]


#: What a key is looked up in: whether that is all the rest of a path, without a slash at its end.
_Scope: TypeAlias = "tuple[bool, bool]"
_Lengths: TypeAlias = "dict[int, dict[str, list[int]]]"


class EdgeIndex:
    """Finds the edges of a node that can match, by static text of their parts: the rarest that each has."""

    __slots__ = ("_always", "_by_length", "_edges", "_tables", "_words")

    def __init__(self, edges: tuple[Edge, ...], parts: Iterable[RulePart]) -> None:
        self._edges = edges
        #: The numbers of edges that are always tried.
        self._always: list[int] = []
        #: By what they are looked up in, and whether at its end: by length and text the numbers of edges.
        self._tables: dict[tuple[_Scope, bool], _Lengths] = {}
        #: By what they are looked up in, the numbers of edges by one of its words.
        self._words: dict[_Scope, dict[str, list[int]]] = {}
        #: By the length of a segment, as text, the numbers of edges.
        self._by_length: dict[str, list[int]] = {}
        all_keys = [_keys(part) for part in parts]
        uses: Counter[_Use] = Counter(
            (key.place, text) for keys in all_keys for key in keys for text in key.texts
        )
        for number, keys in enumerate(all_keys):
            if keys:
                self._add(number, min(keys, key=lambda key: _cost(key, uses)))
            else:
                self._always.append(number)

    def _add(self, number: int, key: _Key) -> None:
        scope = self._edges[number].final, self._edges[number].suffixed
        for text in set(key.texts):
            if key.place == "length":
                texts = self._by_length
            elif key.place == "word":
                texts = self._words.setdefault(scope, {})
            else:
                lengths = self._tables.setdefault((scope, key.place == "end"), {})
                texts = lengths.setdefault(len(text), {})
            texts.setdefault(text, []).append(number)

    def find(self, parts: list[str], index: int) -> list[Edge]:
        """Return the edges that can match the parts of a path from `index` on, in their order."""
        numbers = self._always.copy()
        if self._by_length:
            numbers += self._by_length.get(str(len(parts[index])), ())
        for ((final, suffixed), at_end), table in self._tables.items():
            text = "/".join(parts[index:]) if final else parts[index]
            if suffixed:
                text = text.removesuffix("/")
            for length, found in table.items():
                numbers += found.get(text[-length:] if at_end else text[:length], ())
        for (final, _), by_word in self._words.items():
            for word in set(_find_words("/".join(parts[index:]) if final else parts[index])):
                numbers += by_word.get(word, ())
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


def _keys(part: RulePart) -> list[_Key]:
    """Return the texts by which a part can be looked up."""
    content = part.content.removesuffix(r"\Z").removesuffix(SUFFIX if part.suffixed else "")
    beginning = re.match(_HEAD, content)
    end = re.search(_TAIL, content)
    head = beginning[0] if beginning is not None else ""
    items = re.match(_ITEMS, content[len(head) :])
    heads = [head + item for item in re.findall(_BAR, items[1])[:-1]] if items is not None else [head]
    words = {
        word for text in re.findall(_BETWEEN, content) for word in re.findall(_WHOLE_WORD, _unescape(text))
    }
    keys = [
        _Key("beginning", tuple(map(_unescape, heads))),
        _Key("end", (_unescape(end[1]) if end is not None else "",)),
        *(_Key("word", (word,)) for word in words),
    ]
    length = None if part.final or part.suffixed else re.fullmatch(_LENGTH, content)
    if length is not None:
        least, most = int(length[1]), int(length[2] or length[1])
        lengths = tuple(map(str, range(least, most + 1)))
        if 0 < len(lengths) <= _MAX_LENGTHS:
            keys.append(_Key("length", lengths))
    return [key for key in keys if all(key.texts)]


def _cost(key: _Key, uses: Mapping[_Use, int]) -> tuple[int, bool, int]:
    """Return what sorts keys: how many parts have the text, that words take longer to look up, its length."""
    length = min(map(len, key.texts))
    return max(uses[key.place, text] for text in key.texts), key.place == "word", -length


def _unescape(text: str) -> str:
    return re.sub(_ESCAPED, r"\1", text)
