"""The public type aliases are types, not texts."""

from __future__ import annotations

import typing

import flask.typing
import pytest

import cocopot
from cocopot import types

#: Not generic, or an alias of a plain class.
ATOMS = {"F", "ResponseClass", "StartResponse"}
ALIASES = [name for name in types.__all__ if name not in ATOMS]
#: Names of `flask.typing` that have no use here, and why.
ABSENT = {"BeforeFirstRequestCallable": "before_first_request is gone, in Flask too"}


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


def test_the_names_of_flask() -> None:
    """The module has the public names of `flask.typing`, so that annotations need another import only."""
    names = {name for name in vars(flask.typing) if name[0].isupper()} - {"Headers", "Response"}
    assert names - set(types.__all__) == set(ABSENT)
