"""Plans: how a path with a given number of segments is read without a search.

The functions of plans that read variables are *readers*, compiled for each shape of rule. A shape states
where the variables are, and how each is tested and converted. Rules of one shape share a reader: what is
particular to a rule, such as the names of its variables, is in the plan.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from werkzeug.routing import ValidationError

from cocopot.routing.captures import (
    Selected,
    captures_of,
    ending_rules,
    group_by_method,
    lenient_rules,
    slash_rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from cocopot.routing.captures import Capture, RulesByMethod
    from cocopot.routing.defaults import OtherDefaults, Redirecting
    from cocopot.routing.rule import Rule
    from cocopot.routing.walk import Node

#: The most groups of plans that are tried for one path before the states are walked.
_MAX_GROUPS = 8
#: There are plans for paths of fewer segments, the empty one in front included.
_MAX_SEGMENTS = 16

#: The rule and new arguments for its view.
Match: TypeAlias = "tuple[Rule, dict[str, Any]]"
#: A converter has rejected the text of its variable: no other rule is tried.
REJECTED: Final = "rejected"
#: The path is redirected to the one with a slash.
REDIRECTED: Final = "redirected"
#: What a plan returns: `None` for a path that does not fit, `False` where only a walk can decide. A list has
#: the methods of all rules of a path, of which none has the method of the request. Of a path without a plan,
#: the outcome is whether no rule matches it, if slashes are not merged.
Outcome: TypeAlias = "Match | list[str] | bool | Literal['rejected', 'redirected'] | None"
#: A function and its data. It is called with a path's segments, the method and the plan itself:
#: `plan[0](parts, method, plan)`. `Router.match_request` and `speedups.match_plain` call plans.
Plan: TypeAlias = "tuple[Any, ...]"
#: By the number of all segments.
Plans: TypeAlias = "tuple[Plan | None, ...]"
_Static: TypeAlias = "tuple[tuple[int, str], ...]"
_Shape: TypeAlias = "tuple[tuple[int, int, int, str, str], ...]"

#: Where no rule continues with a variable.
NO_PLANS: Plans = (None,) * _MAX_SEGMENTS


_Texts: TypeAlias = "tuple[str, ...]"
#: The rules; all methods of them, if no rule but these has their path; whether they redirect it.
_Ended: TypeAlias = "tuple[RulesByMethod, list[str] | None, bool]"
#: The indexes of the static segments, and by the texts of these segments the rules.
_Candidates: TypeAlias = "tuple[tuple[int, ...], dict[_Texts, _Ended]]"
#: What may end a walk: number of segments, the static ones, rules, whether no rule has a slash more, and
#: whether these rules do, so that they redirect the path.
_Candidate: TypeAlias = "tuple[int, _Static, Sequence[Rule], bool, bool]"
#: The index of the static segment; what picks several out of a path; plans by their texts; the next group.
_Group: TypeAlias = (
    "tuple[int, Callable[[list[str]], _Texts] | None, dict[str | _Texts, Plan], _Group | None]"
)


# -- plans -----------------------------------------------------------------


def build_plans(node: Node, depth: int, redirecting: Redirecting, *, exhaustive: bool) -> Plans:
    """Return by the number of segments the plans for paths that continue with a variable segment at `node`.

    Where there are several, they are grouped. Within a group the same segments are static, with other texts:
    at most one of its plans fits a path. The groups are in Werkzeug's order. Where a plan cannot decide as
    Werkzeug would, the states are walked.

    Args:
        node: The node.
        depth: The number of static segments that lead to it.
        redirecting: Rules that may answer with a redirect.
        exhaustive: Whether no rule with a variable in one of these segments matches such a path.
    """
    by_length: dict[int, list[_Candidates]] = {}
    # Those of a path are the same for each length.
    all_ended: dict[tuple[tuple[int, ...], bool, bool], _Ended] = {}
    full: set[int] = set()
    candidates = _Returning(_candidates(node, depth, (), is_variable=True))
    for length, static, rules, is_end, is_redirected in candidates:
        indexes, texts = tuple(index for index, _ in static), tuple(text for _, text in static)
        groups = by_length.setdefault(length, [])
        if not groups or groups[-1][0] != indexes or texts in groups[-1][1]:
            if len(groups) == _MAX_GROUPS:
                full.add(length)
            else:
                groups.append((indexes, {}))
        if length not in full:
            key = tuple(map(id, rules)), is_end, is_redirected
            if key not in all_ended:
                by_method = group_by_method(rules, {} if is_redirected else redirecting)
                methods = _all_methods(rules, by_method) if is_end else None
                all_ended[key] = by_method, methods, is_redirected
            groups[-1][1][texts] = all_ended[key]
    if not by_length:
        return NO_PLANS
    exhaustive = exhaustive and not candidates.value
    return tuple(_join_all(by_length, full, indexed=node.index is not None, exhaustive=exhaustive))


def _join_all(
    by_length: Mapping[int, list[_Candidates]], full: AbstractSet[int], *, indexed: bool, exhaustive: bool
) -> Generator[Plan | None, None, None]:
    """Yield the plan for each number of segments; a path's is the same for many.

    Args:
        by_length: The groups, by the number of segments.
        full: The numbers of segments with more groups than are tried.
        indexed: Whether a walk has an index: it is quicker than most of their plans, which fit no path.
        exhaustive: As for `build_plans`.
    """
    last, plan = None, None
    for length in range(_MAX_SEGMENTS):
        groups = by_length.get(length, [])
        joined = groups, exhaustive and length not in full and len(groups) == 1
        if indexed and length in full:
            yield _WALK
        elif joined == last:
            yield plan
        else:
            last, plan = joined, _join(groups, exhaustive=joined[1])
            yield plan


class _Returning:
    """Iterates over a generator, and keeps what it returns.

    Args:
        generator: The generator.
    """

    def __init__(self, generator: Generator[_Candidate, None, bool]) -> None:
        self._generator = generator
        self.value = False

    def __iter__(self) -> Generator[_Candidate, None, None]:
        self.value = yield from self._generator


def _all_methods(rules: Sequence[Rule], by_method: RulesByMethod) -> list[str] | None:
    """Return the methods of rules in the order in which Werkzeug lists them, if one matches for each."""
    methods: set[str] = set()
    for rule in rules:
        if rule.methods is None or rule.websocket:
            return None
        methods.update(rule.methods)
    return list(methods) if by_method.keys() == methods else None


def _candidates(
    node: Node, depth: int, static: _Static, *, is_variable: bool = False
) -> Generator[_Candidate, None, bool]:
    """Yield what may end a walk below `node`, in its order.

    Returns:
        Whether the rest is skipped, because what takes any number of segments comes next, and is not just a
        path.
    """
    if not is_variable:
        if node.rules or "" in node.static:
            rules, is_redirected = _ending(node)
            yield depth, static, rules, "" not in node.static, is_redirected
        for text, child in node.static.items():
            if (yield from _candidates(child, depth + 1, (*static, (depth, text)))):
                return True
    for edge in node.edges:
        if edge.final:
            if edge.suffixed or captures_of(edge.node.rules[0]) is None:
                return True
            lengths = range(depth + 1, _MAX_SEGMENTS)
            yield from ((length, static, edge.node.rules, True, False) for length in lengths)
        elif (yield from _candidates(edge.node, depth + 1, static)):
            return True
    if not is_variable and (rules := lenient_rules(node)):
        yield depth + 1, (*static, (depth, "")), rules, False, False
    return False


def _ending(node: Node) -> tuple[Sequence[Rule], bool]:
    """Return the rules for a path that ends at a node, and whether they redirect it."""
    rules = ending_rules(node)
    if rules:
        return rules, False
    rules = slash_rules(node)
    return rules, bool(rules)


def _join(groups: list[_Candidates], *, exhaustive: bool) -> Plan | None:
    """Return one plan for all groups; if it is exhaustive, no other rule matches a path that fits it."""
    if len(groups) == 1 and len(groups[0][1]) == 1:
        ((indexes, candidates),) = groups
        ((texts, rules),) = candidates.items()
        return _plan(rules, tuple(zip(indexes, texts, strict=True)), exhaustive=exhaustive)
    linked: _Group | None = None
    for indexes, candidates in reversed(groups):
        pick = itemgetter(*indexes) if len(indexes) > 1 else None
        # With nothing static the first segment is the key: it is empty in every path.
        plans: dict[str | _Texts, Plan] = {
            texts if pick else "".join(texts): _plan(rules, (), exhaustive=exhaustive)
            for texts, rules in candidates.items()
        }
        linked = (indexes[0] if indexes else 0, pick, plans, linked)
    return None if linked is None else (_first_match, linked)


def _plan(ended: _Ended, static: _Static, *, exhaustive: bool) -> Plan:
    rules, methods, is_redirected = ended
    if not rules:
        return _WALK
    if is_redirected:
        return (_redirect, _plan_by_method(_without_conversions(rules), static, False))
    plan = _plan_by_method(rules, static, methods if exhaustive and methods else False)
    found = rules.values()
    redirecting = {id(item.rule): item.redirecting for item in found if item.redirecting is not None}
    return (_match_unless_redirected, plan, redirecting) if redirecting else plan


def _without_conversions(rules: RulesByMethod) -> RulesByMethod:
    """Return what decides whether a path fits the rules, without the conversions, which may reject it."""
    return {
        method: Selected(found.rule, [capture.as_text() for capture in found.captures], None)
        for method, found in rules.items()
    }


def _plan_by_method(rules: RulesByMethod, static: _Static, others: list[str] | bool) -> Plan:
    """Return the plan of rules, and of what it returns for other methods."""
    selected: list[Selected] = list(rules.values())
    captures = selected[0].captures
    if all(found.captures == captures for found in selected):
        by_method: dict[str | bool | None, Any] = {method: found.rule for method, found in rules.items()}
        by_method[False] = others
        return _make_reader(by_method, captures, static)
    plans = {
        method: _make_reader({None: found.rule}, found.captures, static) for method, found in rules.items()
    }
    return (_match_method, plans)


def _first_match(parts: list[str], method: str, plan: Plan) -> Outcome:
    group: _Group | None = plan[1]
    while group is not None:
        index, pick, plans, group = group
        inner = plans.get(parts[index] if pick is None else pick(parts))
        if inner is not None:
            found: Outcome = inner[0](parts, method, inner)
            if found is not None:
                return found
    return None


def _match_method(parts: list[str], method: str, plan: Plan) -> Outcome:
    inner: Plan | None = plan[1].get(method)
    outcome: Outcome = False if inner is None else inner[0](parts, method, inner)
    return outcome


def _match_unless_redirected(parts: list[str], method: str, plan: Plan) -> Outcome:
    """Leave a path to Werkzeug whose values are the defaults of another rule of the endpoint."""
    inner: Plan = plan[1]
    outcome: Outcome = inner[0](parts, method, inner)
    if type(outcome) is tuple:
        rule, arguments = outcome
        others: OtherDefaults | None = plan[2].get(id(rule))
        if others is not None and others.fits(arguments):
            return False
    return outcome


def _redirect(parts: list[str], method: str, plan: Plan) -> Outcome:
    """Redirect a path that fits rules with a slash more."""
    inner: Plan = plan[1]
    outcome: Outcome = inner[0](parts, method, inner)
    return REDIRECTED if type(outcome) is tuple else outcome


def _undecided(_parts: list[str], _method: str, _plan: Plan) -> Literal[False]:
    return False


_WALK: Plan = (_undecided,)


# -- readers ---------------------------------------------------------------

_TESTS = {
    "nonempty": "not text{}",
    "decimal": "not (text{0}.isdecimal() and text{0}.isascii())",
    "path": "not text{0} or text{0}[0] == '/'",
    "own": "accepts{0}(text{0}) is None",
}
_VALUES = {"text": "text{}", "int": "int(text{})", "own": "convert{0}(text{0})"}


def _statements(index: str, segment: int, count: int, test: str) -> list[str]:
    """Return the statements that read and test a variable, or all those of a segment with other text."""
    rest = f"'/'.join(parts[{segment}:])"
    if count:
        texts = "".join(f"text{segment}_{place}, " for place in range(count))
        source = rest if test == "split rest" else f"parts[{segment}]"
        return [f"texts = accepts{index}({source})", "if texts is None: return None", f"{texts}= texts"]
    statements = [f"text{index} = {rest if test == 'path' else f'parts[{segment}]'}"]
    if test == "path":  # which a line break may end: an expression decides
        statements.append(f"if '\\n' in text{index}: return False")
    return [*statements, f"if {_TESTS[test].format(index)}: return None"]


def _shape_of(capture: Capture) -> tuple[int, int, int, str, str]:
    test: str = "own" if callable(capture.accepts) else capture.accepts
    if capture.number:
        test = "split rest" if capture.is_rest else "split"
    value = "own" if callable(capture.convert) else capture.convert
    return capture.segment, capture.place, capture.number, test, value


def _make_reader(
    rules: Mapping[str | bool | None, Any], captures: Sequence[Capture], static: _Static
) -> Plan:
    """Return the plan that reads a path of `rules`.

    Args:
        rules: The rules by method, and what is returned for other methods by `False`; or one rule for `None`,
            which means every method.
        captures: How their variables are read.
        static: Segments that must be there, as index and text.
    """
    shape = tuple(map(_shape_of, captures))
    indexes = tuple(index for index, _ in static)
    defaults = any(rule.defaults for method, rule in rules.items() if method is not False)
    raises_any = any(capture.raises_any for capture in captures)
    read = _compile(shape, indexes, any_method=None in rules, defaults=defaults, raises_any=raises_any)
    own: list[object] = [
        item
        for capture in captures
        for item in (capture.name, *filter(callable, (capture.accepts, capture.convert)))
    ]
    return (read, rules.get(None, rules), *(text for _, text in static), *own)


@lru_cache(maxsize=1024)
def _compile(
    shape: _Shape, indexes: tuple[int, ...], *, any_method: bool, defaults: bool, raises_any: bool
) -> Callable[[list[str], str, Plan], Outcome]:
    """Return the reader for a shape; all tests come before all conversions, as in Werkzeug."""
    names = ["_", "rule" if any_method else "rules", *(f"static{index}" for index in indexes)]
    tests = [f"if parts[{index}] != static{index}: return None" for index in indexes]
    items = []
    for segment, place, count, test, value in shape:
        index = f"{segment}_{place}"
        is_read = place == 0  # else it has been read with the first one
        is_called = test == "own" or (count > 0 and is_read)
        names.append(f"name{index}")
        names += [f"accepts{index}"] * is_called + [f"convert{index}"] * (value == "own")
        tests += _statements(index, segment, count, test) if is_read else []
        items.append(f"name{index}: {_VALUES[value].format(index)}")
    if not any_method:
        tests += ["rule = rules.get(method)", "if rule is None: return rules[False]"]
    arguments = ", ".join([*items, *["**(rule.defaults or {})"] * defaults])
    rejection = "ValidationError" if raises_any else "ValueError"  # also of `int`, for too many digits
    result = [f"try: return rule, {{{arguments}}}", f"except {rejection}: return REJECTED"]
    lines = [f"{', '.join(names)} = plan", *tests, *result]
    namespace: dict[str, object] = {
        "__name__": __name__,
        "REJECTED": REJECTED,
        "ValidationError": ValidationError,
    }
    source = "\n    ".join(["def read(parts, method, plan):", *lines])
    exec(compile(source, f"<reader of {shape}>", "exec"), namespace)  # noqa: S102 - built from the texts above
    return cast("Callable[[list[str], str, Plan], Outcome]", namespace["read"])
