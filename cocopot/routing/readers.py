"""Readers: functions that read the variables of a rule out of a path, compiled for each shape of rule.

A shape says where the variables stand and how each is tested and converted. Rules of one shape share a
reader: what is a rule's own, such as the names of its variables, is handed to it with each call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cocopot.routing.rule import Rule

#: The rule and new arguments for its view.
Found: TypeAlias = "tuple[Rule, dict[str, Any]]"
#: A function, and what it needs. It is called with a path's segments, the method and the plan itself, and
#: returns what it found, ``None`` for a path that is not its own, or ``False`` where only a walk can tell.
Plan: TypeAlias = "tuple[Any, ...]"
_Shape: TypeAlias = "tuple[tuple[int, str, str], ...]"

_TESTS = {
    "nonempty": "not text{}",
    "decimal": "not text{}.isdecimal()",
    "own": "accepts{0}(text{0}) is None",
}
_VALUES = {"text": "text{}", "int": "int(text{})", "own": "convert{0}(text{0})"}


class Capture(NamedTuple):
    """How one variable is read.

    Args:
        place: The segment that it is.
        name: Its name.
        accepts: A test that returns `None` for a text that is refused; or what is tested without a call: that
            the text is not empty, or that it is decimal digits.
        convert: A conversion; or what is done without a call: nothing, or `int`.
    """

    place: int
    name: str
    accepts: Callable[[str], object] | Literal["nonempty", "decimal"]
    convert: Callable[[str], Any] | Literal["text", "int"]


def make_reader(
    rules: Mapping[str | None, Rule], captures: Sequence[Capture], fixed: Sequence[tuple[int, str]]
) -> Plan:
    """Return the plan that reads a path of ``rules``.

    Args:
        rules: The rules by method, or one rule for ``None``, which stands for every method.
        captures: How their variables are read.
        fixed: Segments that must be there, as index and text.
    """
    shape = tuple(
        (index, "own" if callable(accepts) else accepts, "own" if callable(convert) else convert)
        for index, _, accepts, convert in captures
    )
    places = tuple(index for index, _ in fixed)
    defaults = any(rule.defaults for rule in rules.values())
    read = _compile(shape, places, any_method=None in rules, defaults=defaults)
    own = [item for _, name, *functions in captures for item in (name, *filter(callable, functions))]
    return (read, rules.get(None, rules), *(text for _, text in fixed), *own)


@lru_cache(maxsize=1024)
def _compile(
    shape: _Shape, places: tuple[int, ...], *, any_method: bool, defaults: bool
) -> Callable[[list[str], str, Plan], Found | Literal[False] | None]:
    """Return the reader for a shape; all tests come before all conversions, as in Werkzeug."""
    names = ["_", "rule" if any_method else "rules", *(f"fixed{place}" for place in places)]
    tests = [f"if parts[{place}] != fixed{place}: return None" for place in places]
    items = []
    for index, test, value in shape:
        names.append(f"name{index}")
        names += [f"accepts{index}"] * (test == "own") + [f"convert{index}"] * (value == "own")
        tests += [f"text{index} = parts[{index}]", f"if {_TESTS[test].format(index)}: return None"]
        items.append(f"name{index}: {_VALUES[value].format(index)}")
    if not any_method:
        tests += ["rule = rules.get(method)", "if rule is None: return False"]
    arguments = ", ".join([*items, *["**(rule.defaults or {})"] * defaults])
    lines = [f"{', '.join(names)} = plan", *tests, f"return rule, {{{arguments}}}"]
    namespace: dict[str, Any] = {"__name__": __name__}
    source = "\n    ".join(["def read(parts, method, plan):", *lines])
    exec(compile(source, f"<reader of {shape}>", "exec"), namespace)  # noqa: S102 - made of the texts above
    return cast("Callable[[list[str], str, Plan], Found | Literal[False] | None]", namespace["read"])
