from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from cocopot import Cocopot, PluginError, hookimpl, hookspec
from cocopot.hooks import specs
from cocopot.testing import installed_plugin

SHOP = """
    from cocopot import hookimpl, hookspec

    class Specs:
        @hookspec(since="1.0", deprecated="1.2", removed="2.0", instead="Use shop_sold.")
        def shop_price(self): ...

    @hookimpl
    def cocopot_addhooks(pluginmanager):
        pluginmanager.add_hookspecs(Specs)
"""
SALE = """
    from cocopot import hookimpl

    @hookimpl
    def shop_price(): ...
"""


def test_every_hook_of_the_contract_has_its_version() -> None:
    """`since` is the release that added it."""
    assert {vars(hook)["cocopot_spec"]["since"] for hook in specs.CONTRACT} == {"1.0"}


def test_a_deprecated_hook_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """It names the plugin, both versions and the cure, at the place of the implementation; the hook works."""
    with (
        installed_plugin("shop", SHOP, version="1.3"),
        installed_plugin("sale", SALE),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        app = Cocopot(__name__, autoload={"shop", "sale"})
        assert len(app.plugins.call_order("shop_price")) == 1
    text = (
        "Plugin 'sale' (cocopot-sale 1.0.0, cocopot_sale) implements 'shop_price', which cocopot_shop 1.2 "
        "has deprecated and cocopot_shop 2.0 removes. Use shop_sold."
    )
    (warning,) = caught
    assert str(warning.message) == text
    assert (warning.filename.rpartition("/")[2], warning.lineno) == ("cocopot_sale.py", 5)
    assert text in caplog.text


@pytest.mark.parametrize("version", ["2.0", "2.1", "3"])
def test_a_hook_that_was_removed_is_an_error(version: str) -> None:
    """The specification may stay for the error's sake."""
    with (
        installed_plugin("shop", SHOP, version=version),
        installed_plugin("sale", SALE),
        pytest.raises(PluginError) as caught,
    ):
        Cocopot(__name__, autoload={"shop", "sale"})
    assert f"removes. Use shop_sold. The version is {version}." in str(caught.value)
    assert (caught.value.plugin, caught.value.hook, caught.value.reason) == ("sale", "shop_price", "version")


def test_a_plugin_without_a_version_is_warned_about() -> None:
    """What the application passes has none, so that the release is unknown."""

    class Shop:
        @hookspec(deprecated="1.2", removed="1.3")
        def shop_price(self) -> None: ...

        @hookimpl
        def cocopot_addhooks(self, pluginmanager: Any) -> None:
            pluginmanager.add_hookspecs(Shop)

    class Sale:
        @hookimpl
        def shop_price(self) -> None: ...

    with pytest.warns(DeprecationWarning, match="implements 'shop_price', which tests 1.2 has deprecated"):
        Cocopot(__name__, autoload=False, plugins=[Shop, Sale])


def test_a_hook_that_is_not_deprecated_is_no_warning() -> None:
    """`since` alone is documentation."""
    sale = SimpleNamespace(plugin_name="sale", cocopot_startup=hookimpl(lambda: None), requires=("x",))
    del sale.requires
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Cocopot(__name__, autoload=False, plugins=[sale])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": "one"}, "since is 'one'; it is a version, such as '1.2'"),
        ({"deprecated": "1.2"}, "deprecated and removed belong together"),
        ({"removed": "1.2"}, "deprecated and removed belong together"),
        ({"deprecated": "1.10", "removed": "1.9"}, "removed is '1.9', and must be later than deprecated"),
        ({"since": "2", "deprecated": "1.5", "removed": "3"}, "deprecated is '1.5', and must be later"),
        ({"deprecated": "1.5", "removed": "2.x"}, "removed is '2.x'; it is a version"),
        ({"since": 1.10}, "since is 1.1; it is a version"),
    ],
)
def test_wrong_versions_are_refused(options: dict[str, Any], message: str) -> None:
    """The mistake is reported where the hook is specified."""
    with pytest.raises(ValueError, match=message):
        hookspec(**options)


def test_a_plugin_may_contain_its_own_specifications() -> None:
    """A function that is marked as a specification is not one that lacks the mark of an implementation."""
    source = """
        import sys
        from cocopot import hookimpl, hookspec

        @hookspec
        def shop_price(item): ...

        @hookimpl
        def cocopot_addhooks(pluginmanager):
            pluginmanager.add_hookspecs(sys.modules[__name__])
    """
    with installed_plugin("shop", source):
        app = Cocopot(__name__, autoload={"shop"})
    assert "shop_price" in app.plugins.specified_hooks()
