"""The public type aliases are types, not texts."""

from __future__ import annotations

import typing

import pytest

import cocopot
from cocopot import types

ALIASES = ["Body", "ExcInfo", "HeadersValue", "ResponseValue", "StrPath", "View"]


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_is_a_type(name: str) -> None:
    """Programs that read annotations, such as a plugin that validates them, find types."""
    alias = getattr(types, name)
    assert not isinstance(alias, str)
    assert typing.get_args(alias)


def test_annotations_can_be_evaluated() -> None:
    """A view that is annotated with the public alias can be inspected at run time."""

    def view() -> cocopot.ResponseValue:
        return "text"

    assert typing.get_type_hints(view)["return"] == types.ResponseValue
    assert str in typing.get_args(types.ResponseValue)
