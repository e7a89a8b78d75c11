from __future__ import annotations

from typing import Literal

import pytest

from cocopot.option_types import option_type


def test_a_function_converts() -> None:
    """What it returns is the value."""
    assert option_type("add", str.upper).convert("x") == "X"


def test_a_class_is_a_type() -> None:
    """It is not called: its instances are the values."""
    values = option_type("add", list)
    assert values.convert([1]) == [1]
    with pytest.raises(ValueError, match="must be a list"):
        values.convert("text")


def test_words() -> None:
    """The types are listed as words, `None` last, each once."""
    assert str(option_type("add", (None, str, int | None, Literal["a"], str))) == "a str, an int, 'a' or None"
