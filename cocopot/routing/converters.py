"""The built-in converters: Werkzeug's, so that what they accept is one value and what they build matches.

- Numbers consist of the digits 0 to 9 (RFC 5234, B.1): Werkzeug's accept those of every script.
- A number that is too large for a float, or has more digits than `int` reads, does not match.
- `fixed_digits` counts digits, not the sign.
- A value that cannot match, such as a negative number for an unsigned converter, cannot be built either: it
  is a `BuildError`, unless another rule of the endpoint accepts it.
- What `any` builds is quoted, and an item may have a slash.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from werkzeug.routing import ValidationError
from werkzeug.routing.converters import DEFAULT_CONVERTERS, BaseConverter, NumberConverter
from werkzeug.routing.converters import AnyConverter as _AnyConverter
from werkzeug.routing.converters import FloatConverter as _FloatConverter
from werkzeug.routing.converters import IntegerConverter as _IntegerConverter
from werkzeug.routing.converters import UUIDConverter as _UUIDConverter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.routing import Map

N = TypeVar("N", int, float)


class IntegerConverter(_IntegerConverter):
    """Whole numbers.

    Args:
        map: The router.
        fixed_digits: How many digits the number has, with leading zeros; 0 for any.
        min: The smallest number.
        max: The largest number.
        signed: Whether it may be negative.
    """

    regex = "[0-9]+"

    @property
    def is_unlimited(self) -> bool:
        """Whether it accepts every number that is not negative."""
        return not self.fixed_digits and self.min is None and self.max is None

    def to_python(self, value: str) -> int:
        if self.fixed_digits and len(value.removeprefix("-")) != self.fixed_digits:
            raise ValidationError
        try:
            return _limited(self, int(value))
        except ValueError as error:  # more digits than `int` reads
            raise ValidationError from error

    def to_url(self, value: Any) -> str:
        number = _limited(self, int(value))
        try:
            text = str(abs(number)).zfill(self.fixed_digits)
        except ValueError as error:  # more digits than `int` writes
            raise ValidationError from error
        if (number < 0 and not self.signed) or (self.fixed_digits and len(text) != self.fixed_digits):
            raise ValidationError
        return f"-{text}" if number < 0 else text


class FloatConverter(_FloatConverter):
    """Numbers with a decimal point.

    Args:
        map: The router.
        min: The smallest number.
        max: The largest number.
        signed: Whether it may be negative.
    """

    regex = r"[0-9]+\.[0-9]+"

    def to_python(self, value: str) -> float:
        number = float(value)
        if not math.isfinite(number):
            raise ValidationError
        return _limited(self, number)

    def to_url(self, value: Any) -> str:
        try:
            number = _limited(self, float(value))
        except OverflowError as error:
            raise ValidationError from error
        if not math.isfinite(number) or (number < 0 and not self.signed):
            raise ValidationError
        sign = "-" if self.signed and math.copysign(1, number) < 0 else ""  # also of -0.0
        text = f"{Decimal(repr(abs(number))):f}"  # without an exponent
        return f"{sign}{text if '.' in text else f'{text}.0'}"


def _limited(converter: NumberConverter, number: N) -> N:
    """Return a number that is within the limits of its converter, or raise `ValidationError`."""
    is_below = converter.min is not None and number < converter.min
    if is_below or (converter.max is not None and number > converter.max):
        raise ValidationError
    return number


class UUIDConverter(_UUIDConverter):
    """UUIDs in their usual form, with hyphens (RFC 9562, 4)."""

    def to_url(self, value: Any) -> str:
        text = str(value)
        if re.fullmatch(self.regex, text) is None:
            raise ValidationError
        return text


class AnyConverter(_AnyConverter):
    """One of several texts.

    Args:
        map: The router.
        items: The texts.
    """

    def __init__(self, map: Map, *items: object) -> None:  # noqa: A002 - Werkzeug's name
        super().__init__(map, *(str(item) for item in items))  # `any(1, 2)` in a rule has numbers
        self.part_isolating = not any("/" in item for item in self.items)

    def to_url(self, value: Any) -> str:
        return BaseConverter.to_url(self, super().to_url(value))


#: By the name in a rule.
CONVERTERS: Mapping[str, type[BaseConverter]] = {
    **DEFAULT_CONVERTERS,
    "int": IntegerConverter,
    "float": FloatConverter,
    "uuid": UUIDConverter,
    "any": AnyConverter,
}
