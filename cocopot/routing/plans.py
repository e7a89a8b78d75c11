"""Plans: how a path with a given number of segments is read without a search.

The functions of plans that read variables are *readers*, compiled for each shape of rule. A shape states
where the variables are, and how each is tested and converted. Rules of one shape share a reader: what is
particular to a rule, such as the names of its variables, is in the plan.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

from werkzeug.routing import ValidationError
from werkzeug.routing.converters import BaseConverter, PathConverter

from cocopot.routing.converters import CONVERTERS, IntegerConverter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.rule import Rule
    from cocopot.routing.walk import Node

#: The most groups of plans that are tried for one path before the states are walked.
_MAX_GROUPS = 8
#: There are plans for paths of fewer segments, the empty one in front included.
_MAX_SEGMENTS = 16

_BUILTIN_CONVERTERS = frozenset(CONVERTERS.values())
#: A variable that takes the rest of a path.
_REST = rf"(?P<__werkzeug_0>{PathConverter.regex})\Z"

#: The rule and new arguments for its view.
Match: TypeAlias = "tuple[Rule, dict[str, Any]]"
#: A converter has rejected the text of its variable: no other rule is tried.
REJECTED: Final = "rejected"
#: What a plan returns: `None` for a path that does not fit, `False` where only a walk can decide. A list has
#: the methods of all rules of a path, of which none has the method of the request. Of a path without a plan,
#: the outcome is whether no rule matches it, if slashes are not merged.
Outcome: TypeAlias = "Match | list[str] | bool | Literal['rejected'] | None"
#: A function and its data. It is called with a path's segments, the method and the plan itself:
#: `plan[0](parts, method, plan)`. `Router.match_request` and `speedups.match_plain` call plans.
Plan: TypeAlias = "tuple[Any, ...]"
#: By the number of all segments.
Plans: TypeAlias = "tuple[Plan | None, ...]"
_Static: TypeAlias = "tuple[tuple[int, str], ...]"
_Shape: TypeAlias = "tuple[tuple[int, str, str], ...]"

#: Where no rule continues with a variable.
NO_PLANS: Plans = (None,) * _MAX_SEGMENTS


class Capture(NamedTuple):
    """How one variable is read.

    Args:
        segment: The index of its segment.
        name: Its name.
        accepts: A test that returns `None` for a text that it rejects; or what is tested without a call: that
            the text is not empty, that it is digits from 0 to 9, or that the rest of the path is a path.
        convert: A conversion; or what is done without a call: nothing, or `int`.
        raises_any: Whether a `ValueError` of the rule's conversions may be another one than its converters'
            rejection of a text.
    """

    segment: int
    name: str
    accepts: Callable[[str], object] | Literal["nonempty", "decimal", "path"]
    convert: Callable[[str], object] | Literal["text", "int"]
    raises_any: bool


#: By method, with `None` for any other, the rule and how its variables are read.
RulesByMethod: TypeAlias = "dict[str | None, tuple[Rule, list[Capture]]]"
_Texts: TypeAlias = "tuple[str, ...]"
#: The rules, and all methods of them, if no rule but these has their path.
_Ended: TypeAlias = "tuple[RulesByMethod, list[str] | None]"
#: The indexes of the static segments, and by the texts of these segments the rules.
_Candidates: TypeAlias = "tuple[tuple[int, ...], dict[_Texts, _Ended]]"
#: What may end a walk: number of segments, the static ones, rules, whether no rule has a slash more.
_Candidate: TypeAlias = "tuple[int, _Static, Sequence[Rule], bool]"
#: The index of the static segment; what picks several out of a path; plans by their texts; the next group.
_Group: TypeAlias = (
    "tuple[int, Callable[[list[str]], _Texts] | None, dict[str | _Texts, Plan], _Group | None]"
)


# -- rules -----------------------------------------------------------------


def group_by_method(rules: Iterable[Rule], redirecting: frozenset[int]) -> RulesByMethod:
    """Return by method the first of `rules`, as far as only the method decides."""
    found: RulesByMethod = {}
    for rule in rules:
        if rule.websocket:
            continue
        captures = _captures(rule)
        # A rule for any method comes alone: the method may be one of another rule's, in small letters.
        if captures is None or id(rule) in redirecting or (rule.methods is None and found):
            break
        for method in (None,) if rule.methods is None else rule.methods:
            found.setdefault(method, (rule, captures))
        if rule.methods is None:
            break
    return found


def _captures(rule: Rule) -> list[Capture] | None:
    """Return how a plan reads the variables, or `None` where only a walk reads them as Werkzeug does."""
    converters = list(rule._converters.items())  # noqa: SLF001
    parts = [(index, part) for index, part in enumerate(rule._parts[1:]) if not part.static]  # noqa: SLF001
    if len(parts) != len(converters) or not all(map(_is_plain, parts, converters)):
        return None
    own = not all(type(item) in _BUILTIN_CONVERTERS or _is_identity(item) for _, item in converters)
    return [
        Capture(index, str(name), _test(part, converter), _conversion(converter, raises_any=own), own)
        for (index, part), (name, converter) in zip(parts, converters, strict=True)
    ]


def _is_plain(segment: tuple[int, RulePart], variable: tuple[str, BaseConverter]) -> bool:
    """Whether the variable is one whole segment, or all the rest, and is never empty."""
    part, converter = segment[1], variable[1]
    is_whole = (
        not part.final or part.content == _REST
    ) and part.content == rf"(?P<__werkzeug_0>{converter.regex})\Z"
    return is_whole and re.match(part.content, "") is None


def _is_identity(converter: BaseConverter) -> bool:
    return getattr(converter.to_python, "__func__", None) is BaseConverter.to_python


def _test(
    part: RulePart, converter: BaseConverter
) -> Callable[[str], object] | Literal["nonempty", "decimal", "path"]:
    if part.final:
        return "path"
    if converter.regex in {"[^/]+", "[^/]{1,}"} and _is_identity(converter):
        return "nonempty"
    return "decimal" if converter.regex == "[0-9]+" else re.compile(part.content).match


def _conversion(
    converter: BaseConverter, *, raises_any: bool
) -> Callable[[str], object] | Literal["text", "int"]:
    if _is_identity(converter):
        return "text"
    if raises_any or type(converter) is not IntegerConverter:
        return converter.to_python
    return "int" if converter.is_unlimited else converter.to_python


# -- plans -----------------------------------------------------------------


def build_plans(node: Node, depth: int, redirecting: frozenset[int], *, exhaustive: bool) -> Plans:
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
    full: set[int] = set()
    candidates = _Returning(_candidates(node, depth, (), is_variable=True))
    for length, static, rules, is_end in candidates:
        indexes, texts = tuple(index for index, _ in static), tuple(text for _, text in static)
        groups = by_length.setdefault(length, [])
        if not groups or groups[-1][0] != indexes or texts in groups[-1][1]:
            if len(groups) == _MAX_GROUPS:
                full.add(length)
            else:
                groups.append((indexes, {}))
        if length not in full:
            by_method = group_by_method(rules, redirecting)
            groups[-1][1][texts] = by_method, _all_methods(rules, by_method) if is_end else None
    if not by_length:
        return NO_PLANS
    exhaustive = exhaustive and not candidates.value
    return tuple(
        # A walk with an index is quicker than most of the plans, and those that fit none of the paths.
        _WALK
        if length in full and node.index is not None
        else _join(groups, exhaustive=exhaustive and length not in full and len(groups) == 1)
        for length, groups in ((length, by_length.get(length, [])) for length in range(_MAX_SEGMENTS))
    )


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
            yield depth, static, node.rules, "" not in node.static
        for text, child in node.static.items():
            if (yield from _candidates(child, depth + 1, (*static, (depth, text)))):
                return True
    for edge in node.edges:
        if edge.final:
            if edge.suffixed or _captures(edge.node.rules[0]) is None:
                return True
            yield from ((length, static, edge.node.rules, True) for length in range(depth + 1, _MAX_SEGMENTS))
        elif (yield from _candidates(edge.node, depth + 1, static)):
            return True
    if not is_variable and not all(rule.strict_slashes for rule in node.rules):
        yield depth + 1, (*static, (depth, "")), (), False
    return False


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
    rules, methods = ended
    if not rules:
        return _WALK
    all_captures = [captures for _, captures in rules.values()]
    if all_captures.count(all_captures[0]) == len(all_captures):
        by_method: dict[str | bool | None, Any] = {method: rule for method, (rule, _) in rules.items()}
        by_method[False] = methods if exhaustive and methods else False
        return _make_reader(by_method, all_captures[0], static)
    plans = {
        method: _make_reader({None: rule}, captures, static) for method, (rule, captures) in rules.items()
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
    shape = tuple(
        (index, "own" if callable(accepts) else accepts, "own" if callable(convert) else convert)
        for index, _, accepts, convert, _ in captures
    )
    indexes = tuple(index for index, _ in static)
    defaults = any(rule.defaults for method, rule in rules.items() if method is not False)
    raises_any = any(capture.raises_any for capture in captures)
    read = _compile(shape, indexes, any_method=None in rules, defaults=defaults, raises_any=raises_any)
    own: list[object] = [
        item
        for _, name, accepts, convert, _ in captures
        for item in (name, *filter(callable, (accepts, convert)))
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
    for index, test, value in shape:
        names.append(f"name{index}")
        names += [f"accepts{index}"] * (test == "own") + [f"convert{index}"] * (value == "own")
        if test == "path":  # which a line break may end: an expression decides
            tests += [f"text{index} = '/'.join(parts[{index}:])", f"if '\\n' in text{index}: return False"]
        else:
            tests.append(f"text{index} = parts[{index}]")
        tests += [f"if {_TESTS[test].format(index)}: return None"]
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
