from __future__ import annotations

from cocopot.exceptions import RouteOptionError, RouteOptionFault

FAULT = RouteOptionFault("role", "5", "must be a str", "Correct it.", rule="/", endpoint="index")


def test_one_fault() -> None:
    """The error is what is wrong with it, and the cure."""
    text = "The route option role=5 of the rule '/' (endpoint 'index') must be a str.\nCorrect it."
    assert str(RouteOptionError([FAULT])) == text


def test_several_faults() -> None:
    """The first line has their number."""
    error = RouteOptionError([FAULT, FAULT])
    assert str(error) == f"2 route options are invalid:\n{FAULT}\n{FAULT}"
    assert isinstance(error, TypeError)
    assert isinstance(error, ValueError)
