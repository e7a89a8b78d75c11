from cocopot import Cocopot, hookimpl


class Shop:
    @hookimpl
    def cocopot_config_defaults(self):
        return {"SHOP_CURRENCY": "EUR"}


app = Cocopot("shop", autoload=False, plugins=[Shop])
assert app.config["SHOP_CURRENCY"] == "EUR"
