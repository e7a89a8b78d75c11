"""The values that an option accepts: those of some types, or what a function converts."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, NamedTuple

from cocopot.functions import check_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class OptionType(NamedTuple):
    """The values that an option accepts.

    Args:
        classes: Those whose instances are accepted. A `bool` is not an `int` here; an `int` becomes a `float`
            where only that is accepted.
        literals: Values that are accepted beside them.
        function: Validates and converts a value instead, and raises a `ValueError` or a `TypeError`.
    """

    classes: tuple[type, ...] = ()
    literals: tuple[object, ...] = ()
    function: Callable[[object], object] | None = None

    def convert(self, value: object) -> object:
        """Return the converted value.

        Raises:
            ValueError: If the value is not accepted; a function may raise any exception.
        """
        if self.function is not None:
            return self.function(value)
        if any(_is_instance(value, cls) for cls in self.classes):
            return value
        if any(type(value) is type(literal) and value == literal for literal in self.literals):
            return value
        if float in self.classes and type(value) is int:
            return float(value)
        raise ValueError(f"must be {self}")

    def __str__(self) -> str:
        """Return the types as words, such as `a str or None`."""
        names = [_name_of(cls) for cls in self.classes if cls is not types.NoneType]
        texts = [*names, *map(repr, self.literals)]
        texts += ["None"] if types.NoneType in self.classes else []
        return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def option_type(action: str, declared: object) -> OptionType:
    """Return what an option accepts.

    Args:
        action: The method that declares the option, for messages.
        declared: A type, `None`, a union or a tuple of these, a `Literal`, or a function that converts.

    Raises:
        TypeError: If it is something else.
    """
    if isinstance(declared, tuple) and not declared:
        raise TypeError(f"{action}: the type is an empty tuple. Pass a type, such as str.")
    if not (_is_type(declared) or isinstance(declared, tuple)) and callable(declared):
        check_function(action, declared)
        return OptionType(function=declared)
    classes: list[type] = []
    literals: list[object] = []
    for member in _members(declared):
        if typing.get_origin(member) is typing.Literal:
            literals += typing.get_args(member)
        else:
            classes.append(_class_of(action, member))
    return OptionType(tuple(dict.fromkeys(classes)), tuple(literals))


def _is_instance(value: object, cls: type) -> bool:
    return isinstance(value, cls) and not (cls is int and isinstance(value, bool))


def _is_type(declared: object) -> bool:
    return declared is None or isinstance(declared, type) or typing.get_origin(declared) is not None


def _members(declared: object) -> Iterator[object]:
    """Yield the types of unions and tuples, and of those inside them."""
    if isinstance(declared, tuple) or typing.get_origin(declared) in (typing.Union, types.UnionType):
        for member in declared if isinstance(declared, tuple) else typing.get_args(declared):
            yield from _members(member)
    else:
        yield declared


def _class_of(action: str, member: object) -> type:
    """Return a type as a class that `isinstance` takes.

    Raises:
        TypeError: If it is not one.
    """
    if member is None:
        return types.NoneType
    if member is typing.Any:
        return object
    try:
        isinstance(None, member)  # type: ignore[arg-type]  # whether it is one is the question
    except TypeError:
        pass
    else:
        if isinstance(member, type):
            return member
    raise TypeError(
        f"{action}: {member!r} is not a type that values can be compared with. Pass a class such as str, a "
        "union such as str | None, a tuple of these, or a function that checks a value and returns it."
    )


def _name_of(cls: type) -> str:
    article = "an" if cls.__name__[:1].lower() in "aeiou" else "a"
    return f"{article} {cls.__name__}"
