from cocopot import Cocopot, hookimpl


class Health:
    @hookimpl
    def cocopot_setup(self, app):
        app.add_url_rule("/health", "health", lambda: "ok")


app = Cocopot("shop", autoload=False, plugins=[Health])
assert app.test_client().get("/health").text == "ok"
