"""Registries per blueprint, as data that can be read and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, Response
from cocopot.registry.callbacks import BEFORE_REQUEST, function_table

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def app() -> Cocopot:
    return Cocopot(__name__, autoload=False)


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def note(calls: list[str]) -> Callable[[str], Callable[..., None]]:
    """Return a maker of functions that note their name in `calls`."""
    return lambda name: lambda *_: calls.append(name)


def view() -> str:
    return "view"


class TestTables:
    def test_as_a_mapping(self, app: Cocopot) -> None:
        """A table creates a key at its lookup, and can be read as a dict."""
        table = app.before_request_funcs
        assert (len(table), None in table, list(table)) == (0, False, [])
        table[None].append(view)
        assert table.setdefault("shop", [len]) == [len]
        assert table.setdefault("shop", [view]) == [len]
        assert (len(table), "shop" in table, list(table)) == (2, True, [None, "shop"])
        assert repr(table) == repr({None: [view], "shop": [len]})
        del table["shop"]
        assert table == {None: [view]}

    def test_assigning_itself(self, app: Cocopot, calls: list[str], note: Any) -> None:
        """Adding to a list with `+=` keeps what was in it."""
        app.before_request_funcs[None] = [note("a")]
        app.before_request_funcs[None] += [note("b")]
        app.test_client().get("/")
        assert calls == ["a", "b"]

    def test_without_an_application(self) -> None:
        """A blueprint's functions are data only, until it is registered."""
        table = function_table(BEFORE_REQUEST, None)
        table[None].append(view)
        table[None].remove(view)
        table[None] = [len]
        assert table == {None: [len]}

    def test_after_the_first_request(self, app: Cocopot) -> None:
        """A change takes effect with the next request, for endpoints that have been served too."""
        app.add_url_rule("/", view_func=view)
        client = app.test_client()
        assert client.get("/").text == "view"
        app.after_request_funcs[None].append(lambda _: Response("changed"))
        assert client.get("/").text == "changed"
        app.after_request_funcs[None].pop()
        assert client.get("/").text == "view"
