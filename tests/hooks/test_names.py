"""Names of plugins that have none of their own."""

from __future__ import annotations

from cocopot.hooks.names import unique_name


class Counted(set[str]):
    """Names that are taken, and how often they are searched."""

    lookups = 0

    def __contains__(self, name: object) -> bool:
        self.lookups += 1
        return super().__contains__(name)


def test_a_name_that_is_taken_gets_a_number() -> None:
    """Each of thousands of functions with one name has another one, which is found in a few steps."""
    taken = Counted()
    for _ in range(5000):
        taken.add(unique_name("view", taken))
    assert taken == {"view", *(f"view ({number})" for number in range(2, 5001))}
    assert taken.lookups < 5000 * 26


def test_a_number_that_is_free_again() -> None:
    """A name that is returned is never taken, whatever has been removed."""
    for removed in range(2, 40):
        taken = {"view", *(f"view ({number})" for number in range(2, 40))} - {f"view ({removed})"}
        assert unique_name("view", taken) not in taken
