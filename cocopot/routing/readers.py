"""Readers: functions that read the variables of a rule out of a path, compiled for each shape of rule.

A shape says where the variables stand and how each is tested and converted. Rules of one shape share a
reader: what is a rule's own, such as the names of its variables, is handed to it with each call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cocopot.routing.rule import Rule

Test: TypeAlias = Literal["nonempty", "decimal", "own"]
Value: TypeAlias = Literal["text", "int", "own"]
#: What a match returns: the rule and new arguments. A reader returns ``None`` if a variable's test fails.
Found: TypeAlias = "tuple[Rule, dict[str, Any]]"
#: The reader, the rule, and for each variable its name, and its test and conversion if they are its own.
Hit: TypeAlias = "tuple[Any, ...]"
_Shape: TypeAlias = "tuple[tuple[int, Test, Value], ...]"

_TESTS: Mapping[Test, str] = {
    "nonempty": "not text{}",
    "decimal": "not text{}.isdecimal()",
    "own": "accepts{0}(text{0}) is None",
}
_VALUES: Mapping[Value, str] = {"text": "text{}", "int": "int(text{})", "own": "convert{0}(text{0})"}


class Capture:
    """How one variable is read.

    Args:
        index: The segment that it is.
        name: Its name.
        accepts: A test that returns `None` for a text that is refused; or what is tested without a call: that
            the text is not empty, or that it is decimal digits.
        convert: A conversion; or what is done without a call: nothing, or `int`.
    """

    def __init__(
        self,
        index: int,
        name: str,
        accepts: Callable[[str], object] | Literal["nonempty", "decimal"],
        convert: Callable[[str], Any] | Literal["text", "int"],
    ) -> None:
        self.shape: tuple[int, Test, Value] = (
            index,
            "own" if callable(accepts) else accepts,
            "own" if callable(convert) else convert,
        )
        #: What the reader is handed.
        self.data = (name, *filter(callable, (accepts, convert)))


def make_hit(rule: Rule, captures: Sequence[Capture]) -> Hit:
    """Return what reads the variables of ``rule``: call its first item with a path's segments and it."""
    reader = _compile(tuple(capture.shape for capture in captures), bool(rule.defaults))
    return (reader, rule, *(item for capture in captures for item in capture.data))


@lru_cache(maxsize=1024)
def _compile(shape: _Shape, defaults: bool) -> Callable[[list[str], Hit], Found | None]:
    """Return the reader for a shape; all tests come before all conversions, as in Werkzeug."""
    names, items = ["_", "rule"], []
    lines = []
    for index, test, value in shape:
        names.append(f"name{index}")
        names += [f"accepts{index}"] * (test == "own") + [f"convert{index}"] * (value == "own")
        lines += [f"text{index} = parts[{index}]", f"if {_TESTS[test].format(index)}: return None"]
        items.append(f"name{index}: {_VALUES[value].format(index)}")
    arguments = ", ".join([*items, *["**rule.defaults"] * defaults])
    lines = [f"{', '.join(names)} = hit", *lines, f"return rule, {{{arguments}}}"]
    namespace: dict[str, Any] = {}
    source = "\n    ".join(["def read(parts, hit):", *lines])
    exec(compile(source, f"<reader of {shape}>", "exec"), namespace)  # noqa: S102 - made of the texts above
    return cast("Callable[[list[str], Hit], Found | None]", namespace["read"])
