from cocopot import Cocopot, hookimpl, hookspec


class ShopHooks:
    @hookspec(firstresult=True, order="in")
    def shop_price(self, item):
        """Return the price of an item."""


class Shop:
    plugin_name = "shop"

    @hookimpl
    def cocopot_addhooks(self, pluginmanager):
        pluginmanager.add_hookspecs(ShopHooks)


class Sale:
    requires = ("shop",)

    @hookimpl
    def shop_price(self, item):
        return 1


app = Cocopot("shop", autoload=False, plugins=[Shop, Sale])
assert app.plugins.hook.shop_price(item="apple") == 1
