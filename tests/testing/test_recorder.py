from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, hookimpl
from cocopot.testing import Recorder, make_app, recorder

if TYPE_CHECKING:
    from collections.abc import Generator

HOOKS = ["cocopot_startup", "cocopot_before_request", "cocopot_dispatch_request", "cocopot_make_response"]


class Around:
    """A plugin with a wrapper around the implementations of others."""

    plugin_name = "around"

    @hookimpl(wrapper=True)
    def cocopot_before_request(self) -> Generator[None, Any, Any]:
        return (yield)


class Plain:
    """A plugin that is wrapped."""

    plugin_name = "plain"

    @hookimpl
    def cocopot_startup(self) -> None: ...

    @hookimpl
    def cocopot_before_request(self) -> None: ...


@pytest.fixture
def shop() -> Cocopot:
    app = make_app(Plain(), Around(), import_name="shop")
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/broken", "broken", lambda: str(1 // 0))
    return app


def test_calls(shop: Cocopot) -> None:
    """Hooks and plugins are recorded in the order in which they are called, a wrapper before the wrapped."""
    with recorder(shop) as recorded:
        shop.test_client().get("/")
    assert recorded.hooks == HOOKS
    assert recorded.of("cocopot_before_request") == ["around", "plain"]
    assert recorded.of("cocopot_after_request") == []
    assert [call.plugin for call in recorded.calls] == [
        "plain",
        "around",
        "plain",
        "builtin.dispatch",
        "builtin.responses",
    ]
    assert recorded.calls[3].result == "index"


def test_only_inside(shop: Cocopot) -> None:
    """What is called before and after the block is not recorded, also if it ends with an exception."""
    shop.test_client().get("/")
    with pytest.raises(ZeroDivisionError), recorder(shop) as recorded:
        shop.test_client().get("/broken")
    shop.test_client().get("/")
    assert recorded.hooks == [
        "cocopot_before_request",
        "cocopot_dispatch_request",
        "cocopot_handle_exception",
    ]
    assert isinstance(recorded.calls[2].exception, ZeroDivisionError)


def test_clear_and_nesting(shop: Cocopot) -> None:
    """Recorders do not disturb each other, and forget on demand."""
    with recorder(shop) as outer:
        shop.test_client().get("/")
        with recorder(shop) as inner:
            shop.test_client().get("/")
        assert (inner.hooks, len(outer.calls)) == (HOOKS[1:], 9)
        outer.clear()
        assert (outer.calls, len(inner.calls)) == ([], 4)


def test_format(shop: Cocopot) -> None:
    """The table has a line for each call, with milliseconds and result or exception, in columns."""
    with recorder(shop) as recorded, pytest.raises(ZeroDivisionError):
        shop.test_client().get("/broken")
    heading, *lines = str(recorded).splitlines()
    assert heading.split() == ["hook", "plugin", "ms", "result"]
    columns = [re.split(r" {2,}", line.strip()) for line in lines]
    assert [(number, hook, plugin) for number, hook, plugin, _, _ in columns] == [
        ("1", "cocopot_startup", "plain"),
        ("2", "cocopot_before_request", "around"),
        ("3", "cocopot_before_request", "plain"),
        ("4", "cocopot_dispatch_request", "builtin.dispatch"),
        ("5", "cocopot_handle_exception", "builtin.errors"),
    ]
    assert all(re.fullmatch(r"\d+\.\d{3}", ms) for _, _, _, ms, _ in columns)
    assert columns[0][-1] == "None"
    assert columns[3][-1].startswith("raised ZeroDivisionError('")
    assert len({line.index(column[1]) for line, column in zip(lines, columns, strict=True)}) == 1


def test_repr(shop: Cocopot) -> None:
    """Its representation has one line: the number of calls, and the hooks."""
    with recorder(shop) as recorded:
        assert repr(recorded) == "<Recorder: 0 calls of no hook>"
        assert str(recorded).split() == ["hook", "plugin", "ms", "result"]
        shop.test_client().get("/")
    assert isinstance(recorded, Recorder)
    assert repr(recorded) == f"<Recorder: 5 calls of {', '.join(HOOKS)}>"
