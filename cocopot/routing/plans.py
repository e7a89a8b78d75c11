"""Plans: how a path with a given number of segments is read without a search."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from werkzeug.routing.converters import DEFAULT_CONVERTERS, BaseConverter, IntegerConverter

from cocopot.routing.readers import Capture, make_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.readers import Found, Plan
    from cocopot.routing.rule import Rule
    from cocopot.routing.walk import Node

#: So many groups of plans are tried for one path before the states are walked.
_MAX_GROUPS = 8
#: There are plans for paths of fewer segments, the empty one in front included.
_MAX_SEGMENTS = 16

_BUILTIN_CONVERTERS = frozenset(DEFAULT_CONVERTERS.values())

#: By method, with ``None`` for any other, the rule and how its variables are read.
Hits: TypeAlias = "dict[str | None, tuple[Rule, list[Capture]]]"
#: By the number of all segments.
Plans: TypeAlias = "tuple[Plan | None, ...]"
#: Where the static segment is, or what picks several out of a path; plans by these segments; the next group.
_Group: TypeAlias = "tuple[int, Callable[[list[str]], Any] | None, dict[Any, Plan], _Group | None]"
_Fixed: TypeAlias = "tuple[tuple[int, str], ...]"
#: Where the static segments are, and by these segments the hits.
_Candidates: TypeAlias = "tuple[tuple[int, ...], dict[tuple[str, ...], Hits]]"

#: Where no rule goes on with a variable.
NO_PLANS: Plans = (None,) * _MAX_SEGMENTS


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


def _captures(rule: Rule) -> list[Capture] | None:
    """Return how a plan reads the variables, or ``None`` where only a walk reads them as Werkzeug does."""
    converters = list(rule._converters.items())  # noqa: SLF001
    parts = [(index, part) for index, part in enumerate(rule._parts[1:]) if not part.static]  # noqa: SLF001
    if len(parts) != len(converters) or not all(map(_is_plain, parts, converters)):
        return None
    return [
        Capture(index, str(name), _test(part, converter), _conversion(converter))
        for (index, part), (name, converter) in zip(parts, converters, strict=True)
    ]


def _is_plain(place: tuple[int, RulePart], variable: tuple[str, BaseConverter]) -> bool:
    """Whether the variable is one whole segment, never empty, and may be converted too early or twice."""
    part, converter = place[1], variable[1]
    whole = not part.final and part.content == rf"(?P<__werkzeug_0>{converter.regex})\Z"
    harmless = type(converter) in _BUILTIN_CONVERTERS or _is_identity(converter)
    return whole and harmless and re.match(part.content, "") is None


def _is_identity(converter: BaseConverter) -> bool:
    return getattr(converter.to_python, "__func__", None) is BaseConverter.to_python


def _test(
    part: RulePart, converter: BaseConverter
) -> Callable[[str], object] | Literal["nonempty", "decimal"]:
    if converter.regex in {"[^/]+", "[^/]{1,}"} and _is_identity(converter):
        return "nonempty"
    return "decimal" if converter.regex == r"\d+" else re.compile(part.content).match


def _conversion(converter: BaseConverter) -> Callable[[str], Any] | Literal["text", "int"]:
    if _is_identity(converter):
        return "text"
    if not isinstance(converter, IntegerConverter):
        return converter.to_python
    limited = converter.fixed_digits or converter.min is not None or converter.max is not None
    return converter.to_python if limited else "int"


def lay_plans(node: Node, depth: int, redirecting: frozenset[int]) -> Plans:
    """Return by the number of segments the plans for paths that go on with a variable segment at ``node``.

    Where there are several, they are grouped. Within a group the same segments are static, with other texts:
    at most one of its plans fits a path. The groups stand in Werkzeug's order. Where a plan cannot say what
    Werkzeug would, the states are walked.
    """
    by_length: dict[int, list[_Candidates]] = {}
    full: set[int] = set()
    for length, fixed, rules in _candidates(node, depth, (), variable=True):
        places, texts = tuple(index for index, _ in fixed), tuple(text for _, text in fixed)
        groups = by_length.setdefault(length, [])
        if not groups or groups[-1][0] != places or texts in groups[-1][1]:
            if len(groups) == _MAX_GROUPS:
                full.add(length)
            else:
                groups.append((places, {}))
        if length not in full:
            groups[-1][1][texts] = find_hits(rules, redirecting)
    if not by_length:
        return NO_PLANS
    return tuple(_join(by_length.get(length, [])) for length in range(_MAX_SEGMENTS))


def _join(groups: list[_Candidates]) -> Plan | None:
    """Return one plan for all groups."""
    if len(groups) == 1 and len(groups[0][1]) == 1:
        ((places, candidates),) = groups
        ((texts, hits),) = candidates.items()
        return _plan(hits, tuple(zip(places, texts, strict=True)))
    linked: _Group | None = None
    for places, candidates in reversed(groups):
        pick = itemgetter(*places) if len(places) > 1 else None
        # With nothing static the first segment is the key: it is empty in every path.
        plans = {texts if pick else "".join(texts): _plan(hits, ()) for texts, hits in candidates.items()}
        linked = (places[0] if places else 0, pick, plans, linked)
    return None if linked is None else (_try_groups, linked)


def _plan(hits: Hits, fixed: _Fixed) -> Plan:
    if not hits:
        return (_give_up,)
    all_captures = [captures for _, captures in hits.values()]
    if all_captures.count(all_captures[0]) == len(all_captures):
        rules = {method: rule for method, (rule, _) in hits.items()}
        return make_reader(rules, all_captures[0], fixed)
    plans = {method: make_reader({None: rule}, captures, fixed) for method, (rule, captures) in hits.items()}
    return (_try_method, plans)


def _try_groups(parts: list[str], method: str, plan: Plan) -> Found | Literal[False] | None:
    group: _Group | None = plan[1]
    while group is not None:
        place, pick, plans, group = group
        inner = plans.get(parts[place] if pick is None else pick(parts))
        if inner is not None:
            found: Found | Literal[False] | None = inner[0](parts, method, inner)
            if found is not None:
                return found
    return None


def _try_method(parts: list[str], method: str, plan: Plan) -> Found | Literal[False] | None:
    inner: Plan | None = plan[1].get(method)
    return False if inner is None else inner[0](parts, method, inner)


def _give_up(_parts: list[str], _method: str, _plan: Plan) -> Literal[False]:
    return False


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
