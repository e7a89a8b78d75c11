"""The order in which plugins are loaded, and what they declare about it."""

from __future__ import annotations

import graphlib
import itertools
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocopot.exceptions import PluginError
from cocopot.hooks.candidates import Candidate
from cocopot.hooks.ordering import DependencyCycleError, load_order

if TYPE_CHECKING:
    from collections.abc import Mapping

CORS = Candidate("cors", "cocopot_cors:CORS", "cocopot-cors", "1.2")
NAMES = st.sampled_from(["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"])
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=3))
WRONG_DECLARATIONS = ["session", None, {"session"}, 5, ("session", 5), (b"session",)]


@st.composite
def graphs_without_cycles(draw: st.DrawFn) -> dict[str, set[str]]:
    """Draw for each of some names what it needs: only such as come before it in some hidden order."""
    hidden = draw(st.lists(NAMES, unique=True))
    needs = {
        name: draw(st.sets(st.sampled_from(hidden[:index]))) if index else set()
        for index, name in enumerate(hidden)
    }
    return {name: needs[name] for name in draw(st.permutations(hidden))}


@given(graphs_without_cycles())
def test_the_load_order_is_by_name_among_those_that_are_free(needs: dict[str, set[str]]) -> None:
    """Each place goes to the first name of those whose needs have all been loaded."""
    order = load_order(needs)
    for place, name in enumerate(order):
        loaded = set(order[:place])
        assert name == min(other for other in set(needs) - loaded if needs[other] <= loaded)
    assert sorted(order) == sorted(needs)


@given(graphs_without_cycles(), st.randoms(use_true_random=False))
def test_the_load_order_depends_on_nothing_but_names_and_needs(
    needs: dict[str, set[str]], random: Any
) -> None:
    """The order in which plugins are found, and in which they write their needs, does not matter."""
    shuffled = {name: random.sample(sorted(needs[name]) * 2, 2 * len(needs[name])) for name in needs}
    names = random.sample(list(shuffled), len(shuffled))
    assert load_order({name: shuffled[name] for name in names}) == load_order(needs)


@given(graphs_without_cycles())
def test_names_that_are_not_there_are_passed_over(needs: dict[str, set[str]]) -> None:
    """A need that no code fills changes nothing."""
    assert load_order({name: {*others, "absent"} for name, others in needs.items()}) == load_order(needs)


@given(GRAPHS)
def test_a_cycle_is_an_error_that_shows_a_real_one(needs: Mapping[str, set[str]]) -> None:
    """Where the standard library finds a cycle, the error names one, each member once; elsewhere is none."""
    inside = {name: others & set(needs) for name, others in needs.items()}
    try:
        graphlib.TopologicalSorter(inside).prepare()
    except graphlib.CycleError:
        with pytest.raises(DependencyCycleError) as caught:
            load_order(needs)
        found = re.search(r"in a cycle: (.*?)\. ", str(caught.value))
        assert found is not None
        cycle = found[1].split(" -> ")
        assert cycle[0] == cycle[-1] == caught.value.plugin
        assert cycle[:-1] == caught.value.members
        assert len(set(cycle)) == len(cycle) - 1
        assert all(after in needs[before] for before, after in itertools.pairwise(cycle))
    else:
        assert set(load_order(needs)) == set(needs)


@pytest.mark.parametrize("names", [(), ("session",), ["session", "metrics"]])
def test_needs_are_a_tuple_or_a_list_of_names(names: Any) -> None:
    """What a plugin declares comes back as a tuple."""
    found = CORS.declared(SimpleNamespace(requires=names), "requires")
    assert tuple(map(str, found)) == tuple(names)


def test_a_plugin_without_declarations_needs_nothing() -> None:
    """Without the attribute there are no names."""
    assert CORS.declared(SimpleNamespace(requires=("session",)), "after") == ()


@pytest.mark.parametrize("value", WRONG_DECLARATIONS, ids=repr)
def test_needs_of_another_kind_are_refused(value: object) -> None:
    """A plain string, above all, is not a list of names; the error shows the value."""
    with pytest.raises(PluginError, match=re.escape(f"has after = {value!r}; it must be a tuple")) as caught:
        CORS.declared(SimpleNamespace(after=value), "after")
    assert caught.value.plugin == "cors"
