"""The compiled entry point does what the one in Python does, whatever a request and a view are."""

from __future__ import annotations

import pytest

from tests.fuzz.twins import Twins, differences


@pytest.mark.parametrize("hooks", [False, True], ids=["plain", "hooks"])
def test_random_requests(hooks: bool) -> None:
    """Status, headers and body are equal, and so is what the hooks have seen."""
    twins = Twins(hooks=hooks)
    assert list(differences(twins, seed=1, number=1000)) == []


def test_a_difference_is_found() -> None:
    """The comparison is one: twins that differ in one view are told apart."""
    twins = Twins()
    twins.compiled.view_functions["text"] = lambda: "other"
    assert next(differences(twins, seed=1, number=3000))
