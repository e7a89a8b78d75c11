from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, g, hookimpl, request
from cocopot.hooks.results import ResultError

if TYPE_CHECKING:
    from collections.abc import Coroutine


class OwnLoop:
    """Runs each coroutine in a loop of its own, in the thread of the request."""

    def __init__(self) -> None:
        self.loops: list[asyncio.AbstractEventLoop] = []

    @hookimpl
    def cocopot_run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner() as runner:
            self.loops.append(runner.get_loop())
            return runner.run(coroutine)


async def returns_none() -> None:
    g.bird = "wren"


async def view() -> str:
    return f"{g.bird} at {request.path} {asyncio.get_running_loop().__hash__()}"


async def fail() -> str:
    raise KeyError("wren")


def test_a_plugin_replaces_the_built_in() -> None:
    """A plugin runs the coroutines itself, those that return `None` too; `request` and `g` work in them."""
    plugin = OwnLoop()
    app = Cocopot("birds", autoload=False, plugins=[plugin])
    app.before_request(returns_none)
    app.add_url_rule("/", "view", view)
    assert app.test_client().get("/").text == f"wren at / {hash(plugin.loops[1])}"
    assert len(plugin.loops) == 2


def test_an_exception_is_not_the_plugins() -> None:
    """An exception of a view does not pass the implementation, so that no plugin is blamed for it."""
    app = Cocopot("birds", autoload=False, plugins=[OwnLoop()])
    app.testing = True
    app.add_url_rule("/", "fail", fail)
    with pytest.raises(KeyError) as caught:
        app.test_client().get("/")
    assert not getattr(caught.value, "__notes__", [])


def test_another_value_is_an_error() -> None:
    """A plugin that returns something other than what the coroutine returns is named."""

    class Wrong:
        @hookimpl
        def cocopot_run_coroutine(self) -> str:
            return "wren"

    app = Cocopot("birds", autoload=False, plugins=[Wrong()])
    app.testing = True
    app.add_url_rule("/", "fail", fail)
    with pytest.raises(ResultError, match=r"Wrong.*cocopot_run_coroutine"):
        app.test_client().get("/")
