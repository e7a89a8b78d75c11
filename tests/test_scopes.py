"""The blueprints that an endpoint or a hook call belongs to."""

from __future__ import annotations

import pytest

from cocopot.scopes import blueprints_of


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        (None, []),
        ("", []),
        ("index", []),
        ("shop.index", ["shop"]),
        ("a.b.c.index", ["a.b.c", "a.b", "a"]),
    ],
)
def test_blueprints_of(endpoint: str | None, names: list[str]) -> None:
    """An endpoint names the blueprints that it belongs to, innermost first."""
    assert blueprints_of(endpoint) == names
