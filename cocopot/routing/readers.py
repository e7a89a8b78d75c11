"""Read the variables of one part of a rule from a text, in a time that a client cannot make long.

Werkzeug's expressions backtrack: with several variables in one part, a text of 8,000 characters can take
seconds. Two things prevent that:

- A segment with variables of any text, such as `<a>-<b>.txt`, is read from its end, and a part whose
  variables are paths, such as `<path:a>/x/<path:b>/edit`, from its beginning. Neither uses an expression, and
  each variable gets what the expression gives it: of a text as much as possible, of a path as little.
- Any other part in which the ends of several variables depend on each other, such as `<path:a>/<b>`, matches
  only texts of limited length (`MAX_LENGTHS`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from werkzeug.routing.rules import RulePart

    #: Returns the texts of the variables, and of the optional slash; `None` if the text does not match.
    Reader = Callable[[str], Sequence[str] | None]

#: The longest text, in characters, by the number of variables whose ends depend on each other: a longer one
#: does not match. The time grows with the power of that number.
MAX_LENGTHS = {2: 1024, 3: 256}
_MAX_LENGTH_OF_MORE = 100

_VARIABLE = r"\(\?P<__werkzeug_\d+>"
_ANY_TEXT = _VARIABLE + r"\[\^/\](?:\+|\{1,\})\)"
#: Variables that end where the text after them begins, or after a fixed number of characters.
_DETERMINED = rf"""(?x)
    (?:^|(?<=[^0-9)])) {_VARIABLE} (?:-\?)? (?:\[0-9\]\+\\\.)? \[0-9\]\+\) (?=\\Z|[^0-9(])  # a number
    | (?:^|(?<=/)) {_VARIABLE} \[\^/\] (?:\+|\{{\d*,\d*\}}) \) (?=/)  # a whole segment
    | {_VARIABLE} \[\^/\] \{{\d+\}} \)  # a text of a given length
    """
_PATH = _VARIABLE + r"\[\^/\]\.\*\?\)"
#: What follows a part that ends with a slash: it is optional, as without it the path is redirected.
SUFFIX = r"(?<!/)(/?)"
#: A path at the end: it takes the rest, unless there is a line break in it.
_REST = _VARIABLE + r"\[\^/\]\.\*\?\)\\Z$"


class _Part(NamedTuple):
    """What a reader depends on; see Werkzeug's `RulePart`."""

    content: str
    final: bool
    suffixed: bool


def count_variables(part: RulePart | _Part) -> int:
    """Return how many variables a part has."""
    return part.content.count("(?P<__werkzeug_")


def make_reader(part: RulePart) -> Reader:
    """Return the function that reads the variables of a part: the same one for equal parts.

    Args:
        part: A part with variables, as Werkzeug has compiled it.
    """
    return _reader_of(_Part(part.content, part.final, part.suffixed))


@lru_cache(maxsize=1024)  # of parts of rules
def _reader_of(part: _Part) -> Reader:
    if not part.final and (literals := _literals_between(_ANY_TEXT, part)) is not None:
        return _text_reader(*literals)
    read = _limited_reader(part)
    literals = _literals_between(_PATH, part) if part.final else None
    return read if literals is None else _path_reader(literals, part.suffixed, read)


def _limited_reader(part: _Part) -> Reader:
    read = _expression_reader(part)
    count = count_variables(part) - len(re.findall(_DETERMINED, part.content))
    limit = _max_length(count + part.suffixed if count > 1 else count)
    limit_of_line = _max_length(count - 1) if re.search(_REST, part.content) else limit
    if limit is None:
        return read

    def read_limited(text: str) -> Sequence[str] | None:
        longest = limit if "\n" in text else limit_of_line
        return read(text) if longest is None or len(text) <= longest else None

    return read_limited


def _max_length(variables: int) -> int | None:
    return None if variables < 2 else MAX_LENGTHS.get(variables, _MAX_LENGTH_OF_MORE)


def _expression_reader(part: _Part) -> Reader:
    pattern = re.compile(part.content)
    names = (name for name in pattern.groupindex if name.startswith("__werkzeug_"))
    groups = [pattern.groupindex[name] for name in sorted(names, key=lambda name: int(name[11:]))]
    if part.suffixed:
        groups.append(pattern.groups)
    # Group 0 comes first so that there are always two, and therefore a tuple.
    pick = itemgetter(0, *groups)

    def read(text: str) -> Sequence[str] | None:
        match = pattern.match(text)
        return None if match is None else pick(match)[1:]

    return read


def _literals_between(variable: str, part: _Part) -> list[str] | None:
    """Return the static texts around the variables of a part; `None` unless each of them is such a variable.

    Args:
        variable: The expression of the variable.
        part: The part.
    """
    pieces = re.split(variable, part.content.removesuffix(r"\Z").removesuffix(SUFFIX))
    is_plain = all(pieces[1:-1]) and not any("(?P<" in piece for piece in pieces)
    return [re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL) for piece in pieces] if is_plain else None


def _text_reader(head: str, *literals: str) -> Reader:
    *separators, tail = literals
    separators.reverse()
    start = len(head)

    def read(text: str) -> Sequence[str] | None:
        if not (text.startswith(head) and text.endswith(tail)) or "/" in text:
            return None
        values = []
        end = len(text) - len(tail)
        for separator in separators:
            # The variable after it is not empty; a negative end would count from the end of the text.
            position = text.rfind(separator, start, max(end - 1, start))
            if position < 0:
                return None
            values.append(text[position + len(separator) : end])
            end = position
        if end <= start:
            return None
        values.append(text[start:end])
        values.reverse()
        return values

    return read


def _path_reader(literals: Sequence[str], suffixed: bool, read_lines: Reader) -> Reader:
    """Return a reader of paths with static texts around them.

    Each path ends at the first place after which the next one can begin: if any place leads to a match, that
    one does, as a path may contain everything but a line break. So there is no backtracking.

    Args:
        literals: The texts before, between and after the paths.
        suffixed: Whether a slash at the end is optional.
        read_lines: Reads a text with line breaks.
    """
    head, *separators, tail = literals

    def read(text: str) -> Sequence[str] | None:
        if "\n" in text:
            return read_lines(text)
        body = text.removesuffix("/") if suffixed else text
        end = len(body) - len(tail)
        start = len(head)
        if not (body.startswith(head) and body.endswith(tail)) or body.startswith("/", start):
            return None
        if suffixed and body.endswith("/"):
            return None
        values = []
        for separator in separators:
            position = body.find(separator, start + 1, end)
            following = position + len(separator)
            while position >= 0 and body.startswith("/", following):
                position = body.find(separator, position + 1, end)
                following = position + len(separator)
            if position < 0:
                return None
            values.append(body[start:position])
            start = following
        if end <= start:
            return None
        values.append(body[start:end])
        return [*values, text[len(body) :]] if suffixed else values

    return read
