"""How the variables of a rule are read from the segments of a path, and which rule a method selects."""

from __future__ import annotations

import re
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from werkzeug.routing.converters import BaseConverter, PathConverter

from cocopot.routing.converters import CONVERTERS, IntegerConverter
from cocopot.routing.readers import count_variables, make_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from werkzeug.routing.rules import RulePart

    from cocopot.routing.defaults import OtherDefaults, Redirecting
    from cocopot.routing.rule import Rule
    from cocopot.routing.walk import Node

_BUILTIN_CONVERTERS = frozenset(CONVERTERS.values())
#: A variable that takes the rest of a path.
_REST = rf"(?P<__werkzeug_0>{PathConverter.regex})\Z"


class Capture(NamedTuple):
    """How one variable is read.

    Args:
        segment: The index of its segment.
        name: Its name.
        accepts: A test that returns `None` for a text that it rejects; or what is tested without a call: that
            the text is not empty, that it is digits from 0 to 9, or that the rest of the path is a path. Of
            the first variable of a segment with other text, or with several variables, what returns the texts
            of them all; of the others, that they are read with the first one.
        convert: A conversion; or what is done without a call: nothing, or `int`.
        raises_any: Whether a `ValueError` of the rule's conversions may be another one than its converters'
            rejection of a text.
        place: Its place among the variables of a segment that is read by a call.
        number: How many variables such a segment has; 0 for one that is a variable as a whole.
        is_rest: Whether it is not a segment but the rest of the path.
    """

    segment: int
    name: str
    accepts: Callable[[str], object] | Literal["nonempty", "decimal", "path", "split"]
    convert: Callable[[str], object] | Literal["text", "int"]
    raises_any: bool
    place: int = 0
    number: int = 0
    is_rest: bool = False

    def as_text(self) -> Capture:
        """Return how it is read without being converted."""
        return Capture(
            self.segment, self.name, self.accepts, "text", False, self.place, self.number, self.is_rest
        )


class Selected(NamedTuple):
    """What a method selects.

    Args:
        rule: The rule.
        captures: How its variables are read.
        redirecting: Defaults of other rules with which the path is redirected, or `None`.
    """

    rule: Rule
    captures: list[Capture]
    redirecting: OtherDefaults | None


#: What each method selects, with `None` for any other method.
RulesByMethod: TypeAlias = "dict[str | None, Selected]"


def group_by_method(rules: Iterable[Rule], redirecting: Redirecting) -> RulesByMethod:
    """Return by method the first of `rules`, as far as only the method decides.

    Args:
        rules: The rules.
        redirecting: Those that may answer with a redirect.
    """
    found: RulesByMethod = {}
    for rule in rules:
        if rule.websocket:
            continue
        captures = captures_of(rule)
        is_redirected = id(rule) in redirecting and redirecting[id(rule)] is None
        # A rule for any method comes alone: the method may be one of another rule's, in small letters.
        if captures is None or is_redirected or (rule.methods is None and found):
            break
        for method in (None,) if rule.methods is None else rule.methods:
            found.setdefault(method, Selected(rule, captures, redirecting.get(id(rule))))
        if rule.methods is None:
            break
    return found


def ending_rules(node: Node) -> tuple[Rule, ...]:
    """Return the rules for a path that ends at a node, in order, as far as none of them redirects it.

    Args:
        node: The node: those with a slash more than its own match as well if they are not strict.
    """
    slash = node.static.get("")
    return (*node.rules, *takewhile(lambda rule: not rule.strict_slashes, slash.rules if slash else ()))


def slash_rules(node: Node) -> tuple[Rule, ...]:
    """Return the rules with a slash more, if the path of a node without rules is redirected to theirs.

    Args:
        node: The node.
    """
    slash = node.static.get("")
    rules = tuple(rule for rule in slash.rules if not rule.websocket) if slash else ()
    return rules if all(rule.strict_slashes for rule in rules) else ()


def lenient_rules(node: Node) -> tuple[Rule, ...]:
    """Return the rules of a node that match a path with a slash more as well."""
    return tuple(rule for rule in node.rules if not rule.strict_slashes)


def captures_of(rule: Rule) -> list[Capture] | None:
    """Return how a plan reads the variables, or `None` where only a walk reads them as Werkzeug does."""
    converters = list(rule._converters.items())  # noqa: SLF001 - Werkzeug has no public name for them
    own = not all(type(item) in _BUILTIN_CONVERTERS or _is_identity(item) for _, item in converters)
    rest = iter(converters)
    captures: list[Capture] = []
    for segment, part in enumerate(rule._parts[1:]):  # noqa: SLF001 - likewise
        if not part.static:
            variables = list(islice(rest, count_variables(part)))
            found = list(_captures_in(segment, part, variables, raises_any=own))
            if not found:
                return None
            captures += found
    return captures if len(captures) == len(converters) else None


def _captures_in(
    segment: int, part: RulePart, variables: Sequence[tuple[str, BaseConverter]], *, raises_any: bool
) -> Generator[Capture, None, None]:
    """Yield how the variables of a part are read; nothing if a plan cannot read them."""
    if _is_whole(part, variables):
        name, converter = variables[0]
        conversion = _conversion(converter, raises_any=raises_any)
        yield Capture(segment, str(name), _test(part, converter), conversion, raises_any)
        return
    read = make_reader(part)
    if part.suffixed or read("") is not None:
        return
    for place, (name, converter) in enumerate(variables):
        conversion = _conversion(converter, raises_any=raises_any)
        accepts: Callable[[str], object] | Literal["split"] = "split" if place else read
        yield Capture(segment, str(name), accepts, conversion, raises_any, place, len(variables), part.final)


def _is_whole(part: RulePart, variables: Sequence[tuple[str, BaseConverter]]) -> bool:
    """Whether a part is one variable, as a segment or all the rest, and is never empty."""
    if len(variables) != 1 or (part.final and part.content != _REST):
        return False
    is_whole = part.content == rf"(?P<__werkzeug_0>{variables[0][1].regex})\Z"
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
