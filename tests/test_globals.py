from __future__ import annotations

import pytest

from cocopot import Cocopot, g
from cocopot.globals import Globals


@pytest.fixture
def app() -> Cocopot:
    app = Cocopot("tests_of_context", autoload=False)
    app.testing = True
    return app


def test_namespace(app: Cocopot) -> None:
    """`g` keeps attributes, with `get`, `pop`, `setdefault`, `in` and iteration as on a dict."""
    with app.app_context():
        g.a = 1
        assert (g.a, g.get("a"), g.get("b"), g.get("b", 2)) == (1, 1, None, 2)
        assert (g.setdefault("a", 3), g.setdefault("c", 3), list(g)) == (1, 3, ["a", "c"])
        assert (g.pop("a"), g.pop("a", 9), "a" in g, "c" in g) == (1, 9, False, True)
        with pytest.raises(KeyError):
            g.pop("a")


def test_missing(app: Cocopot) -> None:
    """An attribute that was not set raises an AttributeError, on reading and on deleting."""
    with app.app_context():
        with pytest.raises(AttributeError, match="g has no attribute 'user'"):
            str(g.user)
        with pytest.raises(AttributeError, match="user"):
            del g.user
        g.user = 1
        del g.user
        assert not hasattr(g, "user")


def test_repr(app: Cocopot) -> None:
    """`g` states which application it belongs to."""
    assert repr(Globals()) == "<g>"
    with app.app_context():
        assert repr(g) == "<g of 'tests_of_context'>"


def test_built_on_first_use(app: Cocopot) -> None:
    """A context builds its namespace on first use."""
    with app.app_context() as context:
        assert not context.has_globals
        assert g.get("x") is None
        assert context.has_globals


def test_subclass(app: Cocopot) -> None:
    """A class of an application's own may have more; an attribute that is set hides a method."""

    class Own(Globals):
        def __init__(self) -> None:
            self.user = "wren"

        @property
        def upper(self) -> str:
            return str(self.user).upper()

        def get_user(self) -> object:
            return self.get("user")

    app.app_ctx_globals_class = Own
    with app.app_context():
        assert (g.user, g.upper, g.get_user(), "upper" in g) == ("wren", "WREN", "wren", False)
        g.get = 1
        assert (g.get, g.pop("get"), g.get("user")) == (1, 1, "wren")
        assert vars(g._get_current_object()) == {"user": "wren"}
        with pytest.raises(AttributeError, match="g has no attribute 'missing'"):
            str(g.missing)
    with app.app_context():
        assert list(g) == ["user"]


def test_class_that_changes() -> None:
    """The class is looked up for each context: on the application, and on its class."""

    class First(Globals):
        pass

    class Second(Globals):
        pass

    class Shop(Cocopot):
        pass

    app = Shop(__name__, autoload=False)

    def class_of_globals() -> type:
        with app.app_context():
            return type(g._get_current_object())

    assert class_of_globals() is Globals
    Shop.app_ctx_globals_class = First
    assert class_of_globals() is First
    app.app_ctx_globals_class = Second
    assert class_of_globals() is Second
    del app.app_ctx_globals_class
    assert class_of_globals() is First
    del Shop.app_ctx_globals_class
    assert class_of_globals() is Globals


def test_keys_that_are_no_names(app: Cocopot) -> None:
    """Any hashable object may be looked up, as in a dict."""
    with app.app_context():
        assert (g.get(1), g.pop(("a",), None), g.setdefault(2, "b"), g.get(2), 2 in g) == (
            None,
            None,
            "b",
            "b",
            True,
        )
        with pytest.raises(TypeError):
            g.get([])
        with pytest.raises(KeyError):
            g.pop(None)
