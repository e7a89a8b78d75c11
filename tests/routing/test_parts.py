from __future__ import annotations

import pytest

from cocopot.routing import Router, Rule
from cocopot.routing.parts import rule_parts


def parts_of(string: str) -> list[tuple[bool, list[str]]]:
    """Return for each part of a rule whether it is static, and the names of its variables."""
    rule = Rule(string, endpoint="x")
    Router([rule])
    return [(part.is_static, [name for name, _ in part.converters]) for part in rule_parts(rule)]


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("/", [(True, []), (True, []), (True, [])]),
        ("/shop", [(True, []), (True, []), (True, [])]),
        ("/shop/<int:number>", [(True, []), (True, []), (True, []), (False, ["number"])]),
        ("/<a>-<b>/<c>", [(True, []), (True, []), (False, ["a", "b"]), (False, ["c"])]),
        ("/<path:rest>/end", [(True, []), (True, []), (False, ["rest"])]),
    ],
)
def test_parts(string: str, expected: list[tuple[bool, list[str]]]) -> None:
    """A rule has a part for the domain and for each segment, with the converters of its variables."""
    assert parts_of(string) == expected


def test_match() -> None:
    """A part returns the text of its variables, or `None` if it does not match."""
    rule = Rule("/<int:year>-<int:month>", endpoint="x")
    Router([rule])
    part = rule_parts(rule)[-1]
    assert part.match("2026-07") == ["2026", "07"]
    assert part.match("soon") is None
