"""Plans: how a path with a given number of segments is read without a search."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.routing.converters import DEFAULT_CONVERTERS, BaseConverter, IntegerConverter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.rule import Rule
    from cocopot.routing.walk import Node

#: So many groups of plans are tried for one path before the states are walked.
_MAX_GROUPS = 8

_BUILTIN_CONVERTERS = frozenset(DEFAULT_CONVERTERS.values())

#: Where in the path, the variable's name, a test, a conversion. Without a test any text but an empty one will
#: do, and is the value.
Capture: TypeAlias = "tuple[int, str, Callable[[str], object] | None, Callable[[str], Any]]"
#: By method, with ``None`` for any other, the rule and how its variables are read.
Hits: TypeAlias = "dict[str | None, tuple[Rule, tuple[Capture, ...]]]"
#: What picks the static segments out of a path, and by these segments the hits.
_Group: TypeAlias = "tuple[Callable[[list[str]], Any], dict[Any, Hits]]"
#: A segment leads to the next lane, the number of all segments to groups of plans; ``None`` is there if no
#: rule has a variable so far.
Lane: TypeAlias = "dict[str | int | None, Any]"
_Fixed: TypeAlias = "tuple[tuple[int, str], ...]"


def find_hits(rules: Iterable[Rule], redirecting: frozenset[int]) -> Hits:
    """Return by method the first of ``rules``, as far as nothing but the method decides."""
    hits: Hits = {}
    for rule in rules:
        if rule.websocket:
            continue
        captures = _captures(rule)
        # What takes any method comes alone: the method may be one of another rule's, in small letters.
        if captures is None or id(rule) in redirecting or (rule.methods is None and hits):
            break
        for method in (None,) if rule.methods is None else rule.methods:
            hits.setdefault(method, (rule, captures))
        if rule.methods is None:
            break
    return hits


def _captures(rule: Rule) -> tuple[Capture, ...] | None:
    """Return how a plan reads the variables, or ``None`` where only a walk reads them as Werkzeug does."""
    converters = list(rule._converters.items())  # noqa: SLF001
    parts = [(index, part) for index, part in enumerate(rule._parts[1:]) if not part.static]  # noqa: SLF001
    if len(parts) != len(converters) or not all(map(_is_plain, parts, converters)):
        return None
    return tuple(
        (index, str(name), _test(part, converter), _conversion(converter))
        for (index, part), (name, converter) in zip(parts, converters, strict=True)
    )


def _is_plain(place: tuple[int, RulePart], variable: tuple[str, BaseConverter]) -> bool:
    """Whether the variable is one whole segment, never empty, and may be converted too early or twice."""
    part, converter = place[1], variable[1]
    whole = not part.final and part.content == rf"(?P<__werkzeug_0>{converter.regex})\Z"
    harmless = type(converter) in _BUILTIN_CONVERTERS or _is_identity(converter)
    return whole and harmless and re.match(part.content, "") is None


def _is_identity(converter: BaseConverter) -> bool:
    return getattr(converter.to_python, "__func__", None) is BaseConverter.to_python


def _test(part: RulePart, converter: BaseConverter) -> Callable[[str], object] | None:
    if converter.regex in {"[^/]+", "[^/]{1,}"} and _is_identity(converter):
        return None
    return str.isdecimal if converter.regex == r"\d+" else re.compile(part.content).match


def _conversion(converter: BaseConverter) -> Callable[[str], Any]:
    if _is_identity(converter):
        return str
    if not isinstance(converter, IntegerConverter):
        return converter.to_python
    limited = converter.fixed_digits or converter.min is not None or converter.max is not None
    return converter.to_python if limited else int


def lay_plans(node: Node, depth: int, redirecting: frozenset[int]) -> Lane:
    """Return by the number of segments the groups of plans that begin with a variable segment at ``node``.

    Within a group the same segments are static, with other texts: at most one of its plans fits a path. The
    groups stand in Werkzeug's order. Where a plan cannot say what Werkzeug would, its hits are empty: the
    states are walked.
    """
    plans: Lane = {}
    last: dict[int, tuple[int, ...]] = {}
    full: set[int] = set()
    for length, fixed, rules in _candidates(node, depth, (), variable=True):
        places, texts = tuple(index for index, _ in fixed), tuple(text for _, text in fixed)
        key = length if not texts else texts[0] if len(texts) == 1 else texts
        groups: list[_Group] = plans.setdefault(length, [])
        if not groups or last[length] != places or key in groups[-1][1]:
            if len(groups) == _MAX_GROUPS:
                full.add(length)
            else:
                # With nothing static the number of segments is the key: it is the same for all.
                groups.append((itemgetter(*places) if places else len, {}))
                last[length] = places
        if length not in full:
            groups[-1][1][key] = find_hits(rules, redirecting)
    return plans


def _candidates(
    node: Node, depth: int, fixed: _Fixed, *, variable: bool = False
) -> Generator[tuple[int, _Fixed, Sequence[Rule]], None, bool]:
    """Yield what may end a walk below ``node``, in its order: number of segments, the static ones, rules.

    Returns:
        Whether the rest is left out, because a variable that takes any number of segments comes next.
    """
    if not variable:
        if node.rules or "" in node.static:
            yield depth, fixed, node.rules
        for text, child in node.static.items():
            if (yield from _candidates(child, depth + 1, (*fixed, (depth, text)))):
                return True
    for edge in node.edges:
        if edge.final or (yield from _candidates(edge.node, depth + 1, fixed)):
            return True
    if not variable and not all(rule.strict_slashes for rule in node.rules):
        yield depth + 1, (*fixed, (depth, "")), ()
    return False
