"""Hooks that plugins specify: they have the kinds and orders of Cocopot's own, and are reported like them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from cocopot.cli.plugin_reports import report_hooks
from cocopot.cli.plugins_text import hook_lines
from cocopot.exceptions import blame_of
from tests.hooks.drivers import plugin, recorder
from tests.hooks.support import app_with

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class ShopHooks:
    """What the plugin `shop` specifies: a hook of each kind, in orders of both directions."""

    @hookspec(order="in")
    def shop_opened(self, app: Cocopot) -> None:
        """Act when the shop opens."""

    @hookspec(firstresult=True, order="out", result_type="builtins:int")
    def shop_discount(self, app: Cocopot, item: str) -> int | None:
        """Return the discount of an item."""

    @hookspec(threaded="price", order="out", result_type="builtins:int")
    def shop_price(self, app: Cocopot, item: str, price: int) -> int | None:
        """Change the price of an item."""

    @hookspec(threaded="price", order="in")
    def shop_tax(self, price: int) -> int | None:
        """Add a tax to a price."""

    @hookspec(every=True, order="out")
    def shop_closed(self, app: Cocopot) -> None:
        """Act when the shop closes."""

    @hookspec(every=True, order="in")
    def shop_counted(self) -> None:
        """Count what is left."""


class Shop:
    """A plugin that specifies hooks."""

    @hookimpl
    def cocopot_addhooks(self, pluginmanager: Any) -> None:
        pluginmanager.add_hookspecs(ShopHooks)


class WrongHooks:
    """Specifications whose result type does not exist."""

    @hookspec(firstresult=True, result_type="cocopot_nowhere:Price")
    def shop_wrong(self) -> None:
        """Return a price."""


@pytest.mark.parametrize(
    ("namespaces", "problem"),
    [
        (
            [ShopHooks, ShopHooks],
            "ShopHooks specifies hooks that exist already: 'shop_closed' of tests.",
        ),
        ([Shop], "Shop specifies no hook. Mark each function that specifies one with @hookspec."),
        (
            [WrongHooks],
            "'shop_wrong' has the result_type 'cocopot_nowhere:Price', which cannot be imported: ",
        ),
    ],
)
def test_specifications_that_cannot_be_added(namespaces: list[type], problem: str) -> None:
    """The error names the plugin, where the hook comes from, and the cure; none of the hooks is added."""

    def add(pluginmanager: Any) -> None:
        for namespace in namespaces:
            pluginmanager.add_hookspecs(namespace)

    with pytest.raises(ValueError, match=re.escape(problem)) as caught:
        app_with(market=plugin("market", "cocopot_addhooks", add))
    assert caught.value.__notes__ == ["Raised by plugin 'market' in hook cocopot_addhooks."]


#: For each hook its kind, its order, and arguments for a call by name.
HOOKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "shop_opened": ("all", "in", {"app": None}),
    "shop_discount": ("first", "out", {"app": None, "item": "apple"}),
    "shop_price": ("threaded", "out", {"app": None, "item": "apple", "price": 3}),
    "shop_tax": ("threaded", "in", {"price": 3}),
    "shop_closed": ("every", "out", {"app": None}),
    "shop_counted": ("every", "in", {}),
}
EVERY = [hook for hook, (kind, *_) in HOOKS.items() if kind == "every"]


def by_name(app: Cocopot, hook: str) -> Any:
    """Call a hook as the plugin that specifies it does."""
    return getattr(app.plugins.hook, hook)(**HOOKS[hook][2])


def compiled(app: Cocopot, hook: str) -> Any:
    """Call a hook through the function that is compiled from its implementations."""
    call = app.plugins.compile(hook)
    assert call is not None
    return call(*HOOKS[hook][2].values())


ways = pytest.mark.parametrize("call", [by_name, compiled])


@ways
@pytest.mark.parametrize("hook", HOOKS)
def test_order(hook: str, call: Callable[[Cocopot, str], Any]) -> None:
    """Plugins run in load order or in reverse, within `tryfirst` and `trylast`, and wrappers around them."""
    calls: list[str] = []

    def wrapper() -> Generator[None, Any, Any]:
        calls.append("in")
        result = yield
        calls.append("out")
        return result

    app = app_with(
        shop=Shop(),
        last=recorder(calls, "last", hook, trylast=True),
        b=recorder(calls, "b", hook),
        c=recorder(calls, "c", hook),
        first=recorder(calls, "first", hook, tryfirst=True),
        wrapper=plugin("wrapper", hook, wrapper, wrapper=True),
    )
    kind, order, _ = HOOKS[hook]
    call(app, hook)
    assert app.plugins.kind(hook) == kind
    assert calls == ["in", "first", *(["b", "c"] if order == "in" else ["c", "b"]), "last", "out"]


@ways
def test_a_threaded_argument(call: Callable[[Cocopot, str], Any]) -> None:
    """Each implementation gets what the one before returned, and the last one's is the result."""
    app = app_with(
        shop=Shop(),
        half=plugin("half", "shop_price", lambda price: price // 2),
        same=plugin("same", "shop_price", lambda: None),
        double=plugin("double", "shop_price", lambda price: price * 2 + 1),
    )
    assert call(app, "shop_price") == 3


@ways
@pytest.mark.parametrize("hook", EVERY)
def test_every_one_runs(hook: str, call: Callable[[Cocopot, str], Any]) -> None:
    """An exception stops no other implementation; all are raised together, each with its plugin."""
    calls: list[str] = []
    app = app_with(
        shop=Shop(),
        a=recorder(calls, "a", hook),
        bad=plugin("bad", hook, lambda: int("a")),
        worse=plugin("worse", hook, lambda: 1 / 0),
        b=recorder(calls, "b", hook),
    )
    with pytest.raises(ExceptionGroup, match=f"2 of 4 implementations of {hook} raised") as caught:
        call(app, hook)
    assert sorted(calls) == ["a", "b"]
    names = [blame_of(error)[0].plugin for error in caught.value.exceptions]
    assert sorted(names) == ["bad", "worse"]


@ways
@pytest.mark.parametrize("hook", ["shop_discount", "shop_price"])
def test_a_wrong_result(hook: str, call: Callable[[Cocopot, str], Any]) -> None:
    """A result that is not of the hook's type is an error that names the plugin and the cure."""
    app = app_with(shop=Shop(), wrong=plugin("wrong", hook, lambda: "text"))
    with pytest.raises(
        TypeError, match=f"Plugin 'wrong' returned a 'str' from {hook}; return a int, or None"
    ):
        call(app, hook)


@pytest.mark.parametrize(
    ("function", "text"),
    [(lambda cost: cost, "has no argument 'cost'"), (lambda *args: 3, "is implemented with *args")],
)
def test_a_misfit(function: Callable[..., object], text: str) -> None:
    """An implementation that could not be called is rejected when it is registered."""
    app = app_with(shop=Shop())
    with pytest.raises(PluginError, match="shop_price") as caught:
        app.plugins.register(plugin("misfit", "shop_price", function), "misfit")
    assert text in caught.value.problem


def test_observers_see_it() -> None:
    """An observer is notified of the implementations of a plugin's hook."""
    seen: list[tuple[str, str]] = []
    app = app_with(shop=Shop(), a=plugin("a", "shop_price", lambda price: price))
    app.plugins.observe(lambda record: seen.append((record.hook, record.plugin)))
    by_name(app, "shop_price")
    assert seen == [("shop_price", "a")]


def test_they_are_reported_like_the_others() -> None:
    """`cocopot plugins` has them after Cocopot's own, with kind, order, place and implementations."""
    app = app_with(shop=Shop(), a=plugin("a", "shop_price", lambda price: price))
    reports = report_hooks(app.plugins)
    found = {report.name: report for report in reports if report.name in HOOKS}
    assert list(found) == list(HOOKS) == [report.name for report in reports[-len(HOOKS) :]]
    assert {name: (report.kind, report.order) for name, report in found.items()} == {
        name: (kind, order) for name, (kind, order, _) in HOOKS.items()
    }
    price = found["shop_price"]
    assert (price.threaded, price.specified_in) == ("price", f"{__name__}.ShopHooks")
    assert [implementation.name for implementation in price.implementations] == ["a"]
    lines = list(hook_lines([price, found["shop_closed"]]))
    assert lines[1].startswith(
        "  Each gets the price that the one before returned. Order: the application, then"
    )
    assert "  Every one runs, even if others raise. Order: the application, then" in "\n".join(lines)
