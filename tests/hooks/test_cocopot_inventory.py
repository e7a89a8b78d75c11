"""`cocopot_inventory`: what plugins list for `cocopot plan`, which has tests of its own."""

from __future__ import annotations

from typing import Any

import pytest

from cocopot import hookimpl
from tests.hooks.support import app_with


def listing(value: Any) -> object:
    """Return a plugin that lists something."""

    class Plugin:
        @hookimpl
        def cocopot_inventory(self) -> Any:
            return value

    return Plugin()


def test_what_several_plugins_list() -> None:
    """Each result is passed on, in load order; `None` is none."""
    app = app_with(one=listing({"Tasks": ["a"]}), two=listing(None), three=listing({"Tasks": ["b"]}))
    assert app.plugins.hook.cocopot_inventory(app=app) == [{"Tasks": ["a"]}, {"Tasks": ["b"]}]


def test_a_result_of_another_type() -> None:
    """It is blamed on the plugin that returned it."""
    app = app_with(one=listing(["a"]))
    with pytest.raises(TypeError, match="Plugin 'one' returned a 'list' from cocopot_inventory; return a "):
        app.plugins.hook.cocopot_inventory(app=app)
